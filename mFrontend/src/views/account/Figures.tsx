/** The few figures of the account that are read first. */
import { Age } from "@/parts/Age";
import { MarginMeter } from "@/parts/MarginMeter";
import { Num } from "@/parts/Number";
import { Figure } from "@/parts/Panel";
import type { Figures as Held } from "@/stream/messages";
import type { Verdict } from "@/stream/verdict";

const MONEY = { digits: 2 };
const TIMES = { digits: 2 };

interface FiguresProps {
  readonly figures: Held | null;
  readonly verdict: Verdict;
}

export function Figures({ figures, verdict }: FiguresProps) {
  const settle = figures?.settle ?? "";
  const small = (value: string | null | undefined) => (
    <Num value={value} look={MONEY} verdict={verdict} mark={false} />
  );
  return (
    <section aria-label="Figures" className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
      <Figure
        name={settle ? `Equity, ${settle}` : "Equity"}
        note={<>wallet {small(figures?.wallet_balance)}</>}
      >
        <Num value={figures?.equity} look={MONEY} verdict={verdict} flash />
      </Figure>
      <Figure
        name="Unrealised PnL"
        note={
          <>
            as of <Age verdict={verdict} />
          </>
        }
      >
        <Num value={figures?.unrealized_pnl} look={MONEY} trend verdict={verdict} flash />
      </Figure>
      <div className="panel flex min-w-0 flex-col px-3 py-2">
        <span className="text-sm text-soft">Margin ratio</span>
        <span className="text-xl font-semibold">
          <MarginMeter ratio={figures?.margin_ratio} verdict={verdict} lines />
        </span>
      </div>
      <Figure name="Free" note={<>withdrawable {small(figures?.withdrawable)}</>}>
        <Num value={figures?.free} look={MONEY} verdict={verdict} />
      </Figure>
      <Figure name="Margin used" note="positions and orders">
        <Num value={figures?.margin_used} look={MONEY} verdict={verdict} />
      </Figure>
      <Figure name="Leverage" note={<>exposure {small(figures?.exposure)}</>}>
        <Num
          value={figures?.leverage}
          look={TIMES}
          unit={figures?.leverage ? "×" : ""}
          verdict={verdict}
        />
      </Figure>
    </section>
  );
}
