import { describe, expect, it } from "vitest";
import { approximate, compare, sum } from "@/format/decimal";
import { digitsOf, fromFixed, toFixed } from "@/parts/LadderFixed";
import { formatOf } from "@/parts/LadderPainter";
import { type Look, ladderOf, topOf } from "@/parts/LadderRows";
import type { Level } from "@/stream/book";

const BASE: Look = { rows: 20, tick: "0.1", multiple: 1, unit: "base", sides: "both" };

const BOOK = {
  bids: [
    ["100.4", "1.50"],
    ["100.3", "2"],
    ["99.9", "0.25"],
  ] as Level[],
  asks: [
    ["100.6", "3"],
    ["100.7", "1"],
    ["101.2", "4.125"],
  ] as Level[],
};

describe("decimal text as whole numbers", () => {
  it.each([
    ["0", 2, 0n],
    ["12.5", 3, 12_500n],
    ["-0.001", 3, -1n],
    ["1e-7", 7, 1n],
    ["1.5E3", 0, 1500n],
    ["no number", 2, 0n],
  ])("%s with %i digits", (text, digits, value) => {
    expect(toFixed(text, digits)).toBe(value);
  });

  it("comes back as it was", () => {
    for (const text of ["0.001", "9007199254740993.25", "-12", "100"]) {
      expect(fromFixed(toFixed(text, digitsOf(text)), digitsOf(text))).toBe(text);
    }
  });

  it("counts the digits after the point that matter, also of exponents", () => {
    const texts = ["12", "100", "1.50", "83353.000000", "0.105", "1e-7", "2.5e1", ".5"];
    expect(texts.map(digitsOf)).toEqual([0, 0, 1, 0, 3, 7, 0, 1]);
    expect(toFixed("83353.100000", 1)).toBe(833_531n);
  });
});

describe("the top of a book", () => {
  it("has mid and spread exactly, and the spread in basis points of the mid", () => {
    expect(topOf(BOOK)).toEqual({
      bid: "100.4",
      ask: "100.6",
      spread: "0.2",
      mid: "100.50",
      points: "19.90",
      crossed: false,
    });
  });

  it("is exact beyond binary fractions", () => {
    const top = topOf({
      bids: [["9007199254740993.1", "1"]],
      asks: [["9007199254740993.2", "1"]],
    });
    expect([top?.mid, top?.spread]).toEqual(["9007199254740993.15", "0.1"]);
  });

  it.each([
    ["equal prices", "100.4", "100.40", true],
    ["a bid above the ask", "100.5", "100.4", true],
    ["a market", "100.4", "100.5", false],
  ])("calls %s crossed or not", (_, bid, ask, crossed) => {
    expect(topOf({ bids: [[bid, "1"]], asks: [[ask, "1"]] })?.crossed).toBe(crossed);
  });

  it("is unknown while a side is empty", () => {
    expect(topOf({ bids: BOOK.bids, asks: [] })).toBeNull();
  });
});

