/** Decimal text as a whole number of its last place, so that sums and quotients stay exact. */
import { parse } from "@/format/decimal";

const ZEROS = /\.?0+$/;

/** How many digits after the point matter: venues may spell one price with zeros and without. */
export function digitsOf(text: string): number {
  const plain = /[eE]/.test(text) ? fraction(text) : text;
  const point = plain.indexOf(".");
  return point < 0 ? 0 : Math.max(0, plain.replace(ZEROS, "").length - point - 1);
}

function fraction(text: string): string {
  return `.${parse(text)?.fraction ?? ""}`;
}

/** `digits`: at least as many as matter; what is no number counts as 0. */
export function toFixed(text: string, digits: number): bigint {
  const parts = parse(text);
  if (!parts) return 0n;
  const value = BigInt(parts.whole + parts.fraction.slice(0, digits).padEnd(digits, "0") || "0");
  return parts.negative ? -value : value;
}

export function fromFixed(value: bigint, digits: number): string {
  const number = (value < 0n ? -value : value).toString().padStart(digits + 1, "0");
  const whole = number.slice(0, number.length - digits);
  return (value < 0n ? "-" : "") + whole + (digits ? `.${number.slice(-digits)}` : "");
}
