/** An account's past as a curve: how far back, how fine, and where nothing is known. */
import type { Schemas } from "@/api/client";
import type { Figures } from "@/stream/messages";

type Snapshot = Pick<Schemas["Snapshot"], "at_us" | "equity" | "margin_ratio">;

/** Some three hundred points each: about as many as a chart can show. */
export const RANGES = {
  "1 h": { spanS: 3_600, stepS: 60, interval: "1m" },
  "24 h": { spanS: 86_400, stepS: 300, interval: "5m" },
  "7 d": { spanS: 7 * 86_400, stepS: 1_800, interval: "30m" },
  "30 d": { spanS: 30 * 86_400, stepS: 7_200, interval: "2h" },
} as const;
export type Range = keyof typeof RANGES;

/** Of so many steps without a point nothing is known; one may be late. */
const GAP_STEPS = 2.5;

export interface Past {
  readonly atUs: readonly number[];
  readonly equity: readonly (string | null)[];
  /** In percent. */
  readonly ratio: readonly (string | null)[];
}

/** `stored`: newest first, as history has them; `now`: what the stream says, if it is believed. */
export function past(
  stored: readonly Snapshot[],
  now: Pick<Figures, "as_of_us" | "equity" | "margin_ratio"> | null,
  stepS: number,
): Past {
  const points: Snapshot[] = stored.toReversed();
  const last = points.at(-1)?.at_us ?? 0;
  if (now?.as_of_us && now.equity && now.as_of_us > last)
    points.push({ at_us: now.as_of_us, equity: now.equity, margin_ratio: now.margin_ratio });
  const atUs: number[] = [];
  const equity: (string | null)[] = [];
  const ratio: (string | null)[] = [];
  for (const it of points) {
    const before = atUs.at(-1);
    if (before !== undefined && it.at_us - before > GAP_STEPS * stepS * 1e6) {
      atUs.push((before + it.at_us) / 2);
      equity.push(null);
      ratio.push(null);
    }
    atUs.push(it.at_us);
    equity.push(it.equity);
    // The point moves by two places, exactly.
    ratio.push(it.margin_ratio === null ? null : `${it.margin_ratio}e2`);
  }
  return { atUs, equity, ratio };
}
