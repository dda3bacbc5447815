/** The tab's one connection to the service: its way, what it asks for, when it retries. */
import { token } from "../api/token";
import { delayMs } from "./backoff";
import type { Clock } from "./clock";
import type { Door, DoorName, Listening, Wanted } from "./door";
import { type Message, type Welcome, isOfTopic } from "./messages";
import type { Store } from "./store";
import { isMarket, matches } from "./topics";
import type { Vouch } from "./verdict";

type LinkPhase = "connecting" | "live" | "waiting" | "unauthorised";

/** What the badge shows; a new object with every change. */
export interface LinkState {
  readonly phase: LinkPhase;
  readonly door: DoorName;
  /** Failures in a row. */
  readonly failures: number;
  /** When it tries again, by our clock. */
  readonly retryAtMs: number | null;
  readonly reason: string;
  readonly pausedMs: number | null;
  readonly welcome: Welcome | null;
}

/** After so many failures in a row a worse way is tried, if the service answers at all. */
const FAILURES_MAX = 2;
/** Who takes a worse way tries the best one again so often. */
export const BETTER_MS = 60_000;
/** A view that is left and entered again finds its data still there. */
export const LINGER_MS = 5_000;
/** A topic with something missing is asked for anew at most so often. */
export const RETELL_MS = 3_000;
const WORSE: Readonly<Record<DoorName, DoorName>> = {
  websocket: "sse",
  sse: "polling",
  polling: "polling",
};

interface Surroundings {
  readonly store: Store;
  readonly clock: Clock;
  readonly open: (name: DoorName, listening: Listening, first: Wanted) => Door;
  /** Whether the service answers plain HTTP: only then can a way to it be the fault. */
  readonly reachable: () => Promise<boolean>;
}

