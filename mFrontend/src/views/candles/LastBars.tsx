/** The newest bars as words and as a table: the text equal of the chart. */
import { useState } from "react";
import { Num } from "@/parts/Number";
import type { Verdict } from "@/stream/verdict";
import { StartTime } from "./Legend";
import type { Bar } from "./series";
import type { Timeframe } from "./timeframes";
import { PERCENT, change, digitsOf, sentence } from "./words";

interface LastBarsProps {
  readonly name: string;
  readonly bars: readonly Bar[];
  readonly tick: string;
  readonly timeframe: Timeframe;
  readonly verdict: Verdict;
}

const SHOWN_MAX = 20;

export function LastBars(props: LastBarsProps) {
  const { bars, name, tick, timeframe } = props;
  const [open, setOpen] = useState(false);
  const last = bars.at(-1);
  return (
    <details
      className="border-t border-line text-sm"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary className="cursor-pointer px-3 py-1.5 text-soft hover:text-ink">
        Last {SHOWN_MAX} bars<span className="visually-hidden"> of {name}</span>
      </summary>
      {open && last && (
        <>
          <p className="px-3 pb-1">{sentence(last, bars.at(-2), tick, timeframe)}</p>
          <Rows {...props} />
        </>
      )}
    </details>
  );
}

const HEADS = ["Begins", "Open", "High", "Low", "Close", "Change, %", "Volume"] as const;

function Rows({ name, bars, tick, timeframe, verdict }: LastBarsProps) {
  const from = Math.max(0, bars.length - SHOWN_MAX);
  const shown = bars.slice(from).map((bar, at) => ({ bar, before: bars[from + at - 1] }));
  return (
    <div
      className="max-h-72 overflow-auto"
      tabIndex={0}
      role="region"
      aria-label={`Last bars of ${name}`}
    >
      <table className="w-full">
        <thead className="sticky top-0 bg-surface">
          <tr>
            {HEADS.map((it, at) => (
              <th
                key={it}
                scope="col"
                className={`px-3 py-1 font-normal text-soft ${at ? "text-right" : "text-left"}`}
              >
                {it}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.toReversed().map(({ bar, before }) => (
            <Row
              key={bar.start_us}
              bar={bar}
              before={before}
              tick={tick}
              timeframe={timeframe}
              verdict={bar.closed ? undefined : verdict}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly bar: Bar;
  readonly before: Bar | undefined;
  readonly tick: string;
  readonly timeframe: Timeframe;
  readonly verdict: Verdict | undefined;
}

function Row({ bar, before, tick, timeframe, verdict }: RowProps) {
  const look = { digits: digitsOf(tick, bar) };
  return (
    <tr className="border-t border-line [&>td]:px-3 [&>td]:text-right">
      <th scope="row" className="px-3 text-left font-normal whitespace-nowrap">
        <StartTime startUs={bar.start_us} timeframe={timeframe} />
        {!bar.closed && <span className="text-faint"> open</span>}
      </th>
      {[bar.open, bar.high, bar.low, bar.close].map((price, at) => (
        <td key={at}>
          <Num value={price} look={look} verdict={verdict} mark={at === 3} />
        </td>
      ))}
      <td>
        <Num
          value={change(before?.close, bar.close)?.percent}
          look={PERCENT}
          trend
          verdict={verdict}
          mark={false}
        />
      </td>
      <td>
        <Num value={bar.volume} verdict={verdict} mark={false} />
      </td>
    </tr>
  );
}
