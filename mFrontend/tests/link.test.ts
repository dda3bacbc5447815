import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { token } from "@/api/token";
import { Clock } from "@/stream/clock";
import type { Door, DoorName, Listening, Wanted } from "@/stream/door";
import { BETTER_MS, LINGER_MS, Link, RETELL_MS } from "@/stream/link";
import type { TopicMessage } from "@/stream/messages";
import { Store } from "@/stream/store";

const ORDERS = "orders:extended:1";
const BOOK = "orderbook:extended:linear:BTC-USD";

class FakeDoor implements Door {
  readonly asked: Wanted[] = [];
  readonly left: string[] = [];
  closed = false;
  constructor(
    readonly name: DoorName,
    readonly listening: Listening,
    readonly first: Wanted,
  ) {}
  subscribe(wanted: Wanted): void {
    this.asked.push(wanted);
  }
  unsubscribe(topics: readonly string[]): void {
    this.left.push(...topics);
  }
  close(): void {
    this.closed = true;
  }
  say(type: TopicMessage["type"], topic: string, id: number, prev: number, data: unknown): void {
    this.listening.message({ type, topic, id: `s-${id}`, prev: `s-${prev}`, at_us: 1, data });
  }
  /** Everything asked for since the last look. */
  take(): Wanted[] {
    return this.asked.splice(0);
  }
}

let doors: FakeDoor[] = [];
let reachable = true;
let store: Store;
let link: Link;
const last = (): FakeDoor => {
  const door = doors.at(-1);
  if (!door) throw new Error("no way was opened");
  return door;
};
const fail = async (): Promise<void> => {
  last().listening.closed("gone");
  await vi.advanceTimersByTimeAsync(20_000);
};

beforeEach(() => {
  vi.useFakeTimers();
  doors = [];
  reachable = true;
  token.write("");
  store = new Store((run) => void setTimeout(run));
  link = new Link({
    store,
    clock: new Clock(),
    open: (name, listening, first) => {
      const door = new FakeDoor(name, listening, first);
      doors.push(door);
      return door;
    },
    reachable: async () => reachable,
  });
});
afterEach(() => {
  link.stop();
  vi.useRealTimers();
});

describe("one connection per tab", () => {
  it("subscribes once for many readers, and lets go a while after the last", () => {
    link.start();
    last().listening.opened();
    const ends = [link.want(ORDERS), link.want(ORDERS)];
    expect(last().take()).toEqual([{ topics: [ORDERS], since: null }]);
    ends[0]?.();
    ends[0]?.();
    vi.advanceTimersByTime(LINGER_MS);
    expect(last().left).toEqual([]);
    ends[1]?.();
    vi.advanceTimersByTime(LINGER_MS - 1);
    link.want(ORDERS);
    vi.advanceTimersByTime(LINGER_MS);
    expect([last().left, last().take()]).toEqual([[], []]);
    expect(doors).toHaveLength(1);
  });

  it("resumes what is told in order by its id, and asks for markets whole", async () => {
    link.want(ORDERS);
    link.want(BOOK);
    link.start();
    last().listening.opened();
    expect(last().take()).toEqual([
      { topics: [ORDERS], since: null },
      { topics: [BOOK], since: null },
    ]);
    last().say("snapshot", ORDERS, 5, 5, []);
    last().say("update", ORDERS, 8, 5, { order_id: "a", status: "open" });
    last().say("snapshot", BOOK, 9, 9, { bids: [], asks: [] });
    await fail();
    expect(doors).toHaveLength(2);
    last().listening.opened();
    expect(last().take()).toEqual([
      { topics: [ORDERS], since: "s-8" },
      { topics: [BOOK], since: null },
    ]);
  });

  it("has a topic with a hole told anew, that topic alone and once", () => {
    link.want("orders:*");
    link.start();
    last().listening.opened();
    last().say("snapshot", ORDERS, 5, 5, []);
    last().take();
    last().say("update", ORDERS, 9, 7, { order_id: "b", status: "open" });
    last().say("update", ORDERS, 10, 9, { order_id: "c", status: "open" });
    expect(last().take()).toEqual([{ topics: [ORDERS], since: null }]);
    last().say("snapshot", ORDERS, 10, 10, [
      { order_id: "b", status: "open" },
      { order_id: "c", status: "open" },
    ]);
    expect(last().left).toEqual([ORDERS]);
    vi.runOnlyPendingTimers();
    expect(store.topic(ORDERS).rows).toHaveLength(2);
  });

  it("asks again for a topic with a hole that is not told anew", () => {
    link.want(ORDERS);
    link.start();
    last().listening.opened();
    last().say("snapshot", ORDERS, 5, 5, []);
    last().take();
    last().say("update", ORDERS, 9, 7, { order_id: "b", status: "open" });
    last().say("update", ORDERS, 10, 9, { order_id: "c", status: "open" });
    expect(last().take()).toHaveLength(1);
    vi.advanceTimersByTime(RETELL_MS);
    last().say("update", ORDERS, 11, 10, { order_id: "d", status: "open" });
    expect(last().take()).toEqual([{ topics: [ORDERS], since: null }]);
  });

  it("asks for no market while the tab is hidden", () => {
    link.want(BOOK);
    link.want(ORDERS);
    link.start();
    last().listening.opened();
    last().take();
    link.hide(true);
    expect(last().left).toEqual([BOOK]);
    link.want("candles:x:linear:A:1m");
    expect(last().take()).toEqual([]);
    link.hide(false);
    // Each alone, so that one that is refused does not take the others with it.
    expect(last().take()).toEqual([
      { topics: [BOOK], since: null },
      { topics: ["candles:x:linear:A:1m"], since: null },
    ]);
  });
});

