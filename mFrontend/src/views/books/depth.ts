/** A book's depth as two curves about the mid, and in words what they reach. */
import { approximate, compare, sum } from "@/format/decimal";
import type { Book, Level } from "@/stream/book";

/** A few levels far away would leave no room for the rest: so many of them are drawn. */
const DRAWN = 0.8;

/** Distance from the mid as a part of it, and all sizes up to there. */
export interface Point {
  readonly distance: number;
  readonly total: number;
}

export interface Depth {
  readonly bids: readonly Point[];
  readonly asks: readonly Point[];
  /** How far both sides are known. */
  readonly reach: number;
  readonly most: number;
}

function curve(levels: readonly Level[], mid: number): Point[] {
  let total = 0;
  return levels.map(([price, size]) => {
    total += approximate(size);
    return { distance: Math.abs(approximate(price) - mid) / mid, total };
  });
}

/** Null for a book without a market between its sides. */
export function depthOf(book: Pick<Book, "bids" | "asks">): Depth | null {
  const bid = book.bids[0]?.[0];
  const ask = book.asks[0]?.[0];
  if (bid === undefined || ask === undefined || compare(bid, ask) >= 0) return null;
  const mid = (approximate(bid) + approximate(ask)) / 2;
  const bids = curve(book.bids, mid);
  const asks = curve(book.asks, mid);
  const far = (points: Point[]): number =>
    points[Math.floor(DRAWN * (points.length - 1))]?.distance ?? 0;
  // As far as both sides are known, for one scale.
  const known = Math.min(bids.at(-1)?.distance ?? 0, asks.at(-1)?.distance ?? 0);
  const reach = Math.min(known, Math.max(far(bids), far(asks)));
  const within = (points: Point[]): Point[] => points.filter((it) => it.distance <= reach);
  const [left, right] = [within(bids), within(asks)];
  const most = Math.max(left.at(-1)?.total ?? 0, right.at(-1)?.total ?? 0);
  return { bids: left, asks: right, reach, most };
}

interface Reached {
  /** The exact sums at the ends of the curves. */
  readonly bids: string;
  readonly asks: string;
  readonly percent: string;
}

export function reachedBy(book: Pick<Book, "bids" | "asks">, depth: Depth): Reached {
  const sizes = (levels: readonly Level[], many: number): string =>
    sum(levels.slice(0, many).map(([, size]) => size)) ?? "0";
  return {
    bids: sizes(book.bids, depth.bids.length),
    asks: sizes(book.asks, depth.asks.length),
    percent: (100 * depth.reach).toPrecision(2),
  };
}

/** The outline of one side in a box: a staircase from the mid outwards, closed at the foot. */
export function outline(
  points: readonly Point[],
  depth: Depth,
  box: { readonly width: number; readonly height: number; readonly left: boolean },
): readonly (readonly [x: number, y: number])[] {
  const half = box.width / 2;
  const side = box.left ? -1 : 1;
  const x = (distance: number): number => half + side * half * (distance / (depth.reach || 1));
  const y = (total: number): number => box.height * (1 - total / (depth.most || 1));
  const path: (readonly [number, number])[] = [];
  let before = box.height;
  for (const { distance, total } of points) {
    path.push([x(distance), before], [x(distance), y(total)]);
    before = y(total);
  }
  path.push([x(depth.reach), before], [x(depth.reach), box.height]);
  return path;
}
