import { describe, expect, it } from "vitest";
import { NOTHING, compare, decimal, isZero, percent, percentOf, sign, sum } from "@/format/decimal";

const grouped = (text: string): string => text.replaceAll("_", "\u202f");

describe("decimal text without binary fractions", () => {
  it.each([
    ["1234567.8900", {}, "1_234_567.8900"],
    ["1234567.8900", { digitsMax: 4 }, "1_234_567.89"],
    ["0.1", { digits: 2 }, "0.10"],
    ["1.005", { digits: 2 }, "1.01"],
    ["999.995", { digits: 2 }, "1_000.00"],
    ["-0.004", { digits: 2 }, "0.00"],
    ["-0.005", { digits: 2 }, "−0.01"],
    ["12.5", { signed: true }, "+12.5"],
    ["0.000", { signed: true }, "0.000"],
    ["-7", { signed: true }, "−7"],
    ["1e3", {}, "1_000"],
    ["2.5E-3", {}, "0.0025"],
    ["9007199254740993.123456789012345678", {}, "9_007_199_254_740_993.123456789012345678"],
    ["1234", { grouped: false }, "1234"],
    [".5", {}, "0.5"],
    ["5.", {}, "5"],
  ])("%s %j → %s", (text, look, shown) => {
    expect(decimal(text, look)).toBe(grouped(shown));
  });

  it.each([null, undefined, "", "abc", "1.2.3", "-", ".", "1e999"])("%s is no number", (text) => {
    expect(decimal(text)).toBe(NOTHING);
    expect(sign(text)).toBe(0);
    expect(isZero(text)).toBe(false);
  });

  it.each([
    ["2", "10", -1],
    ["10.0", "10", 0],
    ["-1", "1", -1],
    ["-2", "-10", 1],
    ["0.30", "0.3000001", -1],
    ["9007199254740993", "9007199254740992", 1],
    ["-0", "0", 0],
    ["1e2", "100", 0],
    ["007", "7", 0],
    [null, "-5", -1],
    ["-5", null, 1],
    ["84108.5", "84110.25", -1],
    ["84108", "84109", -1],
  ])("compare %s with %s: %d", (left, right, order) => {
    expect(compare(left, right)).toBe(order);
    expect(compare(right, left)).toBe(order === 0 ? 0 : -order);
  });

  it("sums exactly, and not at all where a part is unknown", () => {
    expect(sum(["0.1", "0.2"])).toBe("0.3");
    expect(sum(["-1.5", "1.25", "0"])).toBe("-0.25");
    expect(sum([])).toBe("0");
    expect(sum(["1", null])).toBeNull();
  });

  it("shows fractions and shares as percent", () => {
    expect(percentOf("0.70125", 2)).toBe("70.13\u202f%");
    expect(percentOf("0.000042", 1)).toBe("0.0\u202f%");
    expect(percentOf(null)).toBe(NOTHING);
    expect(percent(12.345)).toBe("12.3\u202f%");
  });
});
