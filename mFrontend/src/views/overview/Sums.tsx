/** The few sums that are read first, and whether all accounts are in them. */
import type { Schemas } from "@/api/client";
import { sign } from "@/format/decimal";
import { count } from "@/format/quantity";
import { Age } from "@/parts/Age";
import { Num, StaleMark } from "@/parts/Number";
import { Figure } from "@/parts/Panel";
import { useHeldTopic, useVerdict } from "@/stream/hooks";
import type { Child } from "@/stream/messages";
import type { Verdict } from "@/stream/verdict";

type Portfolio = Schemas["PortfolioAnswer"];

const MONEY = { digits: 2 };
interface SumsProps {
  readonly portfolio: Portfolio | undefined;
  readonly verdict: Verdict;
}

export function Sums({ portfolio, verdict }: SumsProps) {
  const usd = portfolio?.usd;
  const missing = portfolio ? portfolio.missing.length + portfolio.stale_accounts.length : 0;
  const whole = !portfolio
    ? ""
    : missing
      ? `${missing} of ${portfolio.accounts.length} missing or stale`
      : `all ${portfolio.accounts.length} accounts`;
  return (
    <section
      aria-label="Sums in USD"
      className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6"
    >
      <Figure name="Equity, USD" note={whole}>
        <Num value={usd?.equity} look={MONEY} verdict={verdict} />
      </Figure>
      <Figure
        name="Unrealised PnL"
        note={
          <>
            as of <Age verdict={verdict} />
          </>
        }
      >
        <Num value={usd?.unrealized_pnl} look={MONEY} trend verdict={verdict} />
      </Figure>
      <Figure
        name="Margin used"
        note={<Num value={usd?.margin_used} look={MONEY} verdict={verdict} mark={false} />}
      >
        <Num
          value={usd ? String(usd.margin_used_percent ?? "") : null}
          look={{ digits: 2 }}
          unit="%"
          verdict={verdict}
        />
      </Figure>
      <Figure name="Net exposure" note={<Direction value={usd?.net_notional} />}>
        <Num value={usd?.net_notional} look={{ ...MONEY, signed: true }} verdict={verdict} />
      </Figure>
      <Figure name="Gross exposure" note="longs and shorts added">
        <Num value={usd?.gross_notional} look={MONEY} verdict={verdict} />
      </Figure>
      <Processes />
    </section>
  );
}

const Direction = ({ value }: { readonly value: string | null | undefined }) =>
  value ? <>{{ "-1": "▼ short", "0": "flat", "1": "▲ long" }[`${sign(value)}`]}</> : null;

function Processes() {
  const topic = useHeldTopic("supervision");
  const { stale } = useVerdict(topic);
  const rows = topic.rows as unknown as readonly Child[];
  const ready = rows.filter((it) => it.state === "ready").length;
  const restarts = rows.reduce((total, it) => total + it.restarts, 0);
  const wrong = rows.length - ready;
  return (
    <Figure name="Processes ready" note={`${count(restarts)} ${restarts === 1 ? "restart" : "restarts"}`}>
      <span className={stale ? "stale" : wrong ? "text-bad" : ""}>
        {wrong > 0 && !stale && <span aria-hidden="true">▲ </span>}
        {rows.length ? `${ready} of ${rows.length}` : "–"}
        {stale && rows.length > 0 && <StaleMark />}
      </span>
    </Figure>
  );
}