describe("a topic that the service refuses", () => {
  const OTHER = "orderbook:extended:linear:NONE";

  it("is known alone, asked for again when somebody wants, and forgotten when it comes", () => {
    link.want(BOOK);
    link.want(OTHER);
    link.start();
    last().listening.opened();
    last().take();
    last().listening.refused([OTHER], "no such market");
    expect([link.refusal(OTHER), link.refusal(BOOK)]).toEqual(["no such market", ""]);
    link.retry(BOOK);
    expect(last().take()).toEqual([]);
    link.retry(OTHER);
    expect(last().take()).toEqual([{ topics: [OTHER], since: null }]);
    expect(link.refusal(OTHER)).toBe("");
    last().listening.refused([OTHER], "no such market");
    last().say("snapshot", OTHER, 1, 1, { bids: [], asks: [] });
    expect(link.refusal(OTHER)).toBe("");
  });

  it("does not take those with it that were asked for in the same message", () => {
    link.want(ORDERS);
    link.want("points");
    link.start();
    last().listening.opened();
    expect(last().take()).toEqual([{ topics: [ORDERS, "points"], since: null }]);
    last().listening.refused([ORDERS, "points"], "no such account");
    expect(link.refusal(ORDERS)).toBe("");
    expect(last().take()).toEqual([
      { topics: [ORDERS], since: null },
      { topics: ["points"], since: null },
    ]);
  });
});

describe("the way to the service", () => {
  it("goes from WebSocket to SSE to polling where the service answers otherwise", async () => {
    link.start();
    const seen: DoorName[] = [];
    for (let at = 0; at < 6; at += 1) {
      seen.push(last().name);
      await fail();
    }
    expect(seen).toEqual(["websocket", "websocket", "sse", "polling", "polling", "polling"]);
    last().listening.opened();
    expect(link.state()).toMatchObject({ phase: "live", door: "polling", failures: 0 });
  });

  it("stays with the WebSocket while the service does not answer at all", async () => {
    reachable = false;
    link.start();
    for (let at = 0; at < 4; at += 1) await fail();
    expect(doors.map((door) => door.name)).toEqual(Array<DoorName>(5).fill("websocket"));
    expect(link.state().failures).toBe(4);
  });

  it("tries the better way again, and changes over only once it is open", async () => {
    link.start();
    await fail();
    await fail();
    expect(last().name).toBe("sse");
    const sse = last();
    link.want(ORDERS);
    sse.listening.opened();
    await vi.advanceTimersByTimeAsync(BETTER_MS);
    const better = last();
    expect([better.name, sse.closed]).toEqual(["websocket", false]);
    better.listening.closed("no");
    expect(link.state()).toMatchObject({ phase: "live", door: "sse" });
    await vi.advanceTimersByTimeAsync(BETTER_MS);
    last().listening.opened();
    expect([sse.closed, link.state().door]).toEqual([true, "websocket"]);
    expect(last().take()).toEqual([{ topics: [ORDERS], since: null }]);
  });

  it("waits for the token instead of knocking", async () => {
    link.start();
    token.refuse();
    await fail();
    expect(link.state().phase).toBe("unauthorised");
    expect(doors).toHaveLength(1);
    token.write("x");
    expect(doors).toHaveLength(2);
    token.write("");
  });

  it("says when it tries again", () => {
    link.start();
    last().listening.closed("gone");
    const { phase, retryAtMs, reason } = link.state();
    expect([phase, reason]).toEqual(["waiting", "gone"]);
    const waitMs = (retryAtMs ?? 0) - Date.now();
    expect(waitMs).toBeGreaterThanOrEqual(375);
    expect(waitMs).toBeLessThanOrEqual(625);
  });
});
