/** The way of a datum as bars on one axis, each leg beginning where the one before ends. */
import { count, milliseconds } from "@/format/quantity";
import { type Bar, type Quantile, type Step, quantileOf, waterfall } from "./legs";

interface WaterfallProps {
  readonly steps: readonly Step[];
  /** Measured as well, but no part of the way. */
  readonly beside: Step;
  readonly quantile: Quantile;
  readonly stale: boolean;
}

const GRID =
  "grid grid-cols-[repeat(5,minmax(0,1fr))] items-center gap-x-3 lg:grid-cols-[15rem_minmax(8rem,1fr)_repeat(5,4.6rem)] xl:grid-cols-[25rem_minmax(8rem,1fr)_repeat(5,4.6rem)]";
const COLUMNS = ["p50", "p90", "p99", "max", "count"] as const;

const HINTS: Readonly<Record<(typeof COLUMNS)[number], string>> = {
  p50: "Half of all took no longer; of several actors, the middle one's",
  p90: "Nine of ten took no longer; of several actors, the slowest one's",
  p99: "99 of 100 took no longer; of several actors, the slowest one's",
  max: "The longest one",
  count: "How many were measured",
};

export function Waterfall({ steps, beside, quantile, stale }: WaterfallProps) {
  const { bars, totalMs } = waterfall(steps, quantile);
  return (
    <div role="table" aria-label="Legs of the way of a datum" className="px-3 pb-2">
      <div role="row" className={`${GRID} border-b border-line py-1 text-sm text-soft`}>
        <span role="columnheader" className="max-lg:hidden">
          leg
        </span>
        <span role="columnheader" className="max-lg:hidden">
          {quantile} of each, one after the other
        </span>
        {COLUMNS.map((it) => (
          <span
            key={it}
            role="columnheader"
            title={HINTS[it]}
            className={`text-right ${it === quantile ? "font-semibold text-ink" : ""}`}
          >
            {it}
          </span>
        ))}
      </div>
      {bars.map((it) => (
        <Line key={it.leg.key} bar={it} totalMs={totalMs} quantile={quantile} stale={stale} />
      ))}
      <div role="row" className={`${GRID} border-t border-edge py-1.5`}>
        <span role="cell" className="col-span-5 lg:col-span-2">
          <b>sum of the {quantile}s</b>{" "}
          <span className="text-sm text-soft">
            {quantile === "p50"
              ? "about what an ordinary datum takes"
              : "more than the way as a whole: not every leg is slow at once"}
          </span>
        </span>
        {COLUMNS.map((it) => (
          <span
            key={it}
            role="cell"
            className={`text-right font-semibold ${stale ? "stale" : ""}`}
          >
            {it === quantile ? milliseconds(totalMs) : ""}
          </span>
        ))}
      </div>
      <Line
        bar={{ ...beside, fromMs: 0, lengthMs: null }}
        totalMs={0}
        quantile={quantile}
        stale={stale}
        aside
      />
    </div>
  );
}

interface LineProps {
  readonly bar: Bar;
  readonly totalMs: number;
  readonly quantile: Quantile;
  readonly stale: boolean;
  readonly aside?: boolean;
}

function Line({ bar, totalMs, quantile, stale, aside }: LineProps) {
  const { leg, figures } = bar;
  return (
    <div role="row" className={`${GRID} border-t border-line py-1.5 ${aside ? "text-soft" : ""}`}>
      <span
        role="cell"
        className="col-span-5 grid lg:col-span-1"
        title={`Long: ${leg.high}.`}
      >
        <span className="font-semibold">{leg.name}</span>
        <span className="text-xs text-soft">{leg.says}</span>
      </span>
      <span role="cell" className="col-span-5 py-0.5 lg:col-span-1">
        {figures.count === 0 ? (
          <span className="text-sm text-faint">no data yet: {leg.none}</span>
        ) : aside ? null : (
          <Track bar={bar} totalMs={totalMs} />
        )}
      </span>
      {COLUMNS.map((it) => (
        <span
          key={it}
          role="cell"
          className={`text-right whitespace-nowrap ${stale ? "stale" : ""} ${it === quantile ? "font-semibold" : ""}`}
        >
          {figures.count === 0 ? (
            <span className="text-faint">–</span>
          ) : it === "count" ? (
            <span className="text-soft">{count(figures.count)}</span>
          ) : (
            <Took ms={it === "max" ? figures.max_ms : quantileOf(figures, it)} />
          )}
        </span>
      ))}
    </div>
  );
}

/** Below 0 it is no duration, but how far two clocks disagree. */
export const Took = ({ ms }: { readonly ms: number | null }) =>
  ms !== null && ms < 0 ? (
    <span className="text-warn" title="below 0: two clocks disagree by that much">
      −{milliseconds(-ms)}
    </span>
  ) : (
    <>{milliseconds(ms)}</>
  );

function Track({ bar, totalMs }: { readonly bar: Bar; readonly totalMs: number }) {
  const whole = totalMs || 1;
  const left = (100 * bar.fromMs) / whole;
  const width = (100 * (bar.lengthMs ?? 0)) / whole;
  return (
    <span aria-hidden="true" className="relative block h-3.5 rounded-sm bg-raised">
      <i
        className="absolute inset-y-0 min-w-0.5 rounded-sm bg-accent"
        // What is short must still be seen, also at the right edge.
        style={{ left: `min(${left}%, calc(100% - 2px))`, width: `${width}%` }}
      />
    </span>
  );
}
