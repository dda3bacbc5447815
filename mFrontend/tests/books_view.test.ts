import { beforeEach, describe, expect, it } from "vitest";
import { confirmBooks } from "@/stream/confirm";
import { store } from "@/stream/store";
import {
  type Shown,
  completed,
  firstMarkets,
  gridFor,
  marketOf,
  nextMultiple,
  placed,
  readMarkets,
  topicOf,
  tradesOf,
  writeMarkets,
} from "@/views/books/choices";
import { depthOf, outline, reachedBy } from "@/views/books/depth";
import { type BookStatus, type Instrument, choices, fitting } from "@/views/books/markets";
import { SAMPLES_MAX, SpreadHistory, inWords } from "@/views/books/spread";

const A = "orderbook:x:linear:A-USD";
const B = "orderbook:y:spot:@107";
const C = "orderbook:x:linear:C:USD";
const one = (topic: string): Shown => ({ topic, multiple: 1 });

describe("the address of books", () => {
  it("is read as it was written, with the grouping of each", () => {
    const shown = [one(A), { topic: B, multiple: 10 }, one(C)];
    expect(readMarkets(writeMarkets(shown))).toEqual(shown);
  });

  it("takes a topic from the palette", () => {
    expect(readMarkets(A)).toEqual([one(A)]);
  });

  it.each([
    ["nothing", "", []],
    ["what is no book", "trades:x:linear:A,*,orderbook:", []],
    ["the same twice", `${A}*5,${A}`, [{ topic: A, multiple: 5 }]],
    ["an unknown grouping", `${A}*3`, [one(A)]],
  ])("reads %s", (_, text, found) => {
    expect(readMarkets(text)).toEqual(found);
  });

  it("holds at most six", () => {
    const many = Array.from({ length: 9 }, (_, at) => `orderbook:x:linear:M${at}`);
    expect(readMarkets(many.join(","))).toHaveLength(6);
    expect(firstMarkets(many)).toHaveLength(4);
  });

  it("knows a topic's market, and its trades", () => {
    expect(marketOf(C)).toEqual({ venue: "x", product: "linear", symbol: "C:USD" });
    expect(topicOf(marketOf(C))).toBe(C);
    expect(tradesOf(A)).toBe("trades:x:linear:A-USD");
  });

  it("completes a product that was left out, where there is one alone", () => {
    const market = (product: string) => ({ venue: "x", product, symbol: "A-USD" });
    expect(completed("orderbook:x:A-USD", [market("linear")])).toBe(A);
    expect(completed("orderbook:x:A-USD", [market("linear"), market("spot")])).toBe(
      "orderbook:x:A-USD",
    );
    expect(completed(A, [])).toBe(A);
  });

  it("has a grid for all, groups that end, and places that move", () => {
    expect([0, 1, 2, 3, 5, 6, 9].map(gridFor)).toEqual(["1", "1", "2", "4", "6", "6", "6"]);
    expect([nextMultiple(1, -1), nextMultiple(1, 1), nextMultiple(1000, 1)]).toEqual([1, 2, 1000]);
    expect(placed([one(A), one(B)], 0, one(C))).toEqual([one(C), one(B)]);
    expect(placed([one(A), one(B)], 2, one(C))).toEqual([one(A), one(B), one(C)]);
    expect(placed([one(A), one(B)], 0, one(B))).toEqual([one(B)]);
    expect(placed([one(A), one(B)], 1, null)).toEqual([one(A)]);
  });
});

