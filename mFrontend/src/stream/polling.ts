/** The last resort: what the topics stand for is asked for by REST, each 15 s. */
import { ApiProblem, type Schemas, api, body } from "../api/client";
import { accountName } from "../format/names";
import type { Clock } from "./clock";
import type { Door, Listening, Wanted } from "./door";
import { kindOf, matches } from "./topics";

const POLL_MS = 15_000;
/** Topics of markets that were asked for by name, one call each. */
const MARKETS_MAX = 10;

type Told = readonly (readonly [topic: string, data: unknown])[];

async function accounts(): Promise<Told> {
  const found = (await body(api.GET("/api/accounts"))).accounts;
  return found.flatMap((it) => {
    const { positions, orders, connections: _, ...figures } = it;
    const parts: Told = [
      [`positions:${accountName(it)}`, positions],
      [`orders:${accountName(it)}`, orders],
    ];
    if (it.as_of_us === null) return parts;
    return [[`account:${accountName(it)}`, figures] as const, ...parts];
  });
}

const SIMPLE: Readonly<Record<string, () => Promise<Told>>> = {
  fills: async () =>
    (await body(api.GET("/api/ws/trades"))).accounts.map((it) => [
      `fills:${accountName(it)}`,
      it.trades,
    ]),
  connections: async () => [
    ["connections", (await body(api.GET("/api/connections/health"))).connections],
  ],
  supervision: async () => [["supervision", (await body(api.GET("/api/supervision"))).children]],
  latency: async () => [["latency", await body(api.GET("/api/latency"))]],
  points: async () => [["points", (await body(api.GET("/api/points"))).accounts]],
  errors: async () => [
    [
      "errors",
      (await body(api.GET("/api/errors"))).errors.map((it) => ({ ...it, actor: it.source })),
    ],
  ],
};

async function books(): Promise<Told> {
  const found = (await body(api.GET("/api/orderbook"))).orderbooks;
  return found.map((it) => [`orderbook:${it.venue}:${it.product}:${it.symbol}`, it]);
}

async function book(topic: string): Promise<Told> {
  const [, venue = "", ...rest] = topic.split(":");
  const params = { path: { market: rest.at(-1) ?? "" }, query: { venue } };
  const found = await body(api.GET("/api/orderbook/{market}", { params }));
  return [[topic, found as Schemas["OrderBookView"]]];
}

async function candles(topic: string): Promise<Told> {
  const [, venue = "", ...rest] = topic.split(":");
  const query = { venue, symbol: rest.at(-2) ?? "", timeframe: rest.at(-1) ?? "" };
  const found = await body(api.GET("/api/candles", { params: { query } }));
  const { items, ...fresh } = found;
  return [[topic, items.map((item) => ({ ...fresh, ...item }))]];
}

interface Call {
  readonly ask: () => Promise<Told>;
  /** The market that it asks for by name. */
  readonly market?: string;
}

/** The calls that tell what these topics stand for. */
function calls(topics: readonly string[]): Call[] {
  const found: Call[] = [];
  const kinds = new Set(topics.map(kindOf));
  if (["account", "positions", "orders"].some((kind) => kinds.has(kind)))
    found.push({ ask: accounts });
  for (const [kind, ask] of Object.entries(SIMPLE)) if (kinds.has(kind)) found.push({ ask });
  if (kinds.has("orderbook")) found.push({ ask: books });
  const named = topics.filter((topic) => !topic.includes("*")).slice(0, MARKETS_MAX);
  for (const market of named) {
    if (kindOf(market) === "candles") found.push({ market, ask: () => candles(market) });
    if (kindOf(market) === "orderbook") found.push({ market, ask: () => book(market) });
  }
  return found;
}

export class PollingDoor implements Door {
  readonly name = "polling";
  readonly #listening: Listening;
  readonly #clock: Clock;
  readonly #topics = new Set<string>();
  readonly #timer: ReturnType<typeof setInterval>;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #open = false;
  #ended = false;

  constructor(listening: Listening, clock: Clock, first: Wanted) {
    this.#listening = listening;
    this.#clock = clock;
    this.#timer = setInterval(() => void this.#ask(), POLL_MS);
    this.subscribe(first);
  }

  subscribe({ topics }: Wanted): void {
    for (const topic of topics) this.#topics.add(topic);
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => void this.#ask());
  }

  unsubscribe(topics: readonly string[]): void {
    for (const topic of topics) this.#topics.delete(topic);
  }

  async #ask(): Promise<void> {
    const topics = [...this.#topics];
    const asked = calls(topics);
    const answers = await Promise.allSettled(asked.map((call) => call.ask()));
    if (this.#ended) return;
    const failed = answers.find((answer) => answer.status === "rejected");
    if (failed && answers.every((answer) => answer.status === "rejected")) {
      this.#end(String(failed.reason instanceof Error ? failed.reason.message : failed.reason));
      return;
    }
    if (!this.#open) this.#listening.opened();
    this.#open = true;
    this.#listening.alive();
    const at_us = this.#clock.serverUs();
    for (const [at, answer] of answers.entries()) {
      if (answer.status === "rejected") {
        const market = asked[at]?.market;
        if (market && answer.reason instanceof ApiProblem)
          this.#listening.refused([market], answer.reason.message);
        continue;
      }
      for (const [topic, data] of answer.value) {
        if (!topics.some((pattern) => matches(pattern, topic))) continue;
        this.#listening.message({ type: "snapshot", topic, id: null, prev: null, at_us, data });
      }
    }
  }

  close(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    clearTimeout(this.#gathering);
  }

  #end(reason: string): void {
    this.close();
    this.#listening.closed(reason);
  }
}
