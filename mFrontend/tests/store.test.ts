import { beforeEach, describe, expect, it } from "vitest";
import type { TopicMessage } from "@/stream/messages";
import { Store } from "@/stream/store";

const ORDERS = "orders:extended:1";
const BOOK = "orderbook:extended:linear:BTC-USD";
let frames: (() => void)[] = [];
let now = 0;
let store: Store;

const say = (
  type: TopicMessage["type"],
  topic: string,
  id: number,
  prev: number,
  data?: unknown,
  stream = "s",
) =>
  store.apply({
    type,
    topic,
    id: `${stream}-${id}`,
    prev: `${stream}-${prev}`,
    at_us: 1_000_000 + id,
    data,
  });
const flush = (): void => {
  now += 1_000;
  const due = frames;
  frames = [];
  for (const run of due) run();
};
const order = (id: string, status = "open") => ({ order_id: id, status, as_of_us: 5 });

beforeEach(() => {
  frames = [];
  now = 0;
  store = new Store(
    (run) => void frames.push(run),
    () => now,
  );
});

describe("the chain of a topic", () => {
  it("shows a snapshot and what follows it, once per frame", () => {
    let told = 0;
    store.listen(ORDERS, () => (told += 1));
    expect(say("snapshot", ORDERS, 10, 10, [order("a")])).toBe("applied");
    expect(say("update", ORDERS, 12, 10, order("b"))).toBe("applied");
    expect(store.topic(ORDERS).rows).toEqual([]);
    expect(frames).toHaveLength(1);
    flush();
    expect(told).toBe(1);
    expect(store.topic(ORDERS).rows.map((row) => row["order_id"])).toEqual(["a", "b"]);
  });

  it("passes over what it has seen, also after a resumed or doubled telling", () => {
    say("snapshot", ORDERS, 10, 10, [order("a")]);
    expect(say("update", ORDERS, 10, 8, order("x"))).toBe("passed");
    expect(say("update", ORDERS, 9, 8, order("x"))).toBe("passed");
    flush();
    expect(store.topic(ORDERS).rows).toHaveLength(1);
  });

  it("sees a hole by prev, and heals by a snapshot", () => {
    say("snapshot", ORDERS, 10, 10, [order("a")]);
    expect(say("update", ORDERS, 14, 12, order("c"))).toBe("gap");
    expect(say("snapshot", ORDERS, 14, 14, [order("b"), order("c")])).toBe("applied");
    expect(say("update", ORDERS, 15, 14, order("b", "filled"))).toBe("applied");
    flush();
    expect(store.topic(ORDERS).rows.map((row) => row["order_id"])).toEqual(["c"]);
  });

  it("takes no update before a snapshot, nor after a reset", () => {
    expect(say("update", ORDERS, 4, 3, order("a"))).toBe("gap");
    say("snapshot", ORDERS, 4, 4, []);
    say("reset", ORDERS, 5, 5);
    expect(say("update", ORDERS, 6, 5, order("a"))).toBe("gap");
  });

  it("takes a snapshot of another stream whose numbers are smaller", () => {
    say("snapshot", ORDERS, 900, 900, [order("a")]);
    expect(say("snapshot", ORDERS, 3, 3, [order("z")], "t")).toBe("applied");
    expect(say("update", ORDERS, 4, 3, order("y"), "t")).toBe("applied");
  });
});

describe("resuming", () => {
  it("names the newest id where every topic was told whole", () => {
    say("snapshot", ORDERS, 10, 10, []);
    say("snapshot", "orders:extended:2", 7, 7, []);
    say("update", "orders:extended:2", 22, 7, order("a"));
    expect(store.since(["orders:*"])).toBe("s-22");
    expect(store.since(["orders:*", "fills:*"])).toBeNull();
    say("reset", ORDERS, 23, 23);
    expect(store.since(["orders:*"])).toBeNull();
  });

  it("names none over two streams", () => {
    say("snapshot", ORDERS, 10, 10, []);
    say("snapshot", "orders:extended:2", 7, 7, [], "t");
    expect(store.since(["orders:*"])).toBeNull();
  });
});

