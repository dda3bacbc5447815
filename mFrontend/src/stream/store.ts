/** What the stream has told, outside React: applied at once, shown at most once per frame. */
import { type Book, foldBook } from "./book";
import { type Fresh, type Place, type Row, type TopicMessage, place } from "./messages";
import { type Shape, isMarket, matches, shapeOf } from "./topics";
import { transit } from "./transit";

/** What a topic stands for at the last flush; a new object whenever anything in it changed. */
export interface TopicState {
  readonly topic: string;
  /** The object or book; null for rows, and before the first message. */
  readonly data: unknown;
  /** Oldest first where they have an order. */
  readonly rows: readonly Row[];
  /** When the venue last confirmed it, as far as this tab knows. */
  readonly asOfUs: number | null;
  /** The service's word; null where only the rows have one. */
  readonly stale: boolean | null;
  readonly staleReason: string | null;
  /** Whether a snapshot ever came. */
  readonly held: boolean;
}

interface Entry {
  readonly shape: Shape;
  state: TopicState;
  shown: TopicState;
  readonly rows: Map<string, Row>;
  rowsChanged: boolean;
  last: Place | null;
  lastId: string | null;
  /** By our clock: an answer that was asked for earlier knows less of the verdict. */
  judgedMs: number;
  flushedMs: number;
}

/** `gap`: something is missing; the topic must be told anew. */
type Applied = "applied" | "passed" | "gap";

const BOOK_FLUSH_MS = 100;
const ROWS_FLUSH_MS = 250;
const NO_ROWS: readonly Row[] = [];

type Listener = () => void;

/** Who measures how long changes wait for the screen. */
interface Watch {
  heard(message: TopicMessage): void;
  /** The frame that is being made shows these. */
  shown(topics: readonly string[]): void;
  /** What waits has waited for another reason. */
  forget(): void;
}

export class Store {
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #patterns = new Map<
    string,
    { listeners: Set<Listener>; found: readonly TopicState[] | null }
  >();
  readonly #dirty = new Set<string>();
  readonly #frame: (run: () => void) => void;
  readonly #now: () => number;
  readonly #watch: Watch | null;
  #scheduled = false;
  #paused = false;

  constructor(
    frame: (run: () => void) => void,
    now: () => number = Date.now,
    watch: Watch | null = null,
  ) {
    this.#frame = frame;
    this.#now = now;
    this.#watch = watch;
  }

  apply(message: TopicMessage): Applied {
    const entry = this.#entry(message.topic);
    const found = place(message.id);
    switch (message.type) {
      case "reset":
        entry.last = null;
        entry.state = { ...entry.state, held: false };
        return "applied";
      case "freshness":
        this.#judge(entry, message.data as Fresh);
        this.#mark(message.topic);
        return "applied";
      case "snapshot":
        this.#replace(entry, message);
        break;
      case "update": {
        const { last } = entry;
        if (!entry.state.held) return "gap";
        if (last && found && found.stream === last.stream && found.sequence <= last.sequence)
          return "passed";
        if (message.prev !== entry.lastId) return "gap";
        this.#change(entry, message);
        break;
      }
    }
    entry.last = found;
    entry.lastId = message.id;
    this.#watch?.heard(message);
    this.#mark(message.topic);
    return "applied";
  }