describe("the choice of markets", () => {
  const instrument = (venue: string, symbol: string, status = "active") =>
    ({
      venue,
      symbol,
      status,
      product: "linear",
      base: symbol,
      unified: `${symbol}/USDC:USDC`,
      aliases: [`${symbol}-PERP`],
    }) as unknown as Instrument;
  const status = (venue: string, symbol: string) =>
    ({ venue, symbol, product: "linear", topic: `orderbook:${venue}:linear:${symbol}` }) as BookStatus;

  it("has what runs first, each once, and nothing that cannot be traded", () => {
    const found = choices(
      [instrument("y", "BTC"), instrument("x", "ETH"), instrument("x", "OLD", "delisted")],
      [status("y", "BTC"), status("z", "SOL")],
    );
    expect(found.map((choice) => [choice.venue, choice.symbol, choice.running])).toEqual([
      ["y", "BTC", true],
      ["z", "SOL", true],
      ["x", "ETH", false],
    ]);
  });

  it("is searched by venue, symbol and alias in any order", () => {
    const found = choices([instrument("x", "ETH"), instrument("y", "ETH")], []);
    expect(fitting(found, "perp y").map((choice) => choice.venue)).toEqual(["y"]);
    expect(fitting(found, "")).toHaveLength(2);
    expect(fitting(found, "doge")).toEqual([]);
  });
});

describe("depth", () => {
  const book = {
    bids: [["99", "1.1"], ["98", "2.2"], ["90", "9"]] as [string, string][],
    asks: [["101", "0.1"], ["102", "0.2"]] as [string, string][],
  };

  it("reaches as far as both sides are known, and says exact sums", () => {
    const depth = depthOf(book);
    if (!depth) throw new Error("no depth");
    expect(depth.reach).toBeCloseTo(0.02);
    expect([depth.bids.length, depth.asks.length]).toEqual([2, 2]);
    expect(reachedBy(book, depth)).toEqual({ bids: "3.3", asks: "0.3", percent: "2.0" });
  });

  it("is drawn from the mid outwards, inside its box", () => {
    const depth = depthOf(book);
    if (!depth) throw new Error("no depth");
    for (const left of [true, false]) {
      const points = left ? depth.bids : depth.asks;
      const path = outline(points, depth, { width: 100, height: 50, left });
      expect(path.every(([x, y]) => x >= 0 && x <= 100 && y >= 0 && y <= 50)).toBe(true);
      expect(path.every(([x]) => (left ? x <= 50 : x >= 50))).toBe(true);
      expect(path.at(-1)?.[1]).toBe(50);
    }
  });

  it("is none of a crossed or empty book", () => {
    expect(depthOf({ bids: [["2", "1"]], asks: [["1", "1"]] })).toBeNull();
    expect(depthOf({ bids: [], asks: book.asks })).toBeNull();
  });
});

describe("the history of a spread", () => {
  it("has one sample a second, and so many", () => {
    const history = new SpreadHistory();
    for (let ms = 0; ms < 400_000; ms += 500) history.take(1, ms);
    expect(history.samples).toHaveLength(SAMPLES_MAX);
    const short = new SpreadHistory();
    for (let ms = 0; ms < 5_000; ms += 500) short.take(ms, ms);
    expect(short.samples).toEqual([0, 1000, 2000, 3000, 4000]);
  });

  it("has a hole where the tab slept, and words", () => {
    const history = new SpreadHistory();
    history.take(1, 0);
    history.take(3, 60_000);
    expect(history.samples).toEqual([1, null, 3]);
    expect(inWords(history.samples)).toBe("spread 1.00 to 3.00 bp in the last 3 s");
    expect(inWords([null])).toBe("no spread seen yet");
  });
});

describe("confirming a quiet book", () => {
  const status = (changed: number, asOf: number) =>
    ({ topic: A, changed_us: changed, as_of_us: asOf, stale: false, stale_reason: null }) as BookStatus;

  beforeEach(() => {
    const data = { bids: [], asks: [], changed_us: 100, as_of_us: 100, stale: false };
    store.keep([]);
    store.apply({ type: "snapshot", topic: A, id: "s-1", prev: "s-1", at_us: 1, data });
    store.flush();
  });
  const asOf = async (): Promise<number | null> => {
    // A book is shown at most ten times a second.
    await new Promise((resume) => setTimeout(resume, 150));
    store.flush();
    return store.topic(A).asOfUs;
  };

  it("makes younger what has not changed since", async () => {
    confirmBooks([status(100, 900)], Date.now() + 1);
    expect(await asOf()).toBe(900);
  });

  it("does not make younger what this tab has not been told yet", async () => {
    confirmBooks([status(800, 900)], Date.now() + 1);
    expect(await asOf()).toBe(100);
  });
});