export class Link {
  readonly #around: Surroundings;
  readonly #wants = new Map<string, number>();
  readonly #lingering = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #listeners = new Set<() => void>();
  /** When each was asked for anew, by our clock. */
  readonly #retold = new Map<string, number>();
  readonly #refused = new Map<string, string>();
  #state: LinkState;
  #door: Door | null = null;
  #better: { door: Door; cancel: () => void } | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #upgrade: ReturnType<typeof setInterval> | undefined;
  #heardMs: number | null = null;
  #hidden = false;
  #started = false;
  #forgetToken: () => void = () => undefined;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#state = {
      phase: "connecting",
      door: "websocket",
      failures: 0,
      retryAtMs: null,
      reason: "",
      pausedMs: null,
      welcome: null,
    };
  }

  state = (): LinkState => this.#state;

  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  vouch(): Vouch {
    return { heardMs: this.#heardMs, door: this.#state.door, pausedMs: this.#state.pausedMs };
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#forgetToken = token.subscribe(() => this.#tokenChanged());
    this.#connect();
  }

  /** Ends the connection for good. */
  stop(): void {
    this.#forgetToken();
    this.#end();
  }

  /** Asks for a topic or pattern until the answer is called. */
  want(pattern: string): () => void {
    const count = this.#wants.get(pattern) ?? 0;
    this.#wants.set(pattern, count + 1);
    if (this.#lingering.has(pattern)) this.#forget(pattern);
    else if (count === 0 && this.#visible(pattern)) this.#ask([pattern], null);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#leave(pattern);
    };
  }

  #leave(pattern: string): void {
    const left = (this.#wants.get(pattern) ?? 1) - 1;
    this.#wants.set(pattern, left);
    if (left > 0) return;
    const end = (): void => {
      this.#lingering.delete(pattern);
      this.#wants.delete(pattern);
      this.#refused.delete(pattern);
      if (this.#visible(pattern)) this.#door?.unsubscribe([pattern]);
      this.#around.store.keep([...this.#wants.keys()]);
    };
    this.#lingering.set(pattern, setTimeout(end, LINGER_MS));
  }

  #forget(pattern: string): void {
    clearTimeout(this.#lingering.get(pattern));
    this.#lingering.delete(pattern);
  }

  /** Why the service does not tell a topic, such as a market it cannot run; "" where it does. */
  refusal = (topic: string): string => this.#refused.get(topic) ?? "";

  /** Asks once more for a topic that was refused. */
  retry(topic: string): void {
    if (!this.#refused.has(topic)) return;
    this.#ask([topic], null);
    this.#set({});
  }

  pause(paused: boolean): void {
    this.#around.store.pause(paused);
    this.#set({ pausedMs: paused ? this.#around.clock.localMs() : null });
  }

  /** A hidden tab asks for no market: nobody looks at it. */
  hide(hidden: boolean): void {
    if (hidden === this.#hidden) return;
    const market = [...this.#wants.keys()].filter(isMarket);
    this.#hidden = hidden;
    if (market.length === 0) return;
    if (hidden) this.#door?.unsubscribe(market);
    else this.#askEach(market);
  }

  /** Tries again at once. */
  reconnect(): void {
    this.#end();
    this.#set({ failures: 0, door: "websocket" });
    this.#connect();
  }

  #visible = (pattern: string): boolean => !(this.#hidden && isMarket(pattern));

  #patterns = (): string[] => [...this.#wants.keys()].filter(this.#visible);

  #ask(topics: readonly string[], since: string | null): void {
    if (this.#state.phase !== "live" || topics.length === 0) return;
    for (const topic of topics) this.#refused.delete(topic);
    this.#door?.subscribe({ topics, since });
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#set({ phase: "connecting", retryAtMs: null });
    const name = this.#state.door;
    const topics = this.#patterns();
    const first = { topics, since: this.#around.store.since(topics) };
    this.#door = this.#around.open(name, this.#listening(name), first);
  }

  #listening(name: DoorName): Listening {
    return {
      opened: () => this.#opened(name),
      alive: () => this.#alive(),
      message: (message) => this.#take(message),
      refused: (topics, reason) => this.#refuse(topics, reason),
      closed: (reason) => void this.#closed(reason),
    };
  }

  #opened(name: DoorName): void {
    this.#alive();
    this.#retold.clear();
    this.#set({ phase: "live", door: name, failures: 0, reason: "", retryAtMs: null });
    clearInterval(this.#upgrade);
    if (name === "websocket") this.#resume();
    else this.#upgrade = setInterval(() => this.#tryBetter(), BETTER_MS);
  }

  /** What is told in order resumes by id; markets conflate and are told whole. */
  #resume(): void {
    const patterns = this.#patterns();
    const ordered = patterns.filter((pattern) => !isMarket(pattern));
    const markets = patterns.filter(isMarket);
    this.#ask(ordered, this.#around.store.since(ordered));
    this.#askEach(markets);
  }

  /** One topic that is refused must not take the others with it. */
  #askEach(topics: readonly string[]): void {
    for (const topic of topics) this.#ask([topic], null);
  }

  #tryBetter(): void {
    if (this.#better) return;
    let mine: Door | null = null;
    const done = (): void => {
      if (this.#better?.door === mine) this.#better = null;
    };
    let switched = false;
    const listening: Listening = {
      opened: () => {
        switched = true;
        this.#better = null;
        this.#door?.close();
        this.#door = mine;
        this.#opened("websocket");
      },
      alive: () => this.#alive(),
      message: (message) => {
        if (switched || message.type === "welcome") this.#take(message);
      },
      refused: (topics, reason) => this.#refuse(topics, reason),
      closed: (reason) => {
        done();
        if (switched) void this.#closed(reason);
      },
    };
    mine = this.#around.open("websocket", listening, { topics: [], since: null });
    this.#better = { door: mine, cancel: () => mine?.close() };
  }

  #alive(): void {
    this.#heardMs = this.#around.clock.localMs();
  }

  #take(message: Message): void {
    this.#alive();
    if (isOfTopic(message)) {
      const applied = this.#around.store.apply(message);
      if (applied === "gap") this.#retell(message.topic);
      else if (message.type === "snapshot") this.#told(message.topic);
    } else if (message.type === "welcome") this.#set({ welcome: message });
    else if (message.type === "closing") this.#set({ reason: message.reason });
  }

  /** Of several that are refused together each is asked for alone. */
  #refuse(topics: readonly string[], reason: string): void {
    const wanted = topics.filter((topic) => this.#wants.has(topic));
    if (topics.length > 1) this.#askEach(wanted);
    else for (const topic of wanted) this.#refused.set(topic, reason);
    this.#set({ reason });
  }

  /** Something of a topic is missing: that topic alone is told anew. */
  #retell(topic: string): void {
    const nowMs = this.#around.clock.localMs();
    // An answer that never comes must not leave the topic as it was for ever.
    if (nowMs - (this.#retold.get(topic) ?? -Infinity) < RETELL_MS) return;
    this.#retold.set(topic, nowMs);
    this.#door?.subscribe({ topics: [topic], since: null });
  }

  #told(topic: string): void {
    this.#refused.delete(topic);
    if (!this.#retold.delete(topic) || this.#wants.has(topic)) return;
    // It came by a pattern, and goes on to.
    if (this.#patterns().some((pattern) => matches(pattern, topic)))
      this.#door?.unsubscribe([topic]);
  }

  async #closed(reason: string): Promise<void> {
    const wasLive = this.#state.phase === "live";
    this.#end();
    if (token.wanted()) {
      this.#set({ phase: "unauthorised", reason });
      return;
    }
    const failures = wasLive ? 1 : this.#state.failures + 1;
    const waitMs = delayMs(failures);
    const retryAtMs = this.#around.clock.localMs() + waitMs;
    this.#set({ phase: "waiting", failures, retryAtMs, reason });
    this.#retry = setTimeout(() => this.#connect(), waitMs);
    if (failures < FAILURES_MAX || wasLive) return;
    const reachable = await this.#around.reachable();
    if (this.#state.retryAtMs !== retryAtMs) return;
    if (token.wanted()) {
      clearTimeout(this.#retry);
      this.#set({ phase: "unauthorised", retryAtMs: null });
    } else this.#set({ door: reachable ? WORSE[this.#state.door] : "websocket" });
  }

  #tokenChanged(): void {
    if (!token.wanted()) this.reconnect();
  }

  #end(): void {
    clearTimeout(this.#retry);
    clearInterval(this.#upgrade);
    this.#better?.cancel();
    this.#better = null;
    this.#door?.close();
    this.#door = null;
  }

  #set(change: Partial<LinkState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
