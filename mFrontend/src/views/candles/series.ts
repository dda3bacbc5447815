/** The bars of one market and timeframe: each once, in order, with none left out unseen. */
import type { Schemas } from "@/api/client";
import type { Fresh } from "@/stream/messages";
import { type Timeframe, endUs } from "./timeframes";

export type Bar = Schemas["CandleItem"] & Fresh;

/** Kept by this tab; the service itself tells at most 1,500. */
export const BARS_MAX = 2_000;

/** Whether what is told says more than what is held of the same bar: its end, or a later state. */
function supersedes(told: Bar, held: Bar): boolean {
  if (told.closed !== held.closed) return told.closed;
  if ((told.as_of_us ?? 0) <= (held.as_of_us ?? 0)) return false;
  return (
    told.close !== held.close ||
    told.volume !== held.volume ||
    told.high !== held.high ||
    told.low !== held.low ||
    told.open !== held.open
  );
}

/** What is held with what the stream or a call told; the same array where that is no news. */
export function merge(held: readonly Bar[], told: readonly Bar[]): readonly Bar[] {
  const byStart = new Map(held.map((bar) => [bar.start_us, bar]));
  let news = false;
  for (const bar of told) {
    const before = byStart.get(bar.start_us);
    if (before === bar || (before && !supersedes(bar, before))) continue;
    byStart.set(bar.start_us, bar);
    news = true;
  }
  if (!news) return held;
  return [...byStart.values()].toSorted((a, b) => a.start_us - b.start_us).slice(-BARS_MAX);
}

interface Hole {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Times between bars of which none was told. */
export function holes(bars: readonly Bar[], timeframe: Timeframe): readonly Hole[] {
  const found: Hole[] = [];
  let wantedUs: number | null = null;
  for (const { start_us } of bars) {
    if (wantedUs !== null && start_us > wantedUs) found.push({ fromUs: wantedUs, toUs: start_us });
    wantedUs = endUs(timeframe, start_us);
  }
  return found;
}

/** More changed bars than these are drawn anew together. */
const CHANGED_MAX = 50;

/** The bars by which a drawing is brought up to date; null where it has to be drawn anew. */
export function changed(drawn: readonly Bar[], bars: readonly Bar[]): readonly Bar[] | null {
  const first = bars.findIndex((bar, at) => bar !== drawn[at]);
  if (first < 0) return bars.length === drawn.length ? [] : null;
  if (drawn.length === 0 || bars.length < drawn.length) return null;
  const moved = drawn.some((bar, at) => bar.start_us !== bars[at]?.start_us);
  return moved || bars.length - first > CHANGED_MAX ? null : bars.slice(first);
}

/** Where a bar stands that began at a moment; -1 for none. */
export function indexAt(bars: readonly Bar[], startUs: number | null): number {
  let low = 0;
  let high = bars.length - 1;
  if (startUs === null) return -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = bars[middle]?.start_us ?? 0;
    if (found === startUs) return middle;
    if (found < startUs) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
