/** Stored snapshots as the curves of a chart, and what they come to over its span. */
import type { Schemas } from "@/api/client";
import { negated, sum } from "@/format/decimal";

export type Snapshot = Schemas["Snapshot"];
/** What may stand beside equity, each with a scale of its own. */
export const MEASURES = [
  { key: "margin-used", name: "Margin used", read: (it: Snapshot) => it.margin_used },
  {
    key: "margin-ratio",
    name: "Margin ratio",
    unit: "%",
    read: (it: Snapshot) => it.margin_ratio && `${it.margin_ratio}e2`,
  },
  { key: "unrealised", name: "Unrealised PnL", read: (it: Snapshot) => it.unrealized_pnl },
  { key: "exposure", name: "Exposure", read: (it: Snapshot) => it.exposure },
  { key: "wallet", name: "Wallet balance", read: (it: Snapshot) => it.wallet_balance },
] as const;
export type Measure = (typeof MEASURES)[number];

interface Curves {
  readonly atUs: readonly number[];
  readonly equity: readonly (string | null)[];
  readonly beside: readonly (string | null)[];
}

/** Snapshots are stored each minute while an account is fresh, so a longer pause is a hole. */
const PAUSE_S_MIN = 150;
const PAUSE_INTERVALS = 2.5;

/** `items`: newest first, as the service tells them. */
export function curvesOf(
  items: readonly Snapshot[],
  intervalS: number,
  measure: Pick<Measure, "read">,
): Curves {
  const points = withHoles(items.toReversed(), intervalS);
  return {
    atUs: points.map((it) => it.atUs),
    equity: points.map(({ item }) => item && item.equity),
    beside: points.map(({ item }) => item && measure.read(item)),
  };
}

interface Point {
  readonly atUs: number;
  /** Null lifts the pen. */
  readonly item: Snapshot | null;
}

/** No line is drawn over a time of which nothing is stored. */
function withHoles(items: readonly Snapshot[], intervalS: number): readonly Point[] {
  const pauseUs = Math.max(PAUSE_S_MIN, intervalS * PAUSE_INTERVALS) * 1e6;
  return items.flatMap((item, at): Point[] => {
    const beforeUs = items[at - 1]?.at_us ?? item.at_us;
    const own = { atUs: item.at_us, item };
    return item.at_us - beforeUs > pauseUs ? [{ atUs: beforeUs + 1, item: null }, own] : [own];
  });
}

export interface Course {
  readonly first: Snapshot;
  readonly last: Snapshot;
  readonly change: string | null;
}

/** How equity went over the points that are drawn; null where there are none. */
export function courseOf(items: readonly Snapshot[]): Course | null {
  const last = items[0];
  const first = items.at(-1);
  if (!last || !first) return null;
  return { first, last, change: sum([last.equity, negated(first.equity)]) };
}
