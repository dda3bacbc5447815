import { describe, expect, it } from "vitest";
import { markText } from "@/views/candles/axis";
import { countdown } from "@/views/candles/countdown";
import { type Seen, liveness } from "@/views/candles/liveness";
import { BARS_MAX, type Bar, changed, holes, indexAt, merge } from "@/views/candles/series";
import {
  TIMEFRAMES,
  arrange,
  chosen,
  endUs,
  exchange,
  isDated,
  offeredBy,
  spoken,
  stepped,
} from "@/views/candles/timeframes";
import { change, changeText, digitsOf, sentence, startText } from "@/views/candles/words";

const MINUTE = 60_000_000;
const START = Date.UTC(2026, 10, 21, 12) * 1000;

const bar = (minute: number, more: Partial<Bar> = {}): Bar => ({
  start_us: START + minute * MINUTE,
  open: "100",
  high: "102.5",
  low: "99.5",
  close: "101",
  volume: "3.25",
  closed: true,
  as_of_us: START + (minute + 1) * MINUTE,
  ...more,
});
const bars = (from: number, to: number): Bar[] =>
  Array.from({ length: to - from }, (_, at) => bar(from + at));
const starts = (found: readonly Bar[]): number[] =>
  found.map((each) => (each.start_us - START) / MINUTE);

describe("merging what was told", () => {
  it("keeps each bar once and in order, whatever order it came in", () => {
    const held = merge([], [bar(3), bar(1)]);
    expect(starts(merge(held, [bar(2), bar(1), bar(0)]))).toEqual([0, 1, 2, 3]);
  });

  it("answers the same array where nothing is new, so that nothing is drawn", () => {
    const held = merge([], bars(0, 5));
    expect(merge(held, [])).toBe(held);
    expect(merge(held, held)).toBe(held);
    expect(merge(held, bars(1, 3))).toBe(held);
  });

  it("lets the end of a bar stand, and no older word replace a newer one", () => {
    const live = bar(1, { closed: false, close: "103", as_of_us: START + 90_000_000 });
    const older = bar(1, { closed: false, close: "102", as_of_us: START + 80_000_000 });
    const held = merge([], [bar(0), live]);
    expect(merge(held, [older])).toBe(held);
    const ended = bar(1, { close: "104", as_of_us: START });
    expect(merge(held, [ended]).at(-1)).toBe(ended);
    const closed = merge(held, [ended]);
    expect(merge(closed, [{ ...live, as_of_us: START + 99 * MINUTE }])).toBe(closed);
  });

  it("settles on one of two words of the same moment", () => {
    const one = bar(0, { closed: false, close: "1" });
    const other = bar(0, { closed: false, close: "2" });
    const held = merge([], [one]);
    expect(merge(merge(held, [other]), [one])).toBe(held);
  });

  it("fills the gap of a lost connection without doubling a bar", () => {
    const before = merge([], [...bars(0, 10), bar(10, { closed: false })]);
    const live = merge(before, [bar(15, { closed: false })]);
    expect(holes(live, "1m")).toEqual([
      { fromUs: START + 11 * MINUTE, toUs: START + 15 * MINUTE },
    ]);
    const filled = merge(live, [...bars(5, 15), bar(15, { closed: false })]);
    expect(starts(filled)).toEqual([...Array(16).keys()]);
    expect(holes(filled, "1m")).toEqual([]);
    expect(filled.filter((each) => !each.closed)).toHaveLength(1);
  });

  it("keeps the newest, and never more than its limit", () => {
    const held = merge([], bars(0, BARS_MAX + 5));
    expect(held).toHaveLength(BARS_MAX);
    expect(starts(held)[0]).toBe(5);
  });
});

describe("holes", () => {
  it("knows months of any length, and finds none in few bars", () => {
    const month = (at: number): Bar => bar(0, { start_us: Date.UTC(2026, at) * 1000 });
    expect(holes([month(0), month(1), month(2)], "1M")).toEqual([]);
    expect(holes([month(0), month(2)], "1M")).toHaveLength(1);
    expect(holes([], "1m")).toEqual([]);
    expect(holes([bar(0)], "1m")).toEqual([]);
  });
});

