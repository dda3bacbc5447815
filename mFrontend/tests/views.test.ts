import { describe, expect, it } from "vitest";
import { holds, sorted } from "@/parts/sorting";
import { line } from "@/parts/Sparkline";
import type { Child } from "@/stream/messages";
import { attention } from "@/parts/attention";
import { ordersOf } from "@/views/supervision/actions";
import { type Incarnation, ending, past } from "@/views/supervision/bands";
import { branches } from "@/views/supervision/tree";

const child = (actor: string, more: Partial<Child> = {}): Child =>
  ({
    actor,
    kind: actor.split(":")[0],
    state: "ready",
    pid: 1,
    restarts: 0,
    reason: "",
    ...more,
  }) as Child;

describe("sorting", () => {
  const rows = [
    { n: "2", w: "b10" },
    { n: "10.0", w: "b9" },
    { n: null, w: "a" },
    { n: "-1", w: "C" },
  ];
  const columns = [
    { key: "n", sort: (row: (typeof rows)[number]) => row.n },
    { key: "w", sort: (row: (typeof rows)[number]) => row.w, words: true },
  ];

  it("orders decimals by value, words as people do, and the unknown last", () => {
    const by = (key: string, down: boolean) => sorted(rows, columns, { key, down });
    expect(by("n", true).map((found) => found.n)).toEqual(["10.0", "2", "-1", null]);
    expect(by("n", false).map((found) => found.n)).toEqual(["-1", "2", "10.0", null]);
    expect(by("w", false).map((found) => found.w)).toEqual(["a", "b9", "b10", "C"]);
    expect(sorted(rows, columns, { key: "other", down: true })).toBe(rows);
  });

  it("finds all words in any order", () => {
    expect(holds("account:extended:12 Main", "main EXT")).toBe(true);
    expect(holds("account:extended:12", "lighter")).toBe(false);
    expect(holds("anything", "")).toBe(true);
  });
});

describe("attention", () => {
  const seen = { ratio: "0.1", stale: false, staleReason: "", known: true };

  it("puts a dead process first, then margin, then what is missing or old", () => {
    const ranks = [
      attention({ state: "quarantined", reason: "5 crashes" }, seen),
      attention({ state: "ready", reason: "" }, { ...seen, ratio: "0.95" }),
      attention({ state: "ready", reason: "" }, { ...seen, ratio: "0.9" }),
      attention({ state: "ready", reason: "" }, { ...seen, known: false }),
      attention({ state: "ready", reason: "" }, { ...seen, stale: true, staleReason: "away" }),
      attention({ state: "ready", reason: "" }, { ...seen, ratio: "0.7" }),
      attention({ state: "starting", reason: "" }, seen),
      attention({ state: "ready", reason: "" }, seen),
    ].map((found) => found.rank);
    expect(ranks).toEqual(ranks.toSorted((a, b) => b - a));
    expect(new Set(ranks).size).toBe(ranks.length);
    expect(ranks.at(-1)).toBe(0);
  });
});

describe("supervision", () => {
  it("groups processes by kind and venue, in the order of numbers", () => {
    const found = branches(
      ["account:x:10", "account:x:2", "account:y:1", "cache", "web:1"].map((actor) => child(actor)),
      (kept) => kept.actor !== "web:1",
    );
    expect(found.map((branch) => [branch.name, branch.children.map((kept) => kept.actor)])).toEqual(
      [
        ["Cache", ["cache"]],
        ["Accounts, x", ["account:x:2", "account:x:10"]],
        ["Accounts, y", ["account:y:1"]],
      ],
    );
    const keys = found.flatMap((branch) => [branch.key, ...branch.children.map((one) => one.actor)]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("draws a past as bands that leave nothing out", () => {
    const record = (from: number, to: number, more: Partial<Incarnation> = {}): Incarnation =>
      ({
        started_us: from,
        ended_us: to,
        cause: "signal",
        signal: 9,
        exit_code: null,
        ...more,
      }) as Incarnation;
    const now = child("a", { started_us: 80, ready_us: 90, pid: 7 });
    const { bands, ticks } = past(
      now,
      [record(50, 70), record(0, 40, { cause: "stopped" })],
      100,
      80,
    );
    expect(bands).toEqual([
      { fromUs: 20, toUs: 40, kind: "running" },
      { fromUs: 40, toUs: 50, kind: "away" },
      { fromUs: 50, toUs: 70, kind: "running" },
      { fromUs: 70, toUs: 80, kind: "away" },
      { fromUs: 80, toUs: 90, kind: "starting" },
      { fromUs: 90, toUs: 100, kind: "running" },
    ]);
    expect(ticks.map((found) => found.crash)).toEqual([false, true]);
    const held = past(child("a", { pid: null, state: "quarantined" }), [record(50, 70)], 100, 80);
    expect(held.bands.at(-1)).toEqual({ fromUs: 70, toUs: 100, kind: "quarantined" });
    expect([
      ending(record(0, 1)),
      ending(record(0, 1, { signal: null, exit_code: 3, cause: "exit" })),
    ]).toEqual(["signal 9", "exit, code 3"]);
  });

  it("offers the orders that make sense", () => {
    expect(ordersOf("ready")).toContain("restart");
    expect(ordersOf("stopped")).not.toContain("stop");
    expect(ordersOf("quarantined")[0]).toBe("reset");
  });
});

describe("a sparkline", () => {
  it("stays in its box and lifts the pen over holes", () => {
    expect(line([0, 10, null, 5], 90, 20)).toBe("M0.0 19.0L30.0 1.0M90.0 10.0");
    expect(line([3], 90, 20)).toBe("M0.0 19.0");
    expect(line([], 90, 20)).toBe("");
  });
});
