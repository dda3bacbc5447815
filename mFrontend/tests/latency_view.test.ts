import { describe, expect, it } from "vitest";
import { Clock } from "@/stream/clock";
import { type Figures, Histogram } from "@/stream/histogram";
import type { TopicMessage } from "@/stream/messages";
import { Transit } from "@/stream/transit";
import { clockLine } from "@/views/latency/Tab";
import { onAxis } from "@/views/latency/axis";
import {
  LEGS,
  NOTHING,
  type Report,
  clockWords,
  figuresOf,
  rows,
  together,
  waterfall,
} from "@/views/latency/legs";

const figures = (count: number, p50: number, p99 = p50, max = p99): Figures => ({
  count,
  min_ms: p50,
  p50_ms: p50,
  p90_ms: p99,
  p99_ms: p99,
  max_ms: max,
});

type Legs = Readonly<Record<string, Figures>>;

const actor = (name: string, legs: Legs): Report["actors"][number] => ({
  actor: name,
  legs: Object.entries(legs).map(([leg, each]) => ({ leg, last_1m: each, last_15m: NOTHING })),
});

const report = {
  web: "web:1",
  actors: [
    actor("account:x:1", { venue_to_actor: figures(10, 3, 9), actor_to_cache: figures(10, 1) }),
    actor("account:y:2", { venue_to_actor: figures(30, 5, 90), actor_to_cache: figures(30, 1) }),
    actor("supervisor", { actor_to_cache: figures(5, 1) }),
    actor("web:1", { cache_to_web: figures(5, 2) }),
  ],
} as unknown as Report;

describe("the legs", () => {
  it("are read per window; one that was not measured is nothing", () => {
    expect(figuresOf(report.actors[0], "venue_to_actor", "1 min").p99_ms).toBe(9);
    expect(figuresOf(report.actors[0], "venue_to_actor", "15 min")).toEqual(NOTHING);
    expect(figuresOf(undefined, "venue_to_actor", "1 min")).toEqual(NOTHING);
  });

  it("give rows, the slowest first, without the web process that answers", () => {
    expect(rows(report, "1 min").map((each) => [each.actor, each.venue, each.slowestMs])).toEqual([
      ["account:y:2", "y", 91],
      ["account:x:1", "x", 10],
      ["supervisor", "", 1],
    ]);
  });

  it("of many are the middle one's p50 and the worst one's rest", () => {
    const all = [figures(10, 3, 9), NOTHING, figures(30, 5, 90), figures(1, 700, 800)];
    const worst = { p90_ms: 800, p99_ms: 800, max_ms: 800 };
    expect(together(all)).toEqual({ count: 41, min_ms: 3, p50_ms: 5, ...worst });
    expect(together([NOTHING])).toBe(NOTHING);
    expect(together([])).toBe(NOTHING);
  });

  it("follow each other; what is unknown or below 0 has no length", () => {
    const steps = [figures(1, -4), figures(1, 2), NOTHING, figures(1, 3)].map((each) => ({
      leg: LEGS.venue,
      figures: each,
    }));
    const { bars, totalMs } = waterfall(steps, "p50");
    expect(bars.map((each) => [each.fromMs, each.lengthMs])).toEqual([
      [0, 0],
      [0, 2],
      [2, null],
      [2, 3],
    ]);
    expect(totalMs).toBe(5);
  });
});

describe("clocks", () => {
  it("agree as long as the uncertainty allows it", () => {
    expect(clockWords({ offset_ms: -80, uncertainty_ms: 100 }).agrees).toBe(true);
    expect(clockWords({ offset_ms: 150, uncertainty_ms: 100 }).words).toBe(
      "at least 50\u202fms ahead of ours",
    );
    expect(clockWords({ offset_ms: -150, uncertainty_ms: 100 }).words).toContain("behind");
    expect(clockLine(0, Infinity)).toContain("not measured");
    expect(clockLine(-3, 0.5)).toContain("3.00\u202fms behind");
  });

  it("stand on an axis of equal decades", () => {
    expect([-1, 0.1, 1, 10, 10_000, 1e9].map((each) => Math.round(onAxis(each)))).toEqual([
      0, 0, 20, 40, 100, 100,
    ]);
  });
});

