/** What a chart over time says, apart from how it is drawn: the curve, its ends, its labels. */
import { type Look, NOTHING, approximate, compare, decimal, parse } from "@/format/decimal";
import { moment } from "@/format/time";

export interface Series {
  readonly name: string;
  /** As many as there are moments; null is a gap. */
  readonly values: readonly (string | null)[];
  readonly unit?: string;
  readonly look?: Look;
  readonly colour?: Colour;
  /** Each side has a scale of its own. */
  readonly axis?: "left" | "right";
}

export type Colour = "accent" | "up" | "down" | "warn";
const COLOURS: readonly Colour[] = ["accent", "warn", "up", "down"];
/** Strokes and pauses: the cue beside colour. */
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3]];

export const colourOf = (series: Series, at: number): Colour =>
  series.colour ?? COLOURS[at % COLOURS.length] ?? "accent";
export const dashOf = (at: number): readonly number[] => DASHES[at % DASHES.length] ?? [];

export type Curve = [number[], ...(number | null)[][]];

/** Seconds and approximate values, for drawing alone. */
export function curve(atUs: readonly number[], series: readonly Series[]): Curve {
  return [
    atUs.map((us) => us / 1e6),
    ...series.map((it) =>
      atUs.map((_, at) => {
        const value = it.values[at];
        return value === null || value === undefined ? null : approximate(value);
      }),
    ),
  ];
}

export const reading = (series: Series, at: number): string => {
  const shown = decimal(series.values[at], series.look);
  return series.unit && shown !== NOTHING ? `${shown}\u202f${series.unit}` : shown;
};

/** All that stands at one moment, as a sentence. */
export const readingsAt = (
  atUs: readonly number[],
  series: readonly Series[],
  at: number,
): string =>
  `${moment(atUs[at])}: ${series.map((it) => `${it.name} ${reading(it, at)}`).join(", ")}`;

interface Extent {
  readonly first: number;
  readonly last: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Where a series begins, ends, is lowest and highest; null where all is gap. */
export function extent(values: readonly (string | null)[]): Extent | null {
  let found: Extent | null = null;
  values.forEach((value, at) => {
    if (value === null) return;
    if (!found) {
      found = { first: at, last: at, lowest: at, highest: at };
      return;
    }
    const { first, lowest, highest }: Extent = found;
    found = {
      first,
      last: at,
      lowest: compare(value, values[lowest]) < 0 ? at : lowest,
      highest: compare(value, values[highest]) > 0 ? at : highest,
    };
  });
  return found;
}

/** The index of the moment that is nearest; -1 where there are none. `atUs` ascends. */
export function nearest(atUs: readonly number[], us: number): number {
  let low = 0;
  let high = atUs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((atUs[middle] ?? 0) < us) low = middle + 1;
    else high = middle;
  }
  const before = atUs[low - 1];
  const here = atUs[low];
  return before !== undefined && here !== undefined && us - before < here - us ? low - 1 : high;
}

/** Where a key moves the cursor; null for keys that do not. */
export function moved(key: string, from: number, length: number): number | null {
  const page = Math.max(1, Math.round(length / 10));
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: from - 1,
    ArrowDown: from - 1,
    ArrowRight: from + 1,
    ArrowUp: from + 1,
    PageDown: from - page,
    PageUp: from + page,
    Home: 0,
    End: length - 1,
  };
  const to = steps[key];
  return to === undefined ? null : Math.min(length - 1, Math.max(0, to));
}

/** The scale of one side, with air about it; never below zero for what never is. */
export function scaleOf(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const air = (high - low || Math.abs(high) / 100 || 1) * 0.08;
  return [low < 0 ? low - air : Math.max(0, low - air), high + air];
}

const two = (value: number): string => String(value).padStart(2, "0");

/** Labels under the axis in the reader's zone; a new day is named by its date. */
export function timeLabels(splitsS: readonly number[], stepS: number): string[] {
  return splitsS.map((seconds) => {
    const at = new Date(seconds * 1000);
    const midnight = !at.getHours() && !at.getMinutes() && !at.getSeconds();
    if (stepS >= 86_400 || midnight) return `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    const minutes = `${two(at.getHours())}:${two(at.getMinutes())}`;
    return stepS < 60 ? `${minutes}:${two(at.getSeconds())}` : minutes;
  });
}

const DIGITS_MAX = 8;

/** Labels beside the axis: as many digits as tell two neighbours apart. */
export function valueLabels(splits: readonly number[], step: number): string[] {
  // Six figures of a step are more than any has; the rest is what binary fractions leave behind.
  const exact = parse(String(Number(step.toPrecision(6))));
  const digits = Math.min(DIGITS_MAX, exact?.fraction.length ?? 0);
  return splits.map((value) => decimal(value.toFixed(digits)));
}
