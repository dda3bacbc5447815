/** An order book put together from a snapshot and absolute changes; prices stay decimal text. */
import { compare, isZero } from "../format/decimal";

export type Level = readonly [price: string, size: string];

export interface Book {
  /** Highest first. */
  readonly bids: readonly Level[];
  /** Lowest first. */
  readonly asks: readonly Level[];
  readonly verified?: boolean;
  readonly reason?: string;
  readonly sequence?: number | null;
  readonly [more: string]: unknown;
}

/** Where a price is, or would be: `[place, found]`. Prices are equal by value, not by spelling. */
function find(levels: readonly Level[], price: string, way: 1 | -1): [number, boolean] {
  let low = 0;
  let high = levels.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = way * compare(levels[middle]?.[0], price);
    if (order === 0) return [middle, true];
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return [low, false];
}

/** `way` 1: ascending. A size of zero removes the level. */
export function fold(held: readonly Level[], changes: readonly Level[], way: 1 | -1): Level[] {
  const levels = [...held];
  for (const [price, size] of changes) {
    const [at, found] = find(levels, price, way);
    if (isZero(size)) {
      if (found) levels.splice(at, 1);
    } else {
      levels.splice(at, found ? 1 : 0, [price, size]);
    }
  }
  return levels;
}

export function foldBook(held: Book, delta: Book): Book {
  return {
    ...held,
    ...delta,
    bids: fold(held.bids, delta.bids, -1),
    asks: fold(held.asks, delta.asks, 1),
  };
}
