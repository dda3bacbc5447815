import { describe, expect, it, vi } from "vitest";
import { SENTENCE_MS, Speech } from "@/app/speech";
import { chosen, spelt } from "@/app/keys";
import { changesOf } from "@/app/announcements";
import { MOST_MS, delayMs } from "@/stream/backoff";
import { Clock } from "@/stream/clock";
import { type Child, place, read } from "@/stream/messages";
import { Blocks, refusedBy } from "@/stream/sse";
import { actorOf, matches } from "@/stream/topics";
import { Asking } from "@/stream/websocket";

describe("topics", () => {
  it.each([
    ["*", "account:extended:1", true],
    ["account:*", "account:extended:1", true],
    ["orders:*:1", "orders:lighter:1", true],
    ["orders:*:1", "orders:lighter:2", false],
    ["orderbook:extended:*", "orderbook:extended:linear:BTC-USD", true],
    ["connections", "connections", true],
    ["account:extended:1", "account:extended:10", false],
    ["orders:*", "fills:extended:1", false],
    ["account:extended", "account:extended:1", false],
  ])("%s and %s: %s", (pattern, topic, fits) => expect(matches(pattern, topic)).toBe(fits));

  it("belong to the process that tells them", () => {
    expect(actorOf("fills:extended:1")).toBe("account:extended:1");
    expect(actorOf("orderbook:extended:linear:A")).toBe("orderbook:extended:linear:A");
  });
});

describe("messages", () => {
  it("are read, and what is none is passed over", () => {
    expect(read('{"type":"pong","at_us":1}')).toMatchObject({ type: "pong" });
    expect([read("{"), read("[]"), read("null"), read("3")]).toEqual([null, null, null, null]);
    expect(place("036a-b-12")).toEqual({ stream: "036a-b", sequence: 12 });
    expect([place(null), place("12"), place("-3"), place("s-x")]).toEqual([null, null, null, null]);
  });

  it("come out of server-sent events however they are cut", () => {
    const text = 'retry: 1000\n\n: alive\n\nid: s-1\nevent: update\ndata: {"a":\ndata: 1}\n\n';
    for (let size = 1; size < text.length; size += 1) {
      const blocks = new Blocks();
      const found: string[] = [];
      for (let at = 0; at < text.length; at += size)
        found.push(...blocks.take(text.slice(at, at + size)));
      expect(found).toEqual(["", "", '{"a":\n1}']);
    }
  });
});

describe("a refusal", () => {
  it("on a WebSocket is about the message that it answers", () => {
    const asking = new Asking();
    asking.add("subscribe", ["a"]);
    asking.add("ping");
    asking.add("subscribe", ["b", "c"]);
    expect(asking.answered("subscribed")).toEqual([]);
    // What nobody asked for answers nothing.
    expect([asking.answered("subscribed"), asking.answered("snapshot")]).toEqual([[], []]);
    expect(asking.answered("pong")).toEqual([]);
    expect(asking.answered("error")).toEqual(["b", "c"]);
    expect(asking.answered("error")).toEqual([]);
  });

  it("of server-sent events names the markets that are left out", () => {
    const problem = { type: "", title: "", status: 400, detail: "topics: expected …, found 'X-Y'" };
    const topics = ["connections", "orderbook:x:linear:X-Y", "candles:x:linear:X-Y:1m", "trades:x"];
    expect(refusedBy({ ...problem, found: "X-Y" }, topics)).toEqual(topics.slice(1, 3));
    expect(refusedBy({ ...problem, found: "1m" }, topics)).toEqual(topics.slice(2, 3));
    expect(refusedBy({ ...problem, found: "connections" }, topics)).toEqual([]);
    const detail = `${topics[1]}: 50 streams are wanted already`;
    expect(refusedBy({ ...problem, status: 503, detail }, topics)).toEqual(topics.slice(1, 2));
  });
});

