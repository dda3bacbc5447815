/** The span of time that is looked at, as the address, the service and the reader spell it. */

export const SPANS_S = {
  "1h": 3_600,
  "24h": 86_400,
  "7d": 7 * 86_400,
  "30d": 30 * 86_400,
  "1y": 365 * 86_400,
} as const;
export type Span = keyof typeof SPANS_S;
export const SPANS = Object.keys(SPANS_S) as readonly Span[];
export const FIRST_SPAN: Span = "24h";

/** From included, to not included. */
export interface Bounds {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Up to now and moving with it, or between two moments. */
export type Range =
  | { readonly kind: "last"; readonly span: Span }
  | ({ readonly kind: "own" } & Bounds);

const isSpan = (text: string): text is Span => Object.hasOwn(SPANS_S, text);
const BETWEEN = "..";
/** Nothing was stored before this service was thought of. */
const EARLIEST_US = Date.UTC(2020, 0, 1) * 1000;

/** `24h`, or `2026-11-20T09:00Z..2026-11-21T09:00Z`; anything else is the first choice. */
export function readRange(text: string): Range {
  if (isSpan(text)) return { kind: "last", span: text };
  const [from = "", to = ""] = text.split(BETWEEN);
  const bounds = { fromUs: Date.parse(from) * 1000, toUs: Date.parse(to) * 1000 };
  const known = Number.isFinite(bounds.fromUs) && Number.isFinite(bounds.toUs);
  return known && bounds.fromUs < bounds.toUs
    ? { kind: "own", ...bounds }
    : { kind: "last", span: FIRST_SPAN };
}

/** To the minute in UTC: a link means the same moments in every zone. */
export function spellRange(range: Range): string {
  if (range.kind === "last") return range.span;
  return [range.fromUs, range.toUs].map(minuteUtc).join(BETWEEN);
}

const minuteUtc = (us: number): string => `${new Date(us / 1000).toISOString().slice(0, 16)}Z`;

export const boundsOf = (range: Range, nowUs: number): Bounds =>
  range.kind === "own" ? range : { fromUs: nowUs - SPANS_S[range.span] * 1e6, toUs: nowUs };

export const secondsOf = (range: Range): number =>
  range.kind === "own" ? (range.toUs - range.fromUs) / 1e6 : SPANS_S[range.span];

const two = (value: number): string => String(value).padStart(2, "0");

/** A moment as `<input type="datetime-local">` holds it: in the reader's zone, to the minute. */
export function localText(us: number): string {
  const at = new Date(us / 1000);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

export interface Draft {
  readonly from: string;
  readonly to: string;
}

/** What is wrong with one end of a draft, and which. */
export interface Fault {
  readonly at: keyof Draft;
  readonly says: string;
}

/** The range that a draft of two local times means, or what is wrong with it. */
export function rangeOf(draft: Draft, nowUs: number): Range | Fault {
  for (const at of ["from", "to"] as const) {
    if (Number.isNaN(Date.parse(draft[at])))
      return { at, says: at === "from" ? "When does it begin?" : "When does it end?" };
  }
  const [fromUs, toUs] = [Date.parse(draft.from) * 1000, Date.parse(draft.to) * 1000];
  if (fromUs < EARLIEST_US) return { at: "from", says: "It begins before 2020." };
  if (fromUs >= nowUs) return { at: "from", says: "It begins in the future." };
  if (toUs <= fromUs) return { at: "to", says: "It ends before it begins." };
  return { kind: "own", fromUs, toUs };
}

/** How far apart stored snapshots are read: the last of each interval. */
export const INTERVALS_S = {
  "1m": 60,
  "5m": 300,
  "15m": 900,
  "1h": 3_600,
  "4h": 14_400,
  "1d": 86_400,
} as const;
export type Interval = keyof typeof INTERVALS_S;
const INTERVALS = Object.keys(INTERVALS_S) as readonly Interval[];
/** `each`: every snapshot that was stored. */
export const INTERVAL_CHOICES = ["auto", "each", ...INTERVALS] as const;
export type IntervalChoice = (typeof INTERVAL_CHOICES)[number];

/** More points than this are finer than a screen, and more than one page of the service. */
export const POINTS_MAX = 1_000;
/** So many points look smooth. */
const POINTS_WANTED = 750;

const pointsOf = (interval: Interval, seconds: number): number => seconds / INTERVALS_S[interval];
const COARSEST: Interval = "1d";

/** The finest interval that a screen can show. */
export const autoInterval = (seconds: number): Interval =>
  INTERVALS.find((it) => pointsOf(it, seconds) <= POINTS_WANTED) ?? COARSEST;

/** The chart's interval: as chosen where that gives a drawable number of points. */
export function chartInterval(choice: IntervalChoice, seconds: number): Interval {
  if (choice === "auto" || choice === "each") return autoInterval(seconds);
  return pointsOf(choice, seconds) < POINTS_MAX ? choice : autoInterval(seconds);
}

/** The table's: any, as it is read in pages; null is every snapshot. */
export const tableInterval = (choice: IntervalChoice, seconds: number): Interval | null =>
  choice === "each" ? null : choice === "auto" ? autoInterval(seconds) : choice;
