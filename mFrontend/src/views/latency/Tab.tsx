/** What this tab measures by itself: how long changes take to it, and onto its screen. */
import { count, milliseconds } from "@/format/quantity";
import { Panel } from "@/parts/Panel";
import { clock } from "@/stream/clock";
import type { Bucket, Figures } from "@/stream/histogram";
import { transit } from "@/stream/transit";
import { LEGS, type Leg, WINDOW_MS, type Window } from "./legs";

export function Tab({ window, nowMs }: { readonly window: Window; readonly nowMs: number }) {
  const { toTab, toScreen } = transit;
  const windowMs = WINDOW_MS[window];
  return (
    <Panel title="This tab">
      <div className="grid gap-3 p-3">
        <Shape
          leg={LEGS.tab}
          buckets={toTab.buckets(windowMs, nowMs)}
          figures={toTab.figures(windowMs, nowMs)}
        />
        <Shape
          leg={LEGS.screen}
          buckets={toScreen.buckets(windowMs, nowMs)}
          figures={toScreen.figures(windowMs, nowMs)}
        />
        <p className="text-sm text-soft">
          {clockLine(clock.offsetMs, clock.errorMs)} Only changes are measured, not what is told
          whole, and only since this page was opened.
        </p>
      </div>
    </Panel>
  );
}

/** An error that large was never measured. */
const MEASURED_MS_MAX = 1e6;

export function clockLine(offsetMs: number, errorMs: number): string {
  if (errorMs > MEASURED_MS_MAX) return "The service's clock was not measured yet.";
  const way = offsetMs < 0 ? "behind" : "ahead of";
  return `The service's clock is ${milliseconds(Math.abs(offsetMs))} ${way} this browser's, ± ${milliseconds(errorMs)}.`;
}

interface ShapeProps {
  readonly leg: Leg;
  readonly buckets: readonly Bucket[];
  readonly figures: Figures;
}

const WIDTH = 100;
const HEIGHT = 30;

function Shape({ leg, buckets, figures }: ShapeProps) {
  const most = Math.max(1, ...buckets.map((it) => it.count));
  const step = WIDTH / Math.max(1, buckets.length);
  const path = buckets
    .map((it, at) => {
      const height = it.count ? Math.max(1, (it.count / most) * HEIGHT) : 0;
      return `M${(at * step).toFixed(2)} ${HEIGHT}v${(-height).toFixed(1)}h${(step * 0.85).toFixed(2)}v${height.toFixed(1)}z`;
    })
    .join("");
  const says = `${leg.name}: ${count(figures.count)} measured, half within ${milliseconds(figures.p50_ms)}, 99 of 100 within ${milliseconds(figures.p99_ms)}, the longest ${milliseconds(figures.max_ms)}`;
  return (
    <figure className="grid gap-0.5">
      <figcaption className="flex justify-between gap-2">
        <span className="font-semibold" title={leg.says}>
          {leg.name}
        </span>
        <span className="text-sm text-soft">{count(figures.count)} measured</span>
      </figcaption>
      {figures.count === 0 ? (
        <p className="min-h-16 text-sm text-faint">no data yet: {leg.none}</p>
      ) : (
        <>
          <svg
            role="img"
            aria-label={says}
            viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
            preserveAspectRatio="none"
            className="h-11 w-full rounded-sm bg-raised"
          >
            <path d={path} fill="var(--accent)" />
          </svg>
          <span aria-hidden="true" className="flex justify-between text-xs text-soft">
            <span>{milliseconds(figures.min_ms)}</span>
            <span>half within {milliseconds(figures.p50_ms)}</span>
            <span>{milliseconds(figures.max_ms)}</span>
          </span>
        </>
      )}
    </figure>
  );
}