describe("bringing a drawing up to date", () => {
  const drawn = bars(0, 5);

  it("tells the live bar, a new one, and one that closed late, alone", () => {
    const last = bar(4, { close: "105" });
    expect(changed(drawn, [...drawn.slice(0, 4), last])).toEqual([last]);
    expect(changed(drawn, [...drawn, bar(5)])).toEqual([bar(5)]);
    const late = [...drawn.slice(0, 3), bar(3, { close: "7" }), ...drawn.slice(4), bar(5)];
    expect(changed(drawn, late)?.map((each) => each.start_us)).toEqual(
      late.slice(3).map((each) => each.start_us),
    );
    expect(changed(drawn, drawn)).toEqual([]);
  });

  it("draws anew what came before or between, the first bars, and what went", () => {
    expect(changed([], drawn)).toBeNull();
    expect(changed(drawn, [bar(-1), ...drawn])).toBeNull();
    expect(changed([bar(0), bar(2)], bars(0, 3))).toBeNull();
    expect(changed(drawn, drawn.slice(0, 3))).toBeNull();
    expect(changed(drawn, [])).toBeNull();
    expect(changed(drawn, [...drawn, ...bars(5, 80)])).toBeNull();
  });

  it("finds a bar by its start", () => {
    expect(drawn.map((each) => indexAt(drawn, each.start_us))).toEqual([0, 1, 2, 3, 4]);
    expect(indexAt(drawn, START + 1)).toBe(-1);
    expect(indexAt(drawn, null)).toBe(-1);
    expect(indexAt([], START)).toBe(-1);
  });
});

const LIGHTER = offeredBy(["1m", "5m", "15m", "30m", "1h", "4h", "12h", "1d"]);

describe("timeframes", () => {
  it("ends bars where the next begin, months by the calendar", () => {
    expect(endUs("15m", START)).toBe(START + 15 * MINUTE);
    expect(endUs("1M", Date.UTC(2026, 1) * 1000)).toBe(Date.UTC(2026, 2) * 1000);
    expect(endUs("1M", Date.UTC(2026, 11) * 1000)).toBe(Date.UTC(2027, 0) * 1000);
    expect(TIMEFRAMES.filter(isDated)).toEqual(["1d", "1w", "1M"]);
    expect([spoken("1m"), spoken("15m"), spoken("1M")]).toEqual([
      "1 minute",
      "15 minutes",
      "1 month",
    ]);
  });

  it("takes those of the address that the venue has, each once, at most four", () => {
    expect(LIGHTER).not.toContain("2h");
    expect(chosen("1h,2h,1h,1d", LIGHTER)).toEqual(["1h", "1d"]);
    expect(chosen("1m,5m,15m,1h,1d", LIGHTER)).toHaveLength(4);
    expect(chosen("", LIGHTER)).toEqual(["1m"]);
    expect(offeredBy(["1d", "3d", "1h"])).toEqual(["1h", "1d"]);
    expect(offeredBy([])).toEqual(TIMEFRAMES);
    expect(offeredBy(undefined)).toEqual(TIMEFRAMES);
  });

  it("adds wider looks, and keeps what was there", () => {
    expect(arrange(["1m"], 4, TIMEFRAMES)).toEqual(["1m", "15m", "1h", "1d"]);
    expect(arrange(["1h"], 2, TIMEFRAMES)).toEqual(["1h", "1d"]);
    expect(arrange(["15m"], 4, TIMEFRAMES)).toEqual(["15m", "1h", "1d", "1m"]);
    expect(arrange(["1d"], 2, LIGHTER)).toEqual(["1d", "1m"]);
    expect(arrange(["5m", "1h", "1d", "1m"], 2, TIMEFRAMES)).toEqual(["5m", "1h"]);
  });

  it("changes one chart, and never shows the same twice", () => {
    expect(exchange(["1m", "1h"], 0, "5m")).toEqual(["5m", "1h"]);
    expect(exchange(["1m", "1h"], 0, "1h")).toEqual(["1h", "1m"]);
    expect(exchange(["1m"], 3, "1h")).toEqual(["1m"]);
    expect(stepped("1m", -1, TIMEFRAMES)).toBe("1m");
    expect(stepped("1h", 1, LIGHTER)).toBe("4h");
    expect(stepped("1M", 1, TIMEFRAMES)).toBe("1M");
  });
});

