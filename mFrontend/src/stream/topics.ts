/** Names of topics: patterns, and how the data of each kind is put together. */

/** `*` stands for any segment; as the last one after a kind for whatever follows; alone for all. */
export function matches(pattern: string, topic: string): boolean {
  if (pattern === topic || pattern === "*") return true;
  const wanted = pattern.split(":");
  const found = topic.split(":");
  if (wanted[0] !== found[0]) return false;
  const open = wanted.length > 1 && wanted.at(-1) === "*";
  if (open ? found.length < wanted.length : found.length !== wanted.length) return false;
  return wanted.every((segment, at) => segment === "*" || segment === found[at]);
}

export const kindOf = (topic: string): string => topic.split(":", 1)[0] ?? "";

const MARKET_KINDS: ReadonlySet<string> = new Set(["orderbook", "ticker", "trades", "candles"]);

/** A topic of a market: told at most so often a second, and not at all to a hidden tab. */
export const isMarket = (topic: string): boolean => MARKET_KINDS.has(kindOf(topic));

/** How the data of a kind of topic is kept. */
export interface Shape {
  /** The whole object, rows by key, or the levels of an order book. */
  readonly form: "object" | "rows" | "book";
  readonly key?: (row: Readonly<Record<string, unknown>>) => string;
  /** Whether a row is no longer one, such as a closed position. */
  readonly ended?: (row: Readonly<Record<string, unknown>>) => boolean;
  readonly rowsMax?: number;
  /** A snapshot has the newest row first; they are kept oldest first. */
  readonly newestFirst?: boolean;
}

const OPEN: ReadonlySet<unknown> = new Set(["open", "partially_filled", "unknown"]);
const text = (value: unknown): string => String(value ?? "");
const zero = (value: unknown): boolean => !/[1-9]/.test(text(value));

export const FILLS_MAX = 500;
const MARKET_ROWS_MAX = 1_500;
/** As many as the service holds. */
const FAULTS_MAX = 500;

let faults = 0;

const SHAPES: Readonly<Record<string, Shape>> = {
  account: { form: "object" },
  latency: { form: "object" },
  ticker: { form: "object" },
  orderbook: { form: "book" },
  positions: {
    form: "rows",
    key: (it) => text(it["position_id"]),
    ended: (it) => zero(it["quantity"]),
  },
  orders: {
    form: "rows",
    key: (it) => text(it["order_id"]),
    ended: (it) => !OPEN.has(it["status"]),
  },
  fills: { form: "rows", key: (it) => text(it["fill_id"]), rowsMax: FILLS_MAX, newestFirst: true },
  trades: { form: "rows", key: (it) => text(it["trade_id"]), rowsMax: MARKET_ROWS_MAX },
  candles: { form: "rows", key: (it) => text(it["start_us"]), rowsMax: MARKET_ROWS_MAX },
  connections: { form: "rows", key: (it) => `${text(it["actor"])} ${text(it["lane"])}` },
  supervision: { form: "rows", key: (it) => text(it["actor"]) },
  points: { form: "rows", key: (it) => `${text(it["venue"])}:${text(it["account"])}` },
  // Two faults may be alike to the microsecond, so nothing in them is a key.
  errors: {
    form: "rows",
    key: () => String((faults += 1)),
    rowsMax: FAULTS_MAX,
    newestFirst: true,
  },
};

export const shapeOf = (topic: string): Shape => SHAPES[kindOf(topic)] ?? { form: "object" };

/** The process whose lanes vouch for a topic. */
export function actorOf(topic: string): string {
  const [kind, ...rest] = topic.split(":");
  const ofAccount = kind === "positions" || kind === "orders" || kind === "fills";
  return ofAccount ? `account:${rest.join(":")}` : topic;
}