describe("what is shown", () => {
  it("conflates: many changes between two pictures are one telling", () => {
    let told = 0;
    store.listen(BOOK, () => (told += 1));
    say("snapshot", BOOK, 1, 1, {
      bids: [["10", "1"]],
      asks: [["11", "1"]],
      stale: false,
      as_of_us: 1,
    });
    flush();
    for (let id = 2; id < 102; id += 1) {
      say("update", BOOK, id, id - 1, {
        bids: [["9.5", String(id)]],
        asks: [["11.0", "0"]],
        stale: false,
        as_of_us: id,
      });
    }
    expect(frames).toHaveLength(1);
    flush();
    expect(told).toBe(2);
    expect(store.topic(BOOK).data).toMatchObject({
      bids: [
        ["10", "1"],
        ["9.5", "101"],
      ],
      asks: [],
    });
    expect(store.topic(BOOK).asOfUs).toBe(101);
  });

  it("stands still while paused, and then shows the newest", () => {
    say("snapshot", ORDERS, 1, 1, [order("a")]);
    flush();
    store.pause(true);
    say("update", ORDERS, 2, 1, order("b"));
    flush();
    expect(store.topic(ORDERS).rows).toHaveLength(1);
    store.pause(false);
    flush();
    expect(store.topic(ORDERS).rows).toHaveLength(2);
  });

  it("keeps unchanged states and pattern lists identical", () => {
    say("snapshot", ORDERS, 1, 1, [order("a")]);
    say("snapshot", "orders:extended:2", 2, 2, []);
    flush();
    store.listenAll("orders:*", () => undefined);
    const [before, list] = [store.topic(ORDERS), store.topics("orders:*")];
    expect(store.topics("orders:*")).toBe(list);
    say("update", "orders:extended:2", 3, 2, order("b"));
    flush();
    expect(store.topic(ORDERS)).toBe(before);
    expect(store.topics("orders:*")).not.toBe(list);
    expect(store.topic("orders:extended:9")).toBe(store.topic("orders:extended:9"));
  });

  it("keeps at most 500 fills, the newest, oldest first", () => {
    const fill = (id: number) => ({ fill_id: String(id), as_of_us: id });
    say(
      "snapshot",
      "fills:extended:1",
      1,
      1,
      Array.from({ length: 500 }, (_, at) => fill(500 - at)),
    );
    say("update", "fills:extended:1", 2, 1, fill(501));
    flush();
    const { rows } = store.topic("fills:extended:1");
    expect([rows.length, rows[0]?.["fill_id"], rows.at(-1)?.["fill_id"]]).toEqual([
      500,
      "2",
      "501",
    ]);
  });

  it("forgets what no pattern covers", () => {
    say("snapshot", ORDERS, 1, 1, [order("a")]);
    say("snapshot", BOOK, 2, 2, { bids: [], asks: [] });
    flush();
    store.keep(["orders:*"]);
    expect(store.topic(BOOK).held).toBe(false);
    expect(store.topic(ORDERS).held).toBe(true);
  });
});

describe("freshness", () => {
  const account = "account:extended:1";

  it("takes the service's word at once, without a change of data", () => {
    say("snapshot", account, 1, 1, { equity: "1", stale: false, as_of_us: 9 });
    store.apply({
      type: "freshness",
      topic: account,
      id: "s-1",
      prev: "s-1",
      at_us: 2,
      data: { stale: true, stale_reason: "away", as_of_us: 9 },
    });
    flush();
    expect(store.topic(account)).toMatchObject({ stale: true, staleReason: "away", asOfUs: 9 });
  });

  it("lets an answer confirm, but not overrule what the stream said after it was asked for", () => {
    say("snapshot", account, 1, 1, { equity: "1", stale: false, as_of_us: 9 });
    now = 100;
    store.confirm(account, { as_of_us: 12, stale: true, stale_reason: "old" }, 50);
    flush();
    expect(store.topic(account)).toMatchObject({ stale: true, asOfUs: 12 });
    store.apply({
      type: "freshness",
      topic: account,
      id: "s-1",
      prev: "s-1",
      at_us: 2,
      data: { stale: false, as_of_us: 13 },
    });
    store.confirm(account, { as_of_us: 11, stale: true, stale_reason: "old" }, 60);
    flush();
    expect(store.topic(account)).toMatchObject({ stale: false, asOfUs: 13 });
  });

  it("marks a stream that has ended", () => {
    say("snapshot", "candles:x:linear:A:1m", 1, 1, [{ start_us: 1 }]);
    store.apply({
      type: "update",
      topic: "candles:x:linear:A:1m",
      kind: "stream_ended",
      id: "s-2",
      prev: "s-1",
      at_us: 2,
      data: {},
    });
    flush();
    expect(store.topic("candles:x:linear:A:1m")).toMatchObject({ stale: true, rows: [] });
  });
});
