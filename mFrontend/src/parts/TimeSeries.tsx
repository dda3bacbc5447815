/** A chart over time: read by mouse, by arrow keys, and as text. */
import {
  type ComponentType,
  type KeyboardEvent,
  Suspense,
  lazy,
  useCallback,
  useState,
} from "react";
import { moment } from "@/format/time";
import {
  type Colour,
  type Series,
  colourOf,
  dashOf,
  moved,
  nearest,
  reading,
  readingsAt,
} from "./TimeSeriesData";
import type { PlotProps } from "./TimeSeriesPlot";
import { TimeSeriesText } from "./TimeSeriesText";

export type { Series } from "./TimeSeriesData";

interface TimeSeriesProps {
  readonly label: string;
  /** Oldest first. */
  readonly atUs: readonly number[];
  readonly series: readonly Series[];
  readonly height?: number;
  /** Where the axis begins and ends; otherwise where the moments do. */
  readonly fromUs?: number;
  readonly toUs?: number;
}

const NotLoaded = () => (
  <p className="p-6 text-center text-soft">
    The drawing could not be loaded; the figures stand below as text.
  </p>
);
const Plot = lazy<ComponentType<PlotProps>>(() =>
  import("./TimeSeriesPlot").catch(() => ({ default: NotLoaded })),
);

/** What a drawn chart cannot change. */
const shapeOf = (series: readonly Series[], height: number): string =>
  [height, ...series.map((it, at) => `${it.name} ${colourOf(it, at)} ${it.axis ?? "left"}`)].join();

export function TimeSeries({ label, atUs, series, height = 220, fromUs, toUs }: TimeSeriesProps) {
  // By moment, not by place: new points must not move what somebody looks at.
  const [heldUs, setHeldUs] = useState<number | null>(null);
  const [byKey, setByKey] = useState(false);
  const cursor = heldUs === null ? null : nearest(atUs, heldUs);
  const last = atUs.length - 1;
  const shown = cursor ?? last;
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = event.key === "Escape" ? null : moved(event.key, shown, atUs.length);
    if (to === null && event.key !== "Escape") return;
    event.preventDefault();
    setByKey(to !== null);
    setHeldUs(to === null ? null : (atUs[to] ?? null));
  };
  const onCursor = useCallback(
    (at: number | null): void => {
      setByKey(false);
      setHeldUs(at === null ? null : (atUs[at] ?? null));
    },
    [atUs],
  );
  return (
    <figure className="grid min-w-0 gap-1">
      <Legend atUs={atUs} series={series} at={shown} held={cursor !== null} />
      <div
        role="slider"
        tabIndex={0}
        aria-label={`${label}; arrow keys read the points`}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={Math.max(0, byKey ? shown : last)}
        // Spoken when it changes: by a key alone, never because something new arrived.
        aria-valuetext={
          byKey ? readingsAt(atUs, series, shown) : last < 0 ? "no points" : "at the newest point"
        }
        onKeyDown={onKeyDown}
        className="min-w-0"
        style={{ height }}
      >
        {last < 0 ? (
          <p className="grid h-full place-content-center text-soft">No points in this span</p>
        ) : (
          <Suspense fallback={<div className="h-full rounded bg-raised" />}>
            <Plot
              key={shapeOf(series, height)}
              atUs={atUs}
              series={series}
              height={height}
              fromUs={fromUs}
              toUs={toUs}
              cursor={cursor}
              onCursor={onCursor}
            />
          </Suspense>
        )}
      </div>
      <TimeSeriesText label={label} atUs={atUs} series={series} />
    </figure>
  );
}

interface LegendProps {
  readonly atUs: readonly number[];
  readonly series: readonly Series[];
  readonly at: number;
  readonly held: boolean;
}

/** What stands under the cursor, else at the newest point; exact, not as drawn. */
const Legend = ({ atUs, series, at, held }: LegendProps) => (
  <div className="flex min-h-6 flex-wrap items-baseline gap-x-4 px-1 text-sm" aria-hidden="true">
    {series.map((it, place) => (
      <span key={it.name} className="whitespace-nowrap">
        <Swatch colour={colourOf(it, place)} dash={dashOf(place)} />{" "}
        <span className="text-soft">{it.name}</span> {reading(it, at)}
      </span>
    ))}
    <span className="text-soft">
      {at < 0 ? "" : held ? moment(atUs[at]) : `newest, ${moment(atUs[at])}`}
    </span>
  </div>
);

const STROKE: Readonly<Record<Colour, string>> = {
  accent: "stroke-accent",
  up: "stroke-up",
  down: "stroke-down",
  warn: "stroke-warn",
};

const Swatch = ({
  colour,
  dash,
}: {
  readonly colour: Colour;
  readonly dash: readonly number[];
}) => (
  <svg viewBox="0 0 22 6" className={`inline-block h-1.5 w-5.5 align-middle ${STROKE[colour]}`}>
    <path d="M0 3H22" strokeWidth="2" strokeDasharray={dash.join(" ")} />
  </svg>
);