describe("words", () => {
  it("tells changes exactly, where binary fractions would not", () => {
    expect(change("0.1", "0.3")).toEqual({ amount: "0.2", percent: "200.000000" });
    expect(change("84108", "84112")?.amount).toBe("4");
    expect(changeText(change("84108", "84112"))).toBe("up 0.00\u202f%");
    expect(changeText(change("100", "98.765"))).toBe("down 1.24\u202f%");
    expect(changeText(change("1.10", "1.1"))).toBe("unchanged");
    expect(change("123456789012345678901", "123456789012345678902")?.amount).toBe("1");
    expect(change(undefined, "1")).toBeNull();
    expect(change("0", "1")).toBeNull();
    expect(change("1", "none")).toBeNull();
  });

  it("shows as many digits as the tick has, and more where a price has more", () => {
    expect(digitsOf("0.10")).toBe(1);
    expect(digitsOf("1")).toBe(0);
    expect(digitsOf("0.1", bar(0, { high: "102.555" }))).toBe(3);
  });

  it("says a bar in one sentence", () => {
    const text = sentence(bar(0, { closed: false }), bar(-1, { close: "100" }), "0.01", "1m");
    expect(text).toMatch(
      /^.*\d\d:\d\d: open 100\.00, high 102\.50, low 99\.50, close 101\.00, up 1\.00\u202f%, volume 3\.25, still open$/,
    );
    expect(sentence(bar(0), undefined, "1", "1d")).toMatch(
      /^2026-11-21: open 100\.0, .* close 101\.0, volume 3\.25, closed$/,
    );
  });

  it("dates days by the venue, and times by the reader", () => {
    const midnight = Date.UTC(2026, 10, 21) * 1000;
    expect(startText(midnight, "1d")).toBe("2026-11-21");
    const today = new Date(2026, 10, 21, 9, 5);
    expect(startText(today.getTime() * 1000, "5m", today.getTime())).toBe("09:05");
    expect(startText(today.getTime() * 1000, "5m", 0)).toBe("2026-11-21 09:05");
  });

  it("marks the axis", () => {
    const midnight = Date.UTC(2026, 0, 5) * 1000;
    expect(markText(midnight, "year", "1d")).toBe("2026");
    expect(markText(midnight, "month", "1w")).toBe("Jan");
    expect(markText(midnight, "day", "1d")).toBe("5 Jan");
    const local = (hours: number, minutes: number): number =>
      new Date(2026, 0, 5, hours, minutes).getTime() * 1000;
    expect(markText(local(5, 30), "time", "1h")).toBe("05:30");
    expect(markText(local(5, 30), "day", "1h")).toBe("5 Jan 05:30");
    expect(markText(local(0, 0), "time", "1h")).toBe("5 Jan");
  });

  it("counts down to the end of a bar", () => {
    expect(countdown(42)).toBe("0:42");
    expect(countdown(11_100)).toBe("3:05:00");
    expect(countdown(2 * 86_400 + 61)).toBe("2\u202fd 0:01:01");
    expect(countdown(0)).toBe("due");
    expect(countdown(-5)).toBe("due");
  });
});

describe("the badge", () => {
  const seen = (more: Partial<Seen> = {}): Seen => ({
    link: { phase: "live", door: "websocket", reason: "", pausedMs: null },
    topic: { held: true, staleReason: null },
    verdict: { stale: false, reason: "", asOfUs: START },
    refusal: "",
    ...more,
  });
  const link = seen().link;
  const stale = { stale: true, reason: "not confirmed for 50 s", asOfUs: START };

  it("is live only for a fresh stream that tells by itself", () => {
    expect(liveness(seen()).word).toBe("LIVE");
    expect(liveness(seen({ link: { ...link, door: "sse" } })).word).toBe("LIVE");
    expect(liveness(seen({ link: { ...link, door: "polling" } })).word).toBe("POLLING");
  });

  it("names what is late, and why", () => {
    expect(liveness(seen({ verdict: stale }))).toMatchObject({
      word: "DELAYED",
      says: "not confirmed for 50 s",
    });
    const polling = { ...link, door: "polling" } as const;
    expect(liveness(seen({ link: polling, verdict: stale })).word).toBe("DELAYED");
    expect(liveness(seen({ link: { ...link, phase: "waiting" } })).word).toBe("DELAYED");
    expect(liveness(seen({ link: { ...link, pausedMs: 1 } })).word).toBe("DELAYED");
  });

  it("is history where no stream runs", () => {
    const refused = liveness(seen({ refusal: "50 streams are wanted already" }));
    expect(refused).toMatchObject({ word: "HISTORY" });
    expect(refused.says).toContain("50 streams are wanted already");
    const ended = { held: false, staleReason: "the stream has ended" };
    expect(liveness(seen({ topic: ended }))).toMatchObject({
      word: "HISTORY",
      says: "the stream has ended",
    });
  });
});