describe("the rows of a ladder", () => {
  it("are the venue's own text, best first, cumulated", () => {
    const { bids, asks } = ladderOf(BOOK, BASE);
    expect(bids.map((one) => [one.price, one.size, one.total])).toEqual([
      ["100.4", "1.50", "1.500"],
      ["100.3", "2", "3.500"],
      ["99.9", "0.25", "3.750"],
    ]);
    expect(asks.map((one) => one.total)).toEqual(["3.000", "4.000", "8.125"]);
  });

  it("have bars that compare between the sides", () => {
    const { bids, asks, bidsShare } = ladderOf(BOOK, BASE);
    expect(asks.at(-1)?.share).toBe(1);
    expect(bids.at(-1)?.share).toBe(0.461);
    expect(bidsShare).toBe(316);
    expect(ladderOf(BOOK, { ...BASE, sides: "bids" }).bids.at(-1)?.share).toBe(1);
  });

  it("cover prices down to theirs for bids and up to theirs for asks", () => {
    const { bids, asks, priceDigits } = ladderOf(BOOK, { ...BASE, multiple: 5 });
    expect(bids.map((one) => [one.price, one.size])).toEqual([
      ["100.0", "3.500"],
      ["99.5", "0.250"],
    ]);
    expect(asks.map((one) => [one.price, one.size])).toEqual([
      ["101.0", "4.000"],
      ["101.5", "4.125"],
    ]);
    expect(priceDigits).toBe(1);
    expect(ladderOf(BOOK, { ...BASE, multiple: 10 }).priceDigits).toBe(0);
  });

  it("keep 0 digits where a step of tens ends in zeros", () => {
    const book = { bids: [["84139", "1"]] as Level[], asks: [["84150", "1"]] as Level[] };
    const { bids, asks, priceDigits } = ladderOf(book, { ...BASE, tick: "1", multiple: 100 });
    expect([bids[0]?.price, asks[0]?.price, priceDigits]).toEqual(["84100", "84200", 0]);
  });

  it("count in quote: price times size, exactly", () => {
    const { bids, sizeDigits } = ladderOf(BOOK, { ...BASE, unit: "quote" });
    expect(bids.map((one) => one.size)).toEqual(["150.6000", "200.6000", "24.9750"]);
    expect(bids.at(-1)?.total).toBe("376.1750");
    expect(sizeDigits).toBe(2);
  });

  it("are no more than asked for", () => {
    const { bids } = ladderOf(BOOK, { ...BASE, rows: 2 });
    expect(bids.map((one) => one.price)).toEqual(["100.4", "100.3"]);
  });

  it("mark what is five times the median, of eight sizes or more", () => {
    const plain: Level[] = Array.from({ length: 9 }, (_, at) => [`${90 - at}`, "1"]);
    const book = { bids: [...plain, ["80", "5"], ["79", "4.9"]] as Level[], asks: [] };
    const large = ladderOf(book, BASE).bids.filter((one) => one.large);
    expect(large.map((one) => one.size)).toEqual(["5"]);
    const few = { bids: [["2", "1"], ["1", "900"]] as Level[], asks: [] };
    expect(ladderOf(few, BASE).bids.some((one) => one.large)).toBe(false);
  });

  it("stand an empty book", () => {
    expect(ladderOf({ bids: [], asks: [] }, BASE)).toMatchObject({
      bids: [],
      asks: [],
      top: null,
      bidsShare: null,
    });
  });

  it.each([1, 7, 2026])("lose nothing and never cross when grouped, seed %i", (seed) => {
    let state = seed;
    const next = (below: number): number => {
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 50; round += 1) {
      let price = 10_000 + next(1000);
      const side = (way: number): Level[] =>
        Array.from({ length: 30 }, () => {
          price += way * (1 + next(9));
          return [(price / 100).toFixed(2), `0.${1 + next(999)}`];
        });
      const start = price;
      const bids = side(-1);
      price = start;
      const asks = side(1);
      const multiple = [1, 2, 5, 10, 50][next(5)] ?? 1;
      const found = ladderOf({ bids, asks }, { ...BASE, tick: "0.01", rows: 40, multiple });
      for (const [rows, levels] of [
        [found.bids, bids],
        [found.asks, asks],
      ] as const) {
        const whole = sum(levels.map(([, size]) => size));
        expect(compare(rows.at(-1)?.total, whole)).toBe(0);
        expect(compare(sum(rows.map((one) => one.size)), whole)).toBe(0);
        const totals = rows.map((one) => approximate(one.total));
        expect(totals).toEqual(totals.toSorted((a, b) => a - b));
      }
      expect(compare(found.bids[0]?.price, found.asks[0]?.price)).toBe(-1);
    }
  });
});

describe("formatters", () => {
  it("are one per precision, and pad to it", () => {
    expect(formatOf(2)).toBe(formatOf(2));
    expect(formatOf(2)("1234.5")).toBe("1\u202f234.50");
    expect(formatOf(0)("1234.5")).toBe("1\u202f235");
  });
});