  #replace(entry: Entry, message: TopicMessage): void {
    entry.rows.clear();
    if (entry.shape.form === "rows") {
      const rows = (message.data ?? []) as Row[];
      for (const row of entry.shape.newestFirst ? rows.toReversed() : rows) this.#put(entry, row);
      entry.rowsChanged = true;
    }
    const data = entry.shape.form === "rows" ? null : single(message.data);
    entry.state = { ...entry.state, data, held: true };
    this.#judge(entry, freshOf(data, message));
  }

  #change(entry: Entry, message: TopicMessage): void {
    if (message.kind === "stream_ended") {
      this.#end(entry);
      return;
    }
    const data = message.data as Row;
    if (entry.shape.form === "rows") {
      this.#put(entry, data);
      entry.rowsChanged = true;
      const asOfUs = Math.max((data as Fresh).as_of_us ?? message.at_us, entry.state.asOfUs ?? 0);
      entry.state = { ...entry.state, asOfUs };
      return;
    }
    const held = entry.state.data;
    const whole =
      entry.shape.form === "book" && held ? foldBook(held as Book, data as unknown as Book) : data;
    entry.state = { ...entry.state, data: whole };
    this.#judge(entry, freshOf(whole, message));
  }

  #end(entry: Entry): void {
    entry.rows.clear();
    entry.rowsChanged = true;
    entry.state = { ...entry.state, data: null, held: false };
    this.#judge(entry, { stale: true, stale_reason: "the stream has ended" });
  }

  #put(entry: Entry, row: Row): void {
    const { key, ended, rowsMax } = entry.shape;
    const name = key?.(row) ?? "";
    if (ended?.(row)) {
      entry.rows.delete(name);
      return;
    }
    const held = entry.rows.get(name);
    entry.rows.set(name, held ? { ...held, ...row } : row);
    if (rowsMax !== undefined && entry.rows.size > rowsMax) {
      const [oldest] = entry.rows.keys();
      if (oldest !== undefined) entry.rows.delete(oldest);
    }
  }

  #judge(entry: Entry, fresh: Fresh): void {
    const asOfUs = Math.max(fresh.as_of_us ?? 0, entry.state.asOfUs ?? 0) || null;
    const stale = fresh.stale ?? null;
    entry.state = {
      ...entry.state,
      asOfUs,
      stale,
      staleReason: stale ? (fresh.stale_reason ?? "") : null,
    };
    entry.judgedMs = this.#now();
  }

  /** A REST answer's word on how fresh a topic is; a verdict told after it was asked for stays. */
  confirm(topic: string, fresh: Fresh, askedAtMs: number): void {
    const entry = this.#entries.get(topic);
    if (!entry?.state.held) return;
    const told = entry.judgedMs >= askedAtMs;
    const { stale, staleReason } = entry.state;
    const before = entry.state;
    this.#judge(
      entry,
      told
        ? { as_of_us: fresh.as_of_us ?? null, stale: stale ?? false, stale_reason: staleReason }
        : fresh,
    );
    if (before.asOfUs !== entry.state.asOfUs || before.stale !== entry.state.stale)
      this.#mark(topic);
  }

  /** Where to resume these topics from: the newest id, where all of them were told whole. */
  since(topics: Iterable<string>): string | null {
    let newest: Place | null = null;
    let id: string | null = null;
    for (const pattern of topics) {
      const found = [...this.#entries.values()].filter((it) => matches(pattern, it.state.topic));
      if (found.length === 0) return null;
      for (const { state, last, lastId } of found) {
        if (!state.held || !last) return null;
        if (newest && newest.stream !== last.stream) return null;
        if (!newest || last.sequence > newest.sequence) [newest, id] = [last, lastId];
      }
    }
    return id;
  }

  /** Forgets the topics that no pattern covers any more. */
  keep(patterns: readonly string[]): void {
    for (const topic of this.#entries.keys()) {
      if (patterns.some((pattern) => matches(pattern, topic))) continue;
      this.#entries.delete(topic);
      this.#dirty.delete(topic);
      this.#tell(topic);
    }
  }

  topic = (topic: string): TopicState => this.#entries.get(topic)?.shown ?? this.#unknown(topic);

  /** All topics of a pattern, by name; the same array until one of them changes. */
  topics(pattern: string): readonly TopicState[] {
    const kept = this.#patterns.get(pattern);
    if (kept?.found) return kept.found;
    const found = [...this.#entries.values()]
      .filter(({ shown }) => matches(pattern, shown.topic) && shown.held)
      .map(({ shown }) => shown)
      .toSorted((a, b) => (a.topic < b.topic ? -1 : 1));
    if (kept) kept.found = found;
    return found;
  }

  listen(topic: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners)
        this.#listeners.delete(topic);
    };
  }

  listenAll(pattern: string, listener: Listener): () => void {
    const kept = this.#patterns.get(pattern) ?? { listeners: new Set<Listener>(), found: null };
    this.#patterns.set(pattern, kept);
    kept.listeners.add(listener);
    return () => {
      kept.listeners.delete(listener);
      if (kept.listeners.size === 0 && this.#patterns.get(pattern) === kept)
        this.#patterns.delete(pattern);
    };
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Freezes what is shown; what comes meanwhile is kept and shown afterwards. */
  pause(paused: boolean): void {
    this.#paused = paused;
    this.#watch?.forget();
    if (!paused) this.#schedule();
  }

  /** Shows what changed and is due; the rest waits for a later frame. */
  flush(): void {
    this.#scheduled = false;
    if (this.#paused) return;
    const now = this.#now();
    const shown: string[] = [];
    for (const topic of this.#dirty) {
      const entry = this.#entries.get(topic);
      const waitMs = isMarket(topic) ? BOOK_FLUSH_MS : ROWS_FLUSH_MS;
      // The first word of a topic is shown at once.
      if (entry?.shown.held && now - entry.flushedMs < waitMs) continue;
      this.#dirty.delete(topic);
      if (!entry) continue;
      if (entry.rowsChanged) {
        entry.state = { ...entry.state, rows: [...entry.rows.values()] };
        entry.rowsChanged = false;
      }
      entry.shown = entry.state;
      entry.flushedMs = now;
      shown.push(topic);
      this.#tell(topic);
    }
    this.#watch?.shown(shown);
    if (this.#dirty.size) this.#schedule();
  }

  #tell(topic: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener();
    for (const [pattern, kept] of this.#patterns) {
      if (!matches(pattern, topic)) continue;
      kept.found = null;
      for (const listener of kept.listeners) listener();
    }
  }

  #mark(topic: string): void {
    this.#dirty.add(topic);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused) return;
    this.#scheduled = true;
    this.#frame(() => this.flush());
  }

  #entry(topic: string): Entry {
    const held = this.#entries.get(topic);
    if (held) return held;
    const state = this.#unknown(topic);
    const entry: Entry = {
      shape: shapeOf(topic),
      state,
      shown: state,
      rows: new Map(),
      rowsChanged: false,
      last: null,
      lastId: null,
      judgedMs: 0,
      flushedMs: 0,
    };
    this.#entries.set(topic, entry);
    this.#blank.delete(topic);
    return entry;
  }

  /** One object per unknown topic, as React compares what it is given by identity. */
  readonly #blank = new Map<string, TopicState>();

  #unknown(topic: string): TopicState {
    const held = this.#blank.get(topic);
    if (held) return held;
    const blank = {
      topic,
      data: null,
      rows: NO_ROWS,
      asOfUs: null,
      stale: null,
      staleReason: null,
      held: false,
    };
    if (this.#blank.size >= BLANKS_MAX) this.#blank.clear();
    this.#blank.set(topic, blank);
    return blank;
  }
}

const BLANKS_MAX = 1_000;

/** Tickers are told as a list of one at first, and as the object afterwards. */
const single = (data: unknown): unknown =>
  Array.isArray(data) ? (data[0] ?? null) : (data ?? null);

/** What is said of a whole topic; where nothing is, its message stands for it. */
function freshOf(data: unknown, message: TopicMessage): Fresh {
  const fresh = (data ?? {}) as Fresh;
  if (fresh.stale === undefined) {
    const rows = Array.isArray(message.data) ? (message.data as Fresh[]) : [];
    const asOf = rows.map((row) => row.as_of_us ?? 0);
    return { as_of_us: Math.max(0, ...asOf) || message.at_us };
  }
  return fresh;
}

const frame = (run: () => void): void => {
  // A hidden tab draws no frames; it must not collect what nobody will see.
  if (typeof document === "undefined" || document.hidden) setTimeout(run, ROWS_FLUSH_MS);
  else requestAnimationFrame(run);
};

export const store = new Store(frame, Date.now, transit);
