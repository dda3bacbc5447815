/** Bars in exact numbers and words. */
import { compare, decimal, parse, sign, sum } from "@/format/decimal";
import { moment } from "@/format/time";
import type { Bar } from "./series";
import { type Timeframe, isDated } from "./timeframes";

const digits = (text: string): number => parse(text)?.fraction.replace(/0+$/, "").length ?? 0;

/** Digits after the point: those of the tick, and more where a price of the bar has more. */
export function digitsOf(tick: string, bar?: Bar): number {
  const prices = bar ? [bar.open, bar.high, bar.low, bar.close] : [];
  return Math.max(...[tick, ...prices].map(digits));
}

/** More than are shown, so that what is shown is rounded once. */
const PERCENT_DIGITS = 6;

export interface Change {
  readonly amount: string;
  readonly percent: string;
}

/** From one price to another, without binary fractions; null where it cannot be told. */
export function change(from: string | undefined, to: string): Change | null {
  const base = parse(from);
  const amount = base ? sum([to, `-${from}`]) : null;
  const gain = parse(amount);
  if (!base || !gain || amount === null || compare(from, "0") <= 0) return null;
  const places = Math.max(base.fraction.length, gain.fraction.length);
  const whole = (it: typeof base): bigint =>
    BigInt(it.whole + it.fraction.padEnd(places, "0") || "0");
  const share = (whole(gain) * 10n ** BigInt(PERCENT_DIGITS + 2)) / whole(base);
  const percent = sum([`${gain.negative ? "-" : ""}${share}e-${PERCENT_DIGITS}`]) ?? "0";
  return { amount, percent };
}

export const PERCENT = { digits: 2, signed: true } as const;

const WAYS = { "-1": "down", "0": "unchanged", "1": "up" } as const;

/** `up 0.12 %`; empty where there is nothing to compare with. */
export function changeText(found: Change | null): string {
  if (!found) return "";
  const way = WAYS[`${sign(found.amount)}`];
  const share = decimal(found.percent.replace("-", ""), { digits: PERCENT.digits });
  return way === "unchanged" ? way : `${way} ${share}\u202f%`;
}

/** When a bar begins: of a day or more its date, otherwise the time in the reader's zone. */
export const startText = (
  startUs: number,
  timeframe: Timeframe,
  nowMs: number = Date.now(),
): string =>
  isDated(timeframe)
    ? new Date(startUs / 1000).toISOString().slice(0, 10)
    : moment(startUs, nowMs).replace(/:\d\d$/, "");

/** One bar for who cannot see it. */
export function sentence(
  bar: Bar,
  before: Bar | undefined,
  tick: string,
  timeframe: Timeframe,
): string {
  const look = { digits: digitsOf(tick, bar) };
  const moved = changeText(change(before?.close, bar.close));
  return [
    `${startText(bar.start_us, timeframe)}: open ${decimal(bar.open, look)}`,
    `high ${decimal(bar.high, look)}`,
    `low ${decimal(bar.low, look)}`,
    `close ${decimal(bar.close, look)}`,
    ...(moved ? [moved] : []),
    `volume ${decimal(bar.volume)}`,
    bar.closed ? "closed" : "still open",
  ].join(", ");
}
