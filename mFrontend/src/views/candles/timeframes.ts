/** Timeframes: how long their bars are, which a venue has, and which are side by side. */

const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;

/** Shortest first; a calendar month has no fixed length. */
const LENGTHS_US = {
  "1m": MINUTE_US,
  "5m": 5 * MINUTE_US,
  "15m": 15 * MINUTE_US,
  "30m": 30 * MINUTE_US,
  "1h": HOUR_US,
  "2h": 2 * HOUR_US,
  "4h": 4 * HOUR_US,
  "8h": 8 * HOUR_US,
  "12h": 12 * HOUR_US,
  "1d": DAY_US,
  "1w": 7 * DAY_US,
  "1M": null,
} as const;

export type Timeframe = keyof typeof LENGTHS_US;
export const TIMEFRAMES = Object.keys(LENGTHS_US) as readonly Timeframe[];

/** Those that a venue told of; all where it told none: the service refuses what there is not. */
export function offeredBy(told: readonly string[] | undefined): readonly Timeframe[] {
  const known = TIMEFRAMES.filter((it) => told?.includes(it));
  return known.length ? known : TIMEFRAMES;
}

const WORDS = { m: "minute", h: "hour", d: "day", w: "week", M: "month" } as const;

/** `15 minutes`, `1 hour`. */
export function spoken(timeframe: Timeframe): string {
  const count = Number.parseInt(timeframe, 10);
  const unit = WORDS[timeframe.slice(-1) as keyof typeof WORDS];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** A bar of a day or more has a date of the venue's day, which is UTC's, and no time. */
export const isDated = (timeframe: Timeframe): boolean => {
  const lengthUs = LENGTHS_US[timeframe];
  return lengthUs === null || lengthUs >= DAY_US;
};

/** When the bar that began at `startUs` ends, and the next begins. */
export function endUs(timeframe: Timeframe, startUs: number): number {
  const lengthUs = LENGTHS_US[timeframe];
  if (lengthUs !== null) return startUs + lengthUs;
  const start = new Date(startUs / 1000);
  return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1) * 1000;
}

const CHARTS_MAX = 4;
export const LAYOUTS = [1, 2, CHARTS_MAX] as const;
/** What further charts show first: each a wider look than the one before. */
const LADDER: readonly Timeframe[] = ["1m", "15m", "1h", "1d"];

/** The timeframes of an address, each once; the venue's first where it names none of them. */
export function chosen(text: string, offered: readonly Timeframe[]): readonly Timeframe[] {
  const named = new Set(text.split(","));
  const found = [...named].filter((it): it is Timeframe => offered.some((known) => known === it));
  return found.length ? found.slice(0, CHARTS_MAX) : offered.slice(0, 1);
}

/** As many charts: the first ones stay, further ones go on with wider looks. */
export function arrange(
  shown: readonly Timeframe[],
  count: number,
  offered: readonly Timeframe[],
): readonly Timeframe[] {
  const widest = Math.max(...shown.map((it) => offered.indexOf(it)));
  const wider = LADDER.filter((it) => offered.indexOf(it) > widest);
  const next = [...wider, ...LADDER, ...offered].filter((it) => offered.includes(it));
  return [...new Set([...shown, ...next])].slice(0, count);
}

/** One chart changes; the one that showed this timeframe before takes over what it leaves. */
export function exchange(
  shown: readonly Timeframe[],
  at: number,
  timeframe: Timeframe,
): readonly Timeframe[] {
  const left = shown[at];
  if (left === undefined) return shown;
  return shown.map((it, index) => (index === at ? timeframe : it === timeframe ? left : it));
}

/** The timeframe so many steps longer or shorter; the last one at either end. */
export function stepped(
  timeframe: Timeframe,
  steps: number,
  offered: readonly Timeframe[],
): Timeframe {
  const to = offered.indexOf(timeframe) + steps;
  return offered[Math.min(offered.length - 1, Math.max(0, to))] ?? timeframe;
}
