/** Profit, volume and cost per period, as the service counts them from stored fills. */
import { useQuery } from "@tanstack/react-query";
import { type Schemas, api, body } from "@/api/client";
import { eachMs, retryHistory } from "@/api/history";
import { percent } from "@/format/decimal";
import { count } from "@/format/quantity";
import { inZone, moment } from "@/format/time";
import { Time } from "@/parts/Age";
import { HistoryProblem } from "@/parts/HistoryProblem";
import { Num } from "@/parts/Number";
import { Panel } from "@/parts/Panel";
import { Empty, Loading, Stale } from "@/parts/States";
import { Anchor } from "./Section";

type Period = Schemas["Period"];

const REFRESH_MS = 30_000;
/** The service goes on counting with the next call. */
const COUNTING_MS = 2_000;
const MONEY = { digits: 2 };

interface Line {
  readonly title: string;
  /** Its name in `unknown`. */
  readonly key: string;
  readonly money?: (it: Period) => string | null;
  readonly other?: (it: Period) => string;
  readonly trend?: boolean;
  readonly hint?: string;
}

const LINES: readonly Line[] = [
  {
    title: "PnL",
    key: "pnl",
    money: (it) => it.pnl,
    trend: true,
    hint: "Realised, less fees, with funding where it is known",
  },
  { title: "Realised", key: "realized_pnl", money: (it) => it.realized_pnl, trend: true },
  { title: "Funding", key: "funding", money: (it) => it.funding, trend: true },
  { title: "Fees", key: "fees", money: (it) => it.fees, hint: "Above zero: paid" },
  { title: "Volume", key: "volume", money: (it) => it.volume },
  { title: "Fills", key: "trades", other: (it) => count(it.trades) },
  { title: "Won", key: "win_rate_percent", other: (it) => percent(it.win_rate_percent) },
  {
    title: "Equity change",
    key: "equity_change",
    money: (it) => it.equity_change,
    trend: true,
    hint: "With deposits and withdrawals in it",
  },
];

export function Statistics({ account }: { readonly account: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["stats", "periods", account],
    queryFn: ({ signal }) =>
      body(api.GET("/api/stats/periods", { params: { query: { account } }, signal })),
    refetchInterval: (query) =>
      eachMs(query.state.data?.accounts[0]?.counting ? COUNTING_MS : REFRESH_MS)(query),
    retry: retryHistory,
  });
  const found = data?.accounts[0];
  const title = found?.settle ? `Statistics, ${found.settle}` : "Statistics";
  return (
    <Anchor name="statistics">
      <Panel title={title} className="h-full">
        {error && !data ? (
          <HistoryProblem what="Statistics" error={error} retry={() => void refetch()} />
        ) : !data || (found?.counting && !found.periods.length) ? (
          <Loading what="statistics; a long history is counted in several steps" rows={8} />
        ) : !found?.periods.length ? (
          <Empty title="Nothing counted yet">{found?.reason}</Empty>
        ) : (
          <>
            {error && <Stale>Statistics cannot be read now; these are older.</Stale>}
            {found.counting && (
              <Stale>
                Newer sums are still being counted; these are of{" "}
                <Time us={found.periods[0]?.to_us} />.
              </Stale>
            )}
            <Counted periods={found.periods} />
          </>
        )}
      </Panel>
    </Anchor>
  );
}

function Counted({ periods }: { readonly periods: readonly Period[] }) {
  const partial = periods.filter((it) => !it.complete);
  return (
    <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Statistics by period">
      <table className="w-full text-right">
        <thead>
          <tr className="border-b border-line text-sm text-soft">
            <td />
            {periods.map((it) => (
              <th key={it.period} scope="col" className="px-2 py-1 font-normal">
                {it.period}
                {!it.complete && "*"}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {LINES.map((line) => (
            <tr key={line.title} className="border-b border-line last:border-0">
              <th
                scope="row"
                title={line.hint}
                className="px-3 py-1 text-left font-normal text-soft"
              >
                {line.title}
              </th>
              {periods.map((it) => (
                <td
                  key={it.period}
                  className="px-2 whitespace-nowrap"
                  title={inZone(it.unknown[line.key] ?? "") || undefined}
                >
                  {line.money ? (
                    <Num value={line.money(it)} look={MONEY} trend={line.trend ?? false} />
                  ) : (
                    line.other?.(it)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {partial.length > 0 && <Partial periods={partial} />}
    </div>
  );
}

/** What is not known, and why; the service's reasons. */
function Partial({ periods }: { readonly periods: readonly Period[] }) {
  const since = periods[0]?.since_us;
  const named = (text: string): string => text.replaceAll("_", " ");
  const reasons = new Map(periods.flatMap((it) => Object.entries(it.unknown)));
  return (
    <div className="border-t border-line px-3 py-2 text-sm text-soft">
      {since && <p>* history begins within the period, {moment(since)}; counted from then on.</p>}
      {reasons.size > 0 && (
        <details>
          <summary className="cursor-pointer">
            Not known: {[...reasons.keys()].map(named).join(", ")}
          </summary>
          <ul className="grid gap-1 py-1 pl-4">
            {[...reasons].map(([key, reason]) => (
              <li key={key}>
                {named(key)}: {inZone(reason)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
