import { describe, expect, it } from "vitest";
import { ratio } from "@/format/decimal";
import { isShown } from "@/parts/TableColumns";
import type { FillRow } from "@/parts/fills";
import { filtered, optionsOf, wordsOnce } from "@/parts/filtering";
import { distanceOf } from "@/parts/liquidation";
import { readOrder, sorted, spellOrder } from "@/parts/sorting";
import { sentencesOf } from "@/parts/troubles";
import type { Position } from "@/stream/messages";
import {
  OLDER_MAX,
  UNREAD,
  follow,
  horizonOf,
  horizonOfAll,
  nextOf,
  prepend,
} from "@/views/fills/older";
import { byMarket, bySettle, sumsOf } from "@/views/positions/sums";

const position = (more: Partial<Position>): Position =>
  ({
    venue: "x",
    account: "1",
    position_id: "p",
    symbol: "BTC",
    product: "linear",
    side: "long",
    quantity: "1",
    notional: "100",
    unrealized_pnl: "0",
    mark_price: "100",
    liquidation_price: null,
    ...more,
  }) as Position;

describe("the order of rows", () => {
  const columns = [{ key: "n", sort: (row: { n: string | null }) => row.n }];
  const by = (values: readonly (string | null)[], down: boolean) =>
    sorted(
      values.map((n) => ({ n })),
      columns,
      { key: "n", down },
    ).map((row) => row.n);

  it("tells numbers apart that are the same as binary fractions", () => {
    const near = ["0.10000000000000000002", "0.1", "0.10000000000000000001"];
    expect(by(near, false)).toEqual(["0.1", "0.10000000000000000001", "0.10000000000000000002"]);
    expect(by(["9007199254740993", "9007199254740992"], true)[0]).toBe("9007199254740993");
  });

  it("keeps rows of the same value in their order, and the unknown last both ways", () => {
    expect(by(["1.0", null, "1", "1.00", "-2"], false)).toEqual(["-2", "1.0", "1", "1.00", null]);
    expect(by(["1.0", null, "1", "1.00", "-2"], true)).toEqual(["1.0", "1", "1.00", "-2", null]);
  });

  it("sorts 10,000 decimals within a frame or two", () => {
    const many = Array.from({ length: 10_000 }, (_, at) => `${(at * 7919) % 10_007}.00000000`);
    const began = performance.now();
    expect(by(many, true)[0]).toBe("10006.00000000");
    expect(performance.now() - began).toBeLessThan(200);
  });

  it("is written in the address and read from it", () => {
    for (const order of [
      { key: "notional", down: true },
      { key: "account", down: false },
    ])
      expect(readOrder(spellOrder(order))).toEqual(order);
    expect(spellOrder({ key: "notional", down: true })).toBe("-notional");
    expect([readOrder(""), readOrder("-"), spellOrder(null)]).toEqual([null, null, ""]);
  });
});

describe("filters", () => {
  const rows = [
    { venue: "a", side: "buy", id: "10" },
    { venue: "a", side: "sell", id: "2" },
    { venue: "b", side: "buy", id: "" },
  ];
  const filters = ["venue", "side", "id"].map((key) => ({
    key,
    title: key,
    value: (row: (typeof rows)[number]) => row[key as "venue"],
  }));
  const text = wordsOnce<(typeof rows)[number]>((row) => `${row.venue} ${row.side.toUpperCase()}`);

  it("has all chosen values and all words fit", () => {
    const fit = (chosen: readonly (readonly [string, string])[], search = "") =>
      filtered(rows, filters, new Map(chosen), search, text);
    expect(fit([])).toBe(rows);
    expect(fit([], "  ")).toBe(rows);
    expect(fit([["venue", "a"]])).toHaveLength(2);
    expect(
      fit([
        ["venue", "a"],
        ["side", "buy"],
      ]),
    ).toEqual([rows[0]]);
    expect(fit([["venue", "a"]], "SELL a")).toEqual([rows[1]]);
    expect(fit([["venue", "none"]])).toEqual([]);
  });

  it("offers what there is, as people sort it, and what was chosen", () => {
    const options = optionsOf(rows, filters, new Map([["venue", "gone"]]));
    expect(options.get("venue")).toEqual(["a", "b", "gone"]);
    expect(options.get("id")).toEqual(["2", "10"]);
  });
});

describe("columns", () => {
  it("are shown as they are by themselves until they are turned; the first always", () => {
    const turned = new Set(["a", "b", "c"]);
    expect(isShown({ key: "a", title: "" }, 0, turned)).toBe(true);
    expect(isShown({ key: "b", title: "" }, 1, turned)).toBe(false);
    expect(isShown({ key: "c", title: "", hidden: true }, 2, turned)).toBe(true);
    expect(isShown({ key: "d", title: "", hidden: true }, 3, turned)).toBe(false);
    expect(isShown({ key: "e", title: "" }, 4, turned)).toBe(true);
  });
});

describe("accounts in trouble", () => {
  it("are told once per cause", () => {
    const troubles = [
      { account: "x:1", reason: "no word from the service" },
      { account: "x:2", reason: "no word from the service" },
      { account: "y:1", reason: "process backoff" },
    ];
    expect(sentencesOf(troubles, 80)).toEqual([
      "x:1, x:2: no word from the service",
      "y:1: process backoff",
    ]);
    expect(sentencesOf(troubles.slice(0, 2), 2)).toEqual([
      "all 2 accounts: no word from the service",
    ]);
    expect(sentencesOf([], 80)).toEqual([]);
    const cut = ["x:1", "x:2"].map((account) => ({
      account,
      reason: `stopped, account:${account} is not linked to the cache`,
    }));
    expect(sentencesOf(cut, 80)).toEqual([
      "x:1, x:2: stopped, its process is not linked to the cache",
    ]);
  });

  it("are counted where they are many", () => {
    const many = Array.from({ length: 20 }, (_, at) => ({ account: `x:${at}`, reason: "r" }));
    expect(sentencesOf(many, 80)[0]).toMatch(/x:7 and 12 more: r$/);
  });
});

