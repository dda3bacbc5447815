/** What a ladder shows of an order book: rows, grouped and cumulated exactly, and its top. */
import type { Book, Level } from "@/stream/book";
import { digitsOf, fromFixed, toFixed } from "./LadderFixed";

export type Sides = "both" | "bids" | "asks";

export interface Look {
  /** At most so many rows of each side. */
  readonly rows: number;
  /** The smallest step of the market's price; "" where nobody says it. */
  readonly tick: string;
  /** How many ticks one row covers; 1: each level is a row. */
  readonly multiple: number;
  readonly unit: "base" | "quote";
  /** Bars are compared among the sides that are shown. */
  readonly sides: Sides;
}

/** Exact text throughout; the venue's own spelling where a row is one level in base. */
export interface Row {
  readonly price: string;
  readonly size: string;
  /** From the top of the book to here. */
  readonly total: string;
  /** Of the longest total that is shown, 0 … 1. */
  readonly share: number;
  readonly large: boolean;
}

interface Top {
  readonly bid: string;
  readonly ask: string;
  readonly spread: string;
  readonly mid: string;
  /** The spread in basis points of the mid. */
  readonly points: string;
  /** A bid at or above the best ask: no market, and not to be shown as one. */
  readonly crossed: boolean;
}

export interface Ladder {
  /** Best first. */
  readonly bids: readonly Row[];
  readonly asks: readonly Row[];
  /** Null while a side is empty. */
  readonly top: Top | null;
  /** The bids' part of all that is shown, in thousandths; null where nothing is. */
  readonly bidsShare: number | null;
  /** Digits after the point that show every row in full. */
  readonly priceDigits: number;
  readonly sizeDigits: number;
  /** The same of the top, which is never grouped. */
  readonly topDigits: number;
}

/** A size is unusually large from so many times the median of what is shown. */
const LARGE_TIMES = 5n;
/** Of fewer sizes none is unusual. */
const LARGE_ROWS_MIN = 8;
const POINT_DIGITS = 2;
const SHARE_PARTS = 1000n;

interface Scale {
  readonly price: number;
  readonly size: number;
}

interface Step {
  readonly price: bigint;
  size: bigint;
  /** The venue's spelling; null where levels were put together. */
  level: Level | null;
}

/** As many digits as the longest of these has. */
function most(levels: readonly Level[], at: 0 | 1): number {
  let digits = 0;
  for (const level of levels) digits = Math.max(digits, digitsOf(level[at]));
  return digits;
}

function scaleOf(book: Book, tick: string): Scale {
  return {
    price: Math.max(digitsOf(tick), most(book.bids, 0), most(book.asks, 0)),
    size: Math.max(most(book.bids, 1), most(book.asks, 1)),
  };
}

/** A row covers the prices from which an order could be filled at its price or better. */
function stepsOf(
  levels: readonly Level[],
  rows: number,
  scale: Scale,
  cover: bigint,
  up: boolean,
): Step[] {
  const found: Step[] = [];
  for (const level of levels) {
    const exact = toFixed(level[0], scale.price);
    const over = cover > 1n ? exact % cover : 0n;
    const price = over === 0n ? exact : exact - over + (up ? cover : 0n);
    const size = toFixed(level[1], scale.size);
    const last = found.at(-1);
    if (cover > 1n && last?.price === price) {
      last.size += size;
      last.level = null;
    } else if (found.length === rows) break;
    else found.push({ price, size, level: price === exact ? level : null });
  }
  return found;
}

interface Measured {
  readonly step: Step;
  readonly size: bigint;
  readonly total: bigint;
}

/** In quote a group counts at its row's price, as it is read. */
function measure(steps: readonly Step[], unit: Look["unit"]): Measured[] {
  let total = 0n;
  return steps.map((step) => {
    const size = unit === "base" ? step.size : step.size * step.price;
    total += size;
    return { step, size, total };
  });
}

function median(values: readonly bigint[]): bigint {
  const ordered = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return ordered[ordered.length >> 1] ?? 0n;
}

export function topOf(book: Pick<Book, "bids" | "asks">): Top | null {
  const bid = book.bids[0]?.[0];
  const ask = book.asks[0]?.[0];
  if (bid === undefined || ask === undefined) return null;
  const digits = Math.max(digitsOf(bid), digitsOf(ask));
  const low = toFixed(bid, digits);
  const high = toFixed(ask, digits);
  const both = low + high;
  // Twice the spread over the sum is the spread over the mid; half a last place rounds.
  const parts = 20_000n * 10n ** BigInt(POINT_DIGITS);
  const points = both === 0n ? 0n : ((high - low) * parts + both / 2n) / both;
  return {
    bid,
    ask,
    spread: fromFixed(high - low, digits),
    mid: fromFixed(both * 5n, digits + 1),
    points: fromFixed(points, POINT_DIGITS),
    crossed: low >= high,
  };
}

export function ladderOf(book: Book, look: Look): Ladder {
  const scale = scaleOf(book, look.tick);
  const tick = look.tick ? toFixed(look.tick, scale.price) : 1n;
  const cover = look.multiple > 1 ? tick * BigInt(look.multiple) : 1n;
  const bids = measure(stepsOf(book.bids, look.rows, scale, cover, false), look.unit);
  const asks = measure(stepsOf(book.asks, look.rows, scale, cover, true), look.unit);
  const bidsTotal = bids.at(-1)?.total ?? 0n;
  const asksTotal = asks.at(-1)?.total ?? 0n;
  const bidsLead = look.sides === "both" ? bidsTotal > asksTotal : look.sides === "bids";
  const longest = bidsLead ? bidsTotal : asksTotal;
  const sizes = [...bids, ...asks].map((it) => it.size);
  const large = sizes.length < LARGE_ROWS_MIN ? null : median(sizes) * LARGE_TIMES;
  const digits = look.unit === "base" ? scale.size : scale.size + scale.price;
  const row = ({ step, size, total }: Measured): Row => ({
    price: step.level?.[0] ?? fromFixed(step.price, scale.price),
    size: look.unit === "base" && step.level ? step.level[1] : fromFixed(size, digits),
    total: fromFixed(total, digits),
    share: longest === 0n ? 0 : Number((total * SHARE_PARTS) / longest) / Number(SHARE_PARTS),
    large: large !== null && large > 0n && size >= large,
  });
  const sum = bidsTotal + asksTotal;
  return {
    bids: bids.map(row),
    asks: asks.map(row),
    top: topOf(book),
    bidsShare: sum === 0n ? null : Number((bidsTotal * SHARE_PARTS + sum / 2n) / sum),
    priceDigits: cover > 1n ? digitsOf(fromFixed(cover, scale.price)) : scale.price,
    sizeDigits: look.unit === "base" ? scale.size : quoteDigits(longest, digits),
    topDigits: scale.price,
  };
}

/** Sums of money are read by their size: cents only where they matter. */
function quoteDigits(longest: bigint, digits: number): number {
  return longest >= 10_000n * 10n ** BigInt(digits) ? 0 : 2;
}
