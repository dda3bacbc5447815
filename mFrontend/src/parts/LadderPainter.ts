/**
 * Writes a ladder into its table by hand: text nodes and transforms, only where they changed.
 *
 * Six books ten times a second are 240 rows a frame; rendering them would be the page's main work.
 */
import { decimal } from "@/format/decimal";
import type { Ladder, Row } from "./LadderRows";

type Format = (text: string) => string;

const REMEMBERED_MAX = 4_000;
const formats = new Map<number, Format>();

/** One formatter per precision; most prices and sizes of a book come again. */
export function formatOf(digits: number): Format {
  const held = formats.get(digits);
  if (held) return held;
  const known = new Map<string, string>();
  const format = (text: string): string => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= REMEMBERED_MAX) known.clear();
    const shown = decimal(text, { digits });
    known.set(text, shown);
    return shown;
  };
  formats.set(digits, format);
  return format;
}

function textIn(element: Element | null): Text {
  if (!element) throw new Error("a ladder's cell is missing");
  // React leaves alone what it did not put there.
  return element.appendChild(document.createTextNode(""));
}

function write(node: Text, text: string): void {
  if (node.data !== text) node.data = text;
}

/** One row of the table and what stands in it. */
class Slot {
  readonly #row: HTMLElement;
  readonly #bar: HTMLElement | null;
  readonly #price: Text;
  readonly #size: Text;
  readonly #total: Text;
  #shown: Row | null = null;

  constructor(row: HTMLElement) {
    this.#row = row;
    this.#bar = row.querySelector<HTMLElement>("[data-bar]");
    this.#price = textIn(row.children[0] ?? null);
    this.#size = textIn(row.children[1] ?? null);
    this.#total = textIn(row.children[2] ?? null);
  }

  paint(row: Row | null, price: Format, size: Format): void {
    const before = this.#shown;
    this.#shown = row;
    if (row === null) {
      if (before) this.#clear();
      return;
    }
    if (before === null) this.#row.removeAttribute("data-empty");
    write(this.#price, price(row.price));
    write(this.#size, size(row.size));
    write(this.#total, size(row.total));
    if (before?.price !== row.price) this.#row.dataset["price"] = row.price;
    if (before?.size !== row.size) this.#row.dataset["size"] = row.size;
    if (before?.share !== row.share && this.#bar)
      this.#bar.style.transform = `scaleX(${row.share})`;
    if ((before?.large ?? false) !== row.large) this.#row.toggleAttribute("data-large", row.large);
  }

  #clear(): void {
    this.#row.setAttribute("data-empty", "");
    for (const name of ["data-price", "data-size", "data-large"]) this.#row.removeAttribute(name);
    for (const node of [this.#price, this.#size, this.#total]) write(node, "");
    if (this.#bar) this.#bar.style.transform = "scaleX(0)";
  }
}

interface Painted {
  readonly ladder: Ladder;
  /** The venue's own number of this state, to compare with `/api/orderbook`. */
  readonly sequence: number | null;
}

const CROSSED = "crossed, not shown";

export class Painter {
  readonly #root: HTMLElement;
  readonly #asks: readonly Slot[];
  readonly #bids: readonly Slot[];
  readonly #mid: Text;
  readonly #spread: Text;
  readonly #points: Text;
  readonly #balance: HTMLElement | null;
  readonly #bidsShare: Text;
  readonly #asksShare: Text;
  /** Never fewer than before, so that the point stays in its place. */
  #priceDigits = 0;
  #sizeDigits = 0;
  #topDigits = 0;

  constructor(root: HTMLElement) {
    const slots = (side: string): Slot[] =>
      [...root.querySelectorAll<HTMLElement>(`[data-side="${side}"] > tr`)].map(
        (it) => new Slot(it),
      );
    this.#root = root;
    // Asks stand with the best at the foot, next to the mid.
    this.#asks = slots("asks").toReversed();
    this.#bids = slots("bids");
    this.#mid = textIn(root.querySelector("[data-mid]"));
    this.#spread = textIn(root.querySelector("[data-spread]"));
    this.#points = textIn(root.querySelector("[data-points]"));
    this.#balance = root.querySelector<HTMLElement>("[data-balance]");
    this.#bidsShare = textIn(root.querySelector("[data-bids-share]"));
    this.#asksShare = textIn(root.querySelector("[data-asks-share]"));
  }

  paint(painted: Painted | null): void {
    const ladder = painted?.ladder ?? null;
    const crossed = ladder?.top?.crossed ?? false;
    this.#state(painted, crossed);
    this.#sides(crossed ? null : ladder);
    this.#top(ladder, crossed);
    this.#shares(crossed ? null : (ladder?.bidsShare ?? null));
  }

  #state(painted: Painted | null, crossed: boolean): void {
    const sequence = painted?.sequence;
    if (sequence === undefined || sequence === null) this.#root.removeAttribute("data-sequence");
    else this.#root.dataset["sequence"] = String(sequence);
    if (this.#root.hasAttribute("data-crossed") !== crossed)
      this.#root.toggleAttribute("data-crossed", crossed);
  }

  #sides(ladder: Ladder | null): void {
    if (ladder) {
      this.#priceDigits = Math.max(this.#priceDigits, ladder.priceDigits);
      this.#sizeDigits = Math.max(this.#sizeDigits, ladder.sizeDigits);
    }
    const price = formatOf(this.#priceDigits);
    const size = formatOf(this.#sizeDigits);
    this.#asks.forEach((slot, at) => slot.paint(ladder?.asks[at] ?? null, price, size));
    this.#bids.forEach((slot, at) => slot.paint(ladder?.bids[at] ?? null, price, size));
  }

  #top(ladder: Ladder | null, crossed: boolean): void {
    const top = ladder?.top ?? null;
    if (crossed && top) {
      write(this.#mid, CROSSED);
      write(this.#spread, "");
      write(this.#points, "");
      return;
    }
    this.#topDigits = Math.max(this.#topDigits, ladder?.topDigits ?? 0);
    const digits = this.#topDigits;
    // Half of an odd spread has one digit more.
    write(this.#mid, top ? decimal(top.mid, { digits: digits + 1 }) : "");
    write(this.#spread, top ? decimal(top.spread, { digits }) : "");
    write(this.#points, top ? `${decimal(top.points)}\u202fbp` : "");
  }

  #shares(bids: number | null): void {
    write(this.#bidsShare, bids === null ? "–" : `${Math.round(bids / 10)}\u202f%`);
    write(this.#asksShare, bids === null ? "–" : `${100 - Math.round(bids / 10)}\u202f%`);
    this.#root.toggleAttribute("data-blank", bids === null);
    if (this.#balance) this.#balance.style.transform = `scaleX(${(bids ?? 500) / 1000})`;
  }
}
