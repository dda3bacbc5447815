import { describe, expect, it } from "vitest";
import { bytes, count, milliseconds } from "@/format/quantity";
import { age, duration, inZone, moment, timeOfDay, utc } from "@/format/time";

const space = (text: string): string => text.replaceAll("\u202f", " ");
const AT = Date.UTC(2026, 10, 21, 13, 5, 9, 42);

describe("times", () => {
  it.each([
    [0, "0.0 s"],
    [9_940, "9.9 s"],
    [59_999, "59 s"],
    [185_000, "3 min 5 s"],
    [120_000, "2 min"],
    [7_440_000, "2 h 4 min"],
    [443_000_000, "5 d 3 h"],
    [-5, "0.0 s"],
    [null, "–"],
  ])("a duration of %s ms: %s", (ms, text) => expect(space(duration(ms))).toBe(text));

  it.each([
    [0, "now"],
    [4_999, "4s"],
    [60_000, "1m"],
    [7_200_000, "2h"],
    [90_000_000, "1d"],
    [undefined, "–"],
  ])("an age of %s ms: %s", (ms, text) => expect(age(ms)).toBe(text));

  it("is told in the reader's zone, with UTC beside it", () => {
    const local = new Date(AT);
    const two = (value: number): string => String(value).padStart(2, "0");
    expect(timeOfDay(AT * 1000, true)).toBe(
      `${two(local.getHours())}:${two(local.getMinutes())}:09.042`,
    );
    expect(moment(AT * 1000, AT)).toBe(timeOfDay(AT * 1000));
    expect(moment(AT * 1000, AT + 3 * 86_400_000)).toMatch(/^2026-11-2\d /);
    expect(utc(AT * 1000)).toBe("2026-11-21T13:05:09.042Z");
    expect(utc(AT * 1000 + 7)).toBe("2026-11-21T13:05:09.042007Z");
  });
});

describe("moments in words", () => {
  it("are told in the reader's zone, and nothing else is touched", () => {
    const us = Date.UTC(2026, 0, 31, 12) * 1000;
    expect(inZone("since 2026-01-31T12:00:00Z only")).toBe(`since ${moment(us)} only`);
    expect(inZone("account 1790000000000000")).toBe("account 1790000000000000");
  });
});

describe("quantities", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1_500, "1.5 kB"],
    [999_600, "1.0 MB"],
    [63_000_000, "63.0 MB"],
  ])("%s bytes: %s", (value, text) => expect(space(bytes(value))).toBe(text));
  it.each([
    [0.0123, "0.01 ms"],
    [9.996, "10.0 ms"],
    [123.4, "123 ms"],
    [12_340, "12.3 s"],
    [null, "–"],
  ])("%s ms: %s", (value, text) => expect(space(milliseconds(value))).toBe(text));
  it("counts", () => expect(space(count(1_234_567))).toBe("1 234 567"));
});
