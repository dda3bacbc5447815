/** The drawing of a chart over time; a chunk of its own, loaded with the first chart. */
import { memo, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import {
  type Series,
  colourOf,
  curve,
  dashOf,
  scaleOf,
  timeLabels,
  valueLabels,
} from "./TimeSeriesData";

export interface PlotProps {
  readonly atUs: readonly number[];
  readonly series: readonly Series[];
  readonly height: number;
  readonly fromUs?: number | undefined;
  readonly toUs?: number | undefined;
  /** The moment under the cursor; null for none. */
  readonly cursor: number | null;
  readonly onCursor: (at: number | null) => void;
}

const FONT = "11px system-ui, sans-serif";
/** Where there is one moment alone, it stands in the middle of so many seconds. */
const ALONE_S = 60;
const POINTS_SHOWN_MAX = 60;

/** Colours of the theme as it is now: a canvas knows no variables. */
const token = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function axisOf(side: "left" | "right", scale: string, grid: boolean): uPlot.Axis {
  return {
    scale,
    side: side === "left" ? 3 : 1,
    stroke: () => token("soft"),
    font: FONT,
    grid: { show: grid, stroke: () => token("line"), width: 1 },
    ticks: { show: false },
    gap: 6,
    values: (_, splits, __, ___, step) => valueLabels(splits, step),
    // As wide as its longest label.
    size: (_, values) => 16 + 6.5 * Math.max(3, ...(values ?? []).map((it) => it.length)),
  };
}

function optionsOf(props: PlotProps, width: number, within: () => PlotProps): uPlot.Options {
  const { series, height } = props;
  const right = series.some((it) => it.axis === "right");
  const left = series.some((it) => it.axis !== "right");
  return {
    width,
    height,
    padding: [8, right ? 0 : 12, 0, left ? 0 : 12],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: {
        range: (_, low, high) => {
          const { fromUs, toUs } = within();
          const from = fromUs === undefined ? low : fromUs / 1e6;
          const to = toUs === undefined ? high : toUs / 1e6;
          if (from === null || to === null) return [from, to];
          return from < to ? [from, to] : [from - ALONE_S / 2, to + ALONE_S / 2];
        },
      },
      left: { range: (_, low, high) => scaleOf(low, high) },
      right: { range: (_, low, high) => scaleOf(low, high) },
    },
    axes: [
      {
        stroke: () => token("soft"),
        font: FONT,
        grid: { show: false },
        ticks: { stroke: () => token("line"), size: 4, width: 1 },
        gap: 4,
        size: 26,
        values: (_, splits, __, ___, step) => timeLabels(splits, step),
      },
      ...(left ? [axisOf("left", "left", true)] : []),
      ...(right ? [axisOf("right", "right", !left)] : []),
    ],
    series: [
      {},
      ...series.map((it, at): uPlot.Series => ({
        label: it.name,
        scale: it.axis ?? "left",
        stroke: () => token(colourOf(it, at)),
        width: 1.5,
        dash: [...dashOf(at)],
        // A point between two gaps has no line to be seen by.
        points: {
          show: (plot, _, from, to) => to - from <= POINTS_SHOWN_MAX && plot.width > 0,
          size: 4,
        },
      })),
    ],
  };
}

/** Names, sides, colours and height of a drawn chart cannot change: they belong into its `key`. */
const TimeSeriesPlot = memo(function TimeSeriesPlot(props: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const newest = useRef(props);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const now = newest.current;
    const drawn = new uPlot(
      optionsOf(now, element.clientWidth, () => newest.current),
      curve(now.atUs, now.series),
      element,
    );
    plot.current = drawn;
    // uPlot's own hook also tells what new data or a key did; here only the pointer is heard.
    drawn.over.addEventListener("pointermove", (event) =>
      newest.current.onCursor(drawn.posToIdx(event.offsetX)),
    );
    drawn.over.addEventListener("pointerleave", () => newest.current.onCursor(null));
    const sized = new ResizeObserver(() =>
      drawn.setSize({ width: element.clientWidth, height: now.height }),
    );
    sized.observe(element);
    const themed = new MutationObserver(() => drawn.redraw(false));
    themed.observe(document.documentElement, { attributeFilter: ["data-theme", "data-palette"] });
    return () => {
      sized.disconnect();
      themed.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, []);
  const { atUs, series, fromUs, toUs, cursor, onCursor } = props;
  useEffect(() => {
    newest.current = { ...newest.current, onCursor };
  }, [onCursor]);
  useEffect(() => {
    newest.current = { ...newest.current, fromUs, toUs };
    plot.current?.setData(curve(atUs, series));
  }, [atUs, series, fromUs, toUs]);
  useEffect(() => {
    const drawn = plot.current;
    if (!drawn || cursor === (drawn.cursor.idx ?? null)) return;
    const at = cursor === null ? undefined : atUs[cursor];
    if (at === undefined) drawn.setCursor({ left: -10, top: -10 }, false);
    else drawn.setCursor({ left: drawn.valToPos(at / 1e6, "x"), top: 0 }, false);
  }, [cursor, atUs]);
  return (
    <div
      ref={place}
      className="overflow-hidden [&_.u-cursor-x]:border-edge! [&_.u-cursor-x]:border-solid!"
    />
  );
});

export default TimeSeriesPlot;
