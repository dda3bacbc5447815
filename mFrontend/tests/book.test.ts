import { describe, expect, it } from "vitest";
import { type Level, fold, foldBook } from "@/stream/book";
import { compare } from "@/format/decimal";

/** A small generator of numbers, so that a failure can be repeated by its seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

describe("an order book", () => {
  it("knows prices by value, not by spelling, and keeps them in exact order", () => {
    const held: Level[] = [
      ["9007199254740993.1", "1"],
      ["9007199254740993.2", "1"],
    ];
    expect(
      fold(
        held,
        [
          ["9007199254740993.10", "5"],
          ["9007199254740993.15", "2"],
        ],
        1,
      ),
    ).toEqual([
      ["9007199254740993.10", "5"],
      ["9007199254740993.15", "2"],
      ["9007199254740993.2", "1"],
    ]);
    expect(
      fold(
        held,
        [
          ["9007199254740993.1", "0.000"],
          ["1", "0"],
        ],
        1,
      ),
    ).toEqual([["9007199254740993.2", "1"]]);
  });

  it("keeps the bids highest first and takes the facts of the change", () => {
    const book = foldBook(
      { bids: [["10", "1"]], asks: [["11", "1"]], sequence: 1, verified: true },
      { bids: [["10.5", "2"]], asks: [], sequence: 2 },
    );
    expect(book).toEqual({
      bids: [
        ["10.5", "2"],
        ["10", "1"],
      ],
      asks: [["11", "1"]],
      sequence: 2,
      verified: true,
    });
  });

  it.each([1, 7, 2026])("equals a map sorted at the end (seed %d)", (seed) => {
    const next = random(seed);
    const wanted = new Map<string, string>();
    let held: Level[] = [];
    for (let at = 0; at < 2_000; at += 1) {
      const price = `${Math.floor(next() * 40)}.${Math.floor(next() * 5)}`;
      const size = next() < 0.3 ? "0" : String(1 + Math.floor(next() * 9));
      held = fold(held, [[price, size]], -1);
      if (size === "0") wanted.delete(price);
      else wanted.set(price, size);
    }
    expect(held).toEqual([...wanted].toSorted(([a], [b]) => compare(b, a)));
  });
});
