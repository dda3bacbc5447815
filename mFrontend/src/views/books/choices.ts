/** Which books are shown, and how: read from and written to the address. */

export const GRIDS = ["1", "2", "4", "6"] as const;
const SLOTS_MAX = 6;
/** How many ticks one row may cover. */
export const MULTIPLES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] as const;
/** Books that are shown before anybody chose. */
const FIRST_MAX = 4;

export interface Shown {
  readonly topic: string;
  readonly multiple: number;
}

export interface Market {
  readonly venue: string;
  readonly product: string;
  /** As the venue spells it. */
  readonly symbol: string;
}

export const topicOf = ({ venue, product, symbol }: Market): string =>
  `orderbook:${venue}:${product}:${symbol}`;

export function marketOf(topic: string): Market {
  const [, venue = "", product = "", ...symbol] = topic.split(":");
  return { venue, product, symbol: symbol.join(":") };
}

export const tradesOf = (topic: string): string => topic.replace(/^orderbook:/, "trades:");

/** `topic*10` for a book of which one row covers ten ticks. No topic that is one has a star. */
function read(text: string): Shown | null {
  const [topic = "", times = "1"] = text.trim().split("*");
  if (!topic.startsWith("orderbook:") || topic.split(":").length < 3) return null;
  const multiple = MULTIPLES.find((it) => String(it) === times) ?? 1;
  return { topic, multiple };
}

/** The first of what is named twice counts. */
export function readMarkets(parameter: string): readonly Shown[] {
  const found = new Map<string, Shown>();
  for (const text of parameter.split(",")) {
    const shown = read(text);
    if (shown && !found.has(shown.topic) && found.size < SLOTS_MAX) found.set(shown.topic, shown);
  }
  return [...found.values()];
}

export const writeMarkets = (shown: readonly Shown[]): string =>
  shown.map(({ topic, multiple }) => (multiple === 1 ? topic : `${topic}*${multiple}`)).join(",");

/** Where nobody chose, the first books that run anyway. */
export const firstMarkets = (running: readonly string[]): readonly Shown[] =>
  running.slice(0, FIRST_MAX).map((topic) => ({ topic, multiple: 1 }));

/** A topic with its product, which may be left out where the venue has the symbol in one alone. */
export function completed(topic: string, markets: readonly Market[]): string {
  const parts = topic.split(":");
  if (parts.length !== 3) return topic;
  const found = markets.filter((it) => it.venue === parts[1] && it.symbol === parts[2]);
  return found[0] && found.length === 1 ? topicOf(found[0]) : topic;
}

/** The smallest grid that has a place for all. */
export const gridFor = (many: number): (typeof GRIDS)[number] =>
  GRIDS.find((it) => Number(it) >= many) ?? "6";

/** The next coarser (1) or finer (-1) grouping; the last one stays. */
export function nextMultiple(multiple: number, way: 1 | -1): number {
  const at = MULTIPLES.findIndex((it) => it === multiple);
  return MULTIPLES[at + way] ?? multiple;
}

/** Puts a book at a place, or takes it away; one that is shown elsewhere already moves there. */
export function placed(
  shown: readonly Shown[],
  at: number,
  next: Shown | null,
): readonly Shown[] {
  const found: (Shown | null)[] = shown.map((it, index) =>
    index !== at && it.topic === next?.topic ? null : it,
  );
  found[Math.min(at, found.length)] = next;
  return found.filter((it) => it !== null);
}
