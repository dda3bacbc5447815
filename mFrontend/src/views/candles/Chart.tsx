/** The canvas of one chart: pointed at with mouse, finger or arrow keys. */
import { type KeyboardEvent, useCallback, useEffect, useState } from "react";
import { useKeys } from "@/app/keys";
import { useColours } from "./colours";
import { Drawing } from "./drawing";
import { type Bar, indexAt } from "./series";
import type { Timeframe } from "./timeframes";
import { sentence } from "./words";

interface ChartProps {
  readonly name: string;
  readonly bars: readonly Bar[];
  readonly timeframe: Timeframe;
  readonly tick: string;
  /** Keys that are pressed anywhere in the page are meant for this chart. */
  readonly active: boolean;
  /** The start of the bar that is pointed at. */
  readonly pointed: number | null;
  readonly onPoint: (startUs: number | null) => void;
}

const PAGE_BARS = 10;
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -PAGE_BARS,
  PageDown: PAGE_BARS,
};
const ZOOMS: Readonly<Record<string, 1 | -1>> = { "+": 1, "-": -1 };

export function Chart(props: ChartProps) {
  const { name, bars, timeframe, tick, active, pointed, onPoint } = props;
  const { place, drawing, atNewest } = useDrawing(props);
  const at = indexAt(bars, pointed);
  const bar = bars[at];
  const toNewest = (): void => {
    onPoint(null);
    drawing?.point(null);
    drawing?.toNewest();
  };
  const walk = (steps: number): void => {
    const to = (at < 0 ? bars.length : at) + steps;
    const next = bars[Math.min(bars.length - 1, Math.max(0, to))];
    if (!next) return;
    onPoint(next.start_us);
    drawing?.point(next);
  };
  const end = { keys: "End", says: "to the newest bar", group: "Candles", run: toNewest };
  useKeys(active ? [end] : NO_KEYS);
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps = STEPS[event.key];
    const zoom = ZOOMS[event.key];
    if (steps !== undefined) walk(steps);
    else if (zoom !== undefined) drawing?.zoom(zoom);
    else if (event.key === "Home") walk(-bars.length);
    else if (event.key === "Escape") toNewest();
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div
        role="slider"
        tabIndex={0}
        aria-label={`${name}: bars`}
        aria-orientation="horizontal"
        aria-valuemin={1}
        aria-valuemax={bars.length}
        aria-valuenow={bar ? at + 1 : bars.length}
        aria-valuetext={bar ? sentence(bar, bars[at - 1], tick, timeframe) : "at the newest bar"}
        aria-keyshortcuts="ArrowLeft ArrowRight Home End"
        // The canvases lie above an outline; the ring is drawn above them.
        className="absolute inset-0 focus-visible:after:pointer-events-none focus-visible:after:absolute focus-visible:after:inset-0 focus-visible:after:z-10 focus-visible:after:border-2 focus-visible:after:border-accent"
        onKeyDown={onKeyDown}
      >
        <div ref={place} aria-hidden="true" className="absolute inset-0" />
      </div>
      {!atNewest && (
        <button type="button" className="button absolute right-20 bottom-9 z-10" onClick={toNewest}>
          Go to realtime <span aria-hidden="true">⇥</span>
        </button>
      )}
    </>
  );
}

const NO_KEYS = [] as const;

/** Made where its place is; draws what is new, and everything when the colours change. */
function useDrawing({ bars, timeframe, tick, onPoint }: ChartProps) {
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const [atNewest, setAtNewest] = useState(true);
  const colours = useColours();
  const place = useCallback(
    (element: HTMLDivElement) => {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const made = new Drawing(element, { timeframe, tick, still });
      made.onPoint(onPoint);
      made.onScroll(setAtNewest);
      setDrawing(made);
      return () => {
        setDrawing(null);
        made.close();
      };
    },
    [timeframe, tick, onPoint],
  );
  useEffect(() => drawing?.recolour(colours), [drawing, colours]);
  useEffect(() => drawing?.draw(bars), [drawing, bars]);
  return { place, drawing, atNewest };
}
