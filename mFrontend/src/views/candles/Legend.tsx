/** The bar that is pointed at, or the newest, in exact numbers. */
import { memo } from "react";
import { Num } from "@/parts/Number";
import { utc } from "@/format/time";
import type { Verdict } from "@/stream/verdict";
import type { Bar } from "./series";
import type { Timeframe } from "./timeframes";
import { PERCENT, change, digitsOf, startText } from "./words";

export interface LegendProps {
  readonly bar: Bar | undefined;
  readonly before: Bar | undefined;
  readonly tick: string;
  readonly timeframe: Timeframe;
  /** Of the bar that is still open; a closed one is final. */
  readonly verdict: Verdict;
}

const PRICES = [
  ["open", "O"],
  ["high", "H"],
  ["low", "L"],
  ["close", "C"],
] as const;

/** What is open moves, and is only as good as its stream; what has closed stays true. */
const judged = (bar: Bar, verdict: Verdict): Verdict | undefined =>
  bar.closed ? undefined : verdict;

export const Legend = memo(function Legend({
  bar,
  before,
  tick,
  timeframe,
  verdict,
}: LegendProps) {
  if (!bar) return <div className="min-h-12 sm:min-h-7" />;
  const look = { digits: digitsOf(tick, bar) };
  const seen = judged(bar, verdict);
  return (
    <dl className="flex min-h-12 flex-wrap items-baseline gap-x-3 px-3 py-1 text-sm sm:min-h-7 [&_dt]:mr-1 [&_dt]:text-faint [&>div]:flex [&>div]:whitespace-nowrap">
      <div>
        <dt className="visually-hidden">begins</dt>
        <dd>
          <StartTime startUs={bar.start_us} timeframe={timeframe} />
        </dd>
      </div>
      {PRICES.map(([key, letter]) => (
        <div key={key}>
          <dt title={key}>
            <abbr className="no-underline" title={key}>
              {letter}
            </abbr>
          </dt>
          <dd>
            <Num value={bar[key]} look={look} verdict={seen} mark={key === "close"} />
          </dd>
        </div>
      ))}
      <div title="from the close of the bar before">
        <dt className="visually-hidden">change</dt>
        <dd>
          <Num
            value={change(before?.close, bar.close)?.percent}
            look={PERCENT}
            unit="%"
            trend
            verdict={seen}
            mark={false}
          />
        </dd>
      </div>
      <div>
        <dt>
          <abbr className="no-underline" title="volume, in base units">
            V
          </abbr>
        </dt>
        <dd>
          <Num value={bar.volume} verdict={seen} mark={false} />
        </dd>
      </div>
    </dl>
  );
});

/** UTC on hover. */
export const StartTime = ({
  startUs,
  timeframe,
}: {
  readonly startUs: number;
  readonly timeframe: Timeframe;
}) => (
  <time dateTime={utc(startUs)} title={utc(startUs)} className="whitespace-nowrap text-soft">
    {startText(startUs, timeframe)}
  </time>
);