describe("the histogram", () => {
  it("has quantiles within 15 % and exact extremes", () => {
    const found = new Histogram();
    for (let ms = 1; ms <= 1_000; ms += 1) found.add(ms, 0);
    const { count, min_ms, max_ms, p50_ms, p99_ms } = found.figures(60_000, 0);
    expect([count, min_ms, max_ms]).toEqual([1_000, 1, 1_000]);
    expect(Math.abs((p50_ms ?? 0) / 500 - 1)).toBeLessThan(0.15);
    expect(Math.abs((p99_ms ?? 0) / 990 - 1)).toBeLessThan(0.15);
    expect(found.buckets(60_000, 0).reduce((sum, each) => sum + each.count, 0)).toBe(1_000);
  });

  it("forgets what is older than its window, and all after a quarter of an hour", () => {
    const found = new Histogram();
    found.add(5, 0);
    found.add(7, 120_000);
    expect(found.figures(60_000, 120_000)).toMatchObject({ count: 1, max_ms: 7 });
    expect(found.figures(900_000, 120_000).count).toBe(2);
    for (let slice = 0; slice < 61; slice += 1) found.add(9, 900_000 + slice * 15_000);
    expect(found.figures(9e9, 1_800_000).count).toBe(60);
    expect(found.figures(60_000, 5_000_000)).toEqual(NOTHING);
  });

  it("keeps what is below 0 as the extreme that it is", () => {
    const found = new Histogram();
    found.add(-3, 0);
    const extremes = { min_ms: -3, max_ms: -3, p50_ms: -3 };
    expect(found.figures(60_000, 0)).toMatchObject({ count: 1, ...extremes });
  });
});

describe("the tab's own legs", () => {
  function set() {
    let localMs = 1_000_000;
    let nowMs = 0;
    const paints: (() => void)[] = [];
    const clock = new Clock(() => localMs);
    clock.answered(localMs * 1_000, localMs, localMs);
    const transit = new Transit(
      clock,
      (run) => paints.push(run),
      () => nowMs,
    );
    const say = (topic: string, more: Partial<TopicMessage> = {}) =>
      transit.heard({
        type: "update",
        topic,
        id: null,
        prev: null,
        at_us: localMs * 1_000,
        ...more,
      });
    return {
      transit,
      say,
      pass: (ms: number) => {
        localMs += ms;
        nowMs += ms;
      },
      paint: () => paints.splice(0).forEach((run) => run()),
      local: () => localMs,
    };
  }

  it("measure each change from the service's word to this tab, and to its picture", () => {
    const { transit, say, pass, paint, local } = set();
    transit.opened();
    pass(100);
    say("a", { at_us: (local() - 8) * 1_000 });
    pass(20);
    say("a");
    say("b");
    transit.shown(["a"]);
    pass(5);
    paint();
    expect(transit.toTab.figures(60_000, 0)).toMatchObject({ count: 3, max_ms: 8, min_ms: 0 });
    expect(transit.toScreen.figures(60_000, 0)).toMatchObject({ count: 2, max_ms: 25, min_ms: 5 });
  });

  it("leave out what was told whole, what is of before, and what waited in a pause", () => {
    const { transit, say, pass, paint, local } = set();
    say("before");
    transit.opened();
    pass(100);
    say("resumed", { at_us: (local() - 500) * 1_000 });
    say("whole", { type: "snapshot" });
    transit.shown(["before", "resumed", "whole"]);
    paint();
    expect(transit.toTab.figures(60_000, 0).count).toBe(0);
    expect(transit.toScreen.figures(60_000, 0).count).toBe(0);
    say("paused");
    transit.forget();
    transit.shown(["paused"]);
    paint();
    expect(transit.toScreen.figures(60_000, 0).count).toBe(0);
  });

  it("say nothing of a road whose clock was never measured", () => {
    const transit = new Transit(
      new Clock(() => 0),
      (run) => run(),
      () => 0,
    );
    transit.opened();
    transit.heard({ type: "update", topic: "a", id: null, prev: null, at_us: 9 });
    expect(transit.toTab.figures(60_000, 0).count).toBe(0);
    transit.shown(["a"]);
    expect(transit.toScreen.figures(60_000, 0).count).toBe(1);
  });
});
