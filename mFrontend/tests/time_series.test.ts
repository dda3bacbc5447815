import { describe, expect, it } from "vitest";
import {
  type Series,
  colourOf,
  curve,
  dashOf,
  extent,
  moved,
  nearest,
  reading,
  readingsAt,
  scaleOf,
  timeLabels,
  valueLabels,
} from "@/parts/TimeSeriesData";

const equity: Series = { name: "equity", values: ["100.10", null, "100.30"], look: { digits: 2 } };
const ratio: Series = { name: "ratio", values: ["0.5e2", "0.25e2", null], unit: "%" };

describe("the curve", () => {
  it("keeps gaps, and is as long as the moments are many", () => {
    expect(curve([1e6, 2e6, 3e6], [equity, { name: "short", values: ["7"] }])).toEqual([
      [1, 2, 3],
      [100.1, null, 100.3],
      [7, null, null],
    ]);
  });

  it("tells series apart by stroke as well as by colour", () => {
    const looks = [0, 1, 2, 3].map((at) => `${colourOf(equity, at)} ${dashOf(at).join()}`);
    expect(new Set(looks).size).toBe(4);
    expect(new Set([0, 1, 2, 3].map((at) => dashOf(at).join())).size).toBe(4);
    expect(colourOf({ ...equity, colour: "down" }, 0)).toBe("down");
  });
});

describe("what is read", () => {
  it("is the exact text, never the number that was drawn", () => {
    const exact: Series = { name: "x", values: ["12345678901234567890.123456789"] };
    expect(reading(exact, 0).replaceAll("\u202f", "")).toBe("12345678901234567890.123456789");
    expect(reading(ratio, 0)).toBe("50\u202f%");
    expect(reading(ratio, 2)).toBe("–");
  });

  it("is one sentence for all series", () => {
    const at = new Date(2020, 1, 3, 4, 5, 6).getTime() * 1000;
    expect(readingsAt([at], [equity, ratio], 0)).toBe(
      "2020-02-03 04:05:06: equity 100.10, ratio 50\u202f%",
    );
  });
});

describe("extent", () => {
  it("finds the ends by exact value and passes over gaps", () => {
    const values = [null, "0.3000000000000000001", "0.3", "-5", null, "0.30", null];
    expect(extent(values)).toEqual({ first: 1, last: 5, lowest: 3, highest: 1 });
    expect(extent([null, null])).toBeNull();
    expect(extent([])).toBeNull();
  });
});

describe("nearest", () => {
  it("finds the moment that is closest on either side", () => {
    const at = [10, 20, 40];
    expect([0, 10, 14, 16, 29, 31, 99].map((us) => nearest(at, us))).toEqual([0, 0, 0, 1, 1, 2, 2]);
    expect(nearest([], 5)).toBe(-1);
    expect(nearest([7], 5)).toBe(0);
  });
});

describe("moved", () => {
  it("steps, leaps and stays within the points", () => {
    expect(moved("ArrowLeft", 0, 50)).toBe(0);
    expect(moved("ArrowRight", 3, 50)).toBe(4);
    expect(moved("PageUp", 48, 50)).toBe(49);
    expect(moved("PageDown", 20, 50)).toBe(15);
    expect([moved("Home", 9, 50), moved("End", 9, 50)]).toEqual([0, 49]);
    expect(moved("x", 9, 50)).toBeNull();
  });
});

describe("labels", () => {
  it("name days at midnight and by days, seconds only where they differ", () => {
    const at = (hour: number, minute = 0, second = 0): number =>
      new Date(2026, 10, 21, hour, minute, second).getTime() / 1000;
    expect(timeLabels([at(0), at(6), at(12, 30)], 21_600)).toEqual(["11-21", "06:00", "12:30"]);
    expect(timeLabels([at(6, 0, 30)], 30)).toEqual(["06:00:30"]);
    expect(timeLabels([at(6)], 86_400)).toEqual(["11-21"]);
  });

  it("have as many digits as tell neighbours apart", () => {
    expect(valueLabels([0, 0.25, 0.5], 0.25)).toEqual(["0.00", "0.25", "0.50"]);
    expect(valueLabels([99_990, 100_000], 10)).toEqual(["99\u202f990", "100\u202f000"]);
    expect(valueLabels([-0.001], 0.001)).toEqual(["−0.001"]);
  });
});

describe("scaleOf", () => {
  it("leaves air, and never goes below zero for what is not", () => {
    const [low, high] = scaleOf(100, 200);
    expect([low < 100, high > 200]).toEqual([true, true]);
    const [below, above] = scaleOf(1000, 1000);
    expect((below + above) / 2).toBe(1000);
    expect(scaleOf(0, 0)).toEqual([0, 0.08]);
    expect(scaleOf(1, 100)[0]).toBe(0);
    expect(scaleOf(-1, 100)[0]).toBeLessThan(-1);
    expect(scaleOf(null, null)).toEqual([0, 1]);
  });
});
