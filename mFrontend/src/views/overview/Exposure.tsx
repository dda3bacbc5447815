/** Net exposure per asset over all venues, the largest first, as bars about zero. */
import type { Schemas } from "@/api/client";
import { approximate, compare, sign } from "@/format/decimal";
import { AsOf } from "@/parts/Age";
import { Num } from "@/parts/Number";
import { Panel } from "@/parts/Panel";
import { Empty, Loading } from "@/parts/States";
import type { Verdict } from "@/stream/verdict";

type Row = Schemas["PortfolioAnswer"]["exposures"][number];

const size = (text: string): string => text.replace("-", "");

interface ExposureProps {
  readonly portfolio: Schemas["PortfolioAnswer"] | undefined;
  readonly verdict: Verdict;
}

export function Exposure({ portfolio, verdict }: ExposureProps) {
  const rows = (portfolio?.exposures ?? []).toSorted((a, b) =>
    compare(size(b.net_notional_usd ?? ""), size(a.net_notional_usd ?? "")),
  );
  const most = Math.max(1, ...rows.map((it) => Math.abs(approximate(it.net_notional_usd))));
  return (
    <Panel title="Net exposure by asset" aside={portfolio && <AsOf verdict={verdict} />}>
      {!portfolio ? (
        <Loading what="exposure" />
      ) : rows.length === 0 ? (
        <Empty title="No open positions">
          What all accounts hold of an asset together is shown here.
        </Empty>
      ) : (
        <ul
          className="grid max-h-80 gap-1 overflow-auto p-3"
          tabIndex={0}
          aria-label="Net exposure by asset"
        >
          {rows.map((it) => (
            <Bar key={it.base} row={it} most={most} verdict={verdict} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

interface BarProps {
  readonly row: Row;
  readonly most: number;
  readonly verdict: Verdict;
}

function Bar({ row, most, verdict }: BarProps) {
  const share = (100 * Math.abs(approximate(row.net_notional_usd))) / most;
  const long = sign(row.net_quantity) >= 0;
  return (
    <li className="grid grid-cols-[4rem_1fr_8rem] items-center gap-2 sm:grid-cols-[4rem_1fr_9rem_9rem]">
      <span
        className="truncate font-semibold"
        title={`${row.positions} positions at ${row.venues.join(", ")}`}
      >
        {row.base}
      </span>
      <span className="grid grid-cols-2" aria-hidden="true">
        <span className="flex justify-end border-r border-edge">
          {!long && <i className={`h-3 rounded-l ${verdict.stale ? "bg-edge" : "bg-down"}`} style={{ width: `${share}%` }} />}
        </span>
        <span>
          {long && <i className={`block h-3 rounded-r ${verdict.stale ? "bg-edge" : "bg-up"}`} style={{ width: `${share}%` }} />}
        </span>
      </span>
      <span className="text-right">
        <Num
          value={row.net_notional_usd}
          look={{ digits: 2 }}
          trend
          unit="USD"
          verdict={verdict}
          mark={false}
        />
      </span>
      <span className="text-right text-soft max-sm:hidden">
        <Num
          value={row.net_quantity}
          look={{ digitsMax: 6, signed: true }}
          verdict={verdict}
          mark={false}
        />
      </span>
    </li>
  );
}