describe("positions", () => {
  it("add up exactly, longs and shorts apart", () => {
    const found = sumsOf([
      position({ notional: "0.1", unrealized_pnl: "0.2" }),
      position({ notional: "0.2", unrealized_pnl: "-0.5" }),
      position({ notional: "1", side: "short", unrealized_pnl: null }),
    ]);
    expect(found).toEqual({
      count: 3,
      longNotional: "0.3",
      shortNotional: "1",
      netNotional: "-0.7",
      grossNotional: "1.3",
      unrealizedPnl: "-0.3",
      unvalued: 1,
    });
  });

  it("are not added over settlement assets", () => {
    const settle = bySettle(
      [position({ account: "1" }), position({ account: "2" }), position({ account: "3" })],
      (account) => ({ "x:1": "USD", "x:2": "USDC" })[account],
    );
    expect([...settle].map(([asset, sums]) => [asset, sums.count])).toEqual([
      ["USD", 1],
      ["USDC", 1],
      ["", 1],
    ]);
  });

  it("come together by market, with the one that is nearest to its liquidation", () => {
    const markets = byMarket([
      position({ account: "1", quantity: "3", liquidation_price: "60" }),
      position({ account: "2", quantity: "5", side: "short", liquidation_price: "110" }),
      position({ account: "2", venue: "y" }),
    ]);
    expect(markets.map((row) => [row.key, row.netQuantity, row.count, row.distance])).toEqual([
      ["x:linear:BTC", "-2", 2, "0.10000000"],
      ["y:linear:BTC", "1", 1, null],
    ]);
  });

  it("say how far the price may move", () => {
    expect(distanceOf(position({ mark_price: "100", liquidation_price: "80" }))).toBe("0.20000000");
    const short = position({ side: "short", mark_price: "100", liquidation_price: "130" });
    expect(distanceOf(short)).toBe("0.30000000");
    const beyond = position({ mark_price: "100", liquidation_price: "105" });
    expect(distanceOf(beyond)).toBe("-0.05000000");
    expect(distanceOf(position({ liquidation_price: null }))).toBe(null);
  });

  it("have shares cut, not rounded, and none of nothing", () => {
    expect(ratio("2", "3", 4)).toBe("0.6666");
    expect(ratio("-0.5", "0.25", 2)).toBe("-2.00");
    expect([ratio("1", "0"), ratio("1", "0.00"), ratio(null, "1")]).toEqual([null, null, null]);
    expect(ratio("0", "3", 2)).toBe("0.00");
  });
});

describe("fills of the past", () => {
  const fill = (at: number): FillRow =>
    ({
      venue: "x",
      account: "1",
      fill_id: String(at),
      venue_time_us: at,
      received_us: at,
    }) as FillRow;
  const live = (...at: number[]) => at.map(fill);
  const page = (next: string | null, ...at: number[]) =>
    ({
      items: at.map((us) => ({ venue: "x", account: "1", fill_id: String(us), at_us: us })),
      next_cursor: next,
    }) as unknown as Parameters<typeof prepend>[1];
  const ids = (past: { older: readonly FillRow[]; live: readonly FillRow[] }) =>
    [...past.older, ...past.live].map((row) => row.fill_id);

  it("join on to those of the stream without a double", () => {
    const held = follow(UNREAD, live(5, 6));
    const read = prepend(held, page("next", 5, 4, 3), held);
    expect(ids(read)).toEqual(["3", "4", "5", "6"]);
    expect(horizonOf(read)).toBe(3);
    const done = prepend(read, page(null, 2), read);
    expect([ids(done)[0], horizonOf(done)]).toEqual(["2", -Infinity]);
  });

  it("leave no hole when the stream lets its oldest go", () => {
    const held = follow(UNREAD, live(5, 6));
    const read = prepend(held, page("next", 4), held);
    expect(ids(follow(read, live(6, 7)))).toEqual(["4", "5", "6", "7"]);
  });

  it("are let go where nothing says what lies between", () => {
    const held = follow(UNREAD, live(5, 6));
    const read = prepend(held, page("next", 4), held);
    expect(follow(read, live(9))).toEqual({ ...UNREAD, live: live(9) });
    const full = { ...read, older: Array.from({ length: OLDER_MAX }, (_, at) => fill(at)) };
    expect(follow(full, live(6, 7)).older).toEqual([]);
  });

  it("do not take a page that was asked for by what is held no longer", () => {
    const asked = follow(UNREAD, live(5, 6));
    const later = follow(asked, live(20, 21));
    expect(prepend(later, page("next", 4), asked)).toBe(later);
  });

  it("are complete as far back as the least known account, which is read first", () => {
    const pasts = new Map([
      ["a", follow(UNREAD, live(5, 9))],
      ["b", follow(UNREAD, live(8, 9))],
      ["c", UNREAD],
      ["d", { ...UNREAD, ended: true }],
    ]);
    expect(horizonOfAll(pasts.values())).toBe(8);
    expect(nextOf(pasts, 2)).toEqual(["b", "a"]);
    expect(nextOf(pasts, 9)).toEqual(["b", "a", "c"]);
  });
});