describe("waiting", () => {
  it("doubles from half a second to ten, within its jitter", () => {
    expect([1, 2, 3, 4, 5, 6, 60].map((failures) => delayMs(failures, 0.5))).toEqual([
      500,
      1_000,
      2_000,
      4_000,
      8_000,
      MOST_MS,
      MOST_MS,
    ]);
    expect([delayMs(1, 0), delayMs(1, 1)]).toEqual([375, 625]);
  });
});

describe("the service's clock", () => {
  it("is learnt best from the shortest round trip, and never runs behind a message", () => {
    let now = 1_000_000;
    const clock = new Clock(() => now);
    clock.heard(now * 1000 + 5_000_000);
    expect(clock.serverUs()).toBe(now * 1000 + 5_000_000);
    clock.answered(now * 1000 + 4_000_000, now - 100, now + 100);
    expect(clock.offsetMs).toBe(4_000);
    clock.answered(now * 1000 + 9_000_000, now - 800, now + 800);
    expect(clock.offsetMs).toBe(4_000);
    clock.answered(now * 1000 + 4_200_000, now - 10, now + 10);
    expect([clock.offsetMs, clock.errorMs]).toEqual([4_200, 10]);
    now += 1_000;
    clock.heard(now * 1000 - 60_000_000);
    expect(clock.offsetMs).toBe(4_200);
  });
});

describe("speech", () => {
  it("says one sentence in five seconds, no sentence twice, and sums up what is too much", () => {
    vi.useFakeTimers();
    const said: string[] = [];
    const speech = new Speech((sentence) => said.push(sentence));
    for (const sentence of ["one", "two", "two", "three", "four", "five", "six"])
      speech.tell(sentence);
    expect(said).toEqual(["one"]);
    vi.advanceTimersByTime(SENTENCE_MS - 1);
    expect(said).toEqual(["one"]);
    vi.advanceTimersByTime(10 * SENTENCE_MS);
    expect(said).toEqual(["one", "two", "three", "four", "2 more changes"]);
    vi.useRealTimers();
  });

  it("tells of processes that fell or came back, not of passing states", () => {
    const now = (state: string) => [{ actor: "a", state }] as Child[];
    const before = new Map([["a", "ready"]]);
    expect(changesOf(before, now("backoff"))).toEqual(["a is back-off"]);
    expect(changesOf(before, now("starting"))).toEqual([]);
    expect(changesOf(new Map([["a", "backoff"]]), now("ready"))).toEqual(["a is running again"]);
    expect(changesOf(new Map(), now("ready"))).toEqual([]);
  });
});

describe("keys", () => {
  it.each([
    [{ key: "K", ctrlKey: true }, "ctrl+k"],
    [{ key: "k", metaKey: true }, "ctrl+k"],
    [{ key: "?" }, "?"],
    [{ key: "Escape" }, "Escape"],
    [{ key: "x", altKey: true }, ""],
  ])("%j is %s", (event, keys) => {
    expect(spelt({ ctrlKey: false, metaKey: false, altKey: false, ...event })).toBe(keys);
  });

  it("go to the part in focus, else to the first on the page, else to the newest", () => {
    // Higher on the page: the smaller number.
    const part = (at: number) => {
      const current = {
        at,
        compareDocumentPosition: (other: { at: number }) => (other.at < at ? 2 : 4),
      };
      return { at, place: { current: current as unknown as Element } };
    };
    const [upper, lower] = [part(1), part(2)];
    const gone = { at: 3, place: { current: null } };
    const page = { at: 0, place: undefined };
    expect(chosen([page, lower, upper, gone], null)).toBe(upper);
    expect(chosen([upper, lower], lower.place.current)).toBe(lower);
    expect(chosen([upper, lower], {} as Element)).toBe(upper);
    expect(chosen([upper, page], upper.place.current)).toBe(page);
    expect(chosen([gone], null)).toBe(gone);
    expect(chosen([], null)).toBeUndefined();
  });
});
