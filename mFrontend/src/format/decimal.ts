/** Decimal text, compared and shown without ever becoming a binary fraction. */

/** What stands where no number is known. */
export const NOTHING = "–";
const PLAIN = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const SIMPLE = /^\d+(?:\.\d+)?$/;
/** No venue's number is longer; a longer exponent is not padded out. */
const EXPONENT_MAX = 60;

interface Parts {
  readonly negative: boolean;
  /** Without leading zeros; empty for 0. */
  readonly whole: string;
  readonly fraction: string;
}

/** The parts of decimal text, or null where it is none. */
export function parse(text: string | null | undefined): Parts | null {
  const found = text ? PLAIN.exec(text) : null;
  if (!found) return null;
  let whole = found[2] ?? "";
  let fraction = found[3] ?? "";
  if (whole === "" && fraction === "") return null;
  const exponent = Number(found[4] ?? 0);
  if (Math.abs(exponent) > EXPONENT_MAX) return null;
  if (exponent > 0) {
    const moved = fraction.padEnd(exponent, "0");
    whole += moved.slice(0, exponent);
    fraction = moved.slice(exponent);
  } else if (exponent < 0) {
    const moved = whole.padStart(-exponent, "0");
    fraction = moved.slice(moved.length + exponent) + fraction;
    whole = moved.slice(0, moved.length + exponent);
  }
  whole = whole.replace(/^0+/, "");
  const negative = found[1] === "-" && /[1-9]/.test(whole + fraction);
  return { negative, whole, fraction };
}

/** -1, 0 or 1; -1, too, for what is no number, so that the unknown sorts first. */
export function compare(left: string | null | undefined, right: string | null | undefined): number {
  if (left === right) return 0;
  if (left && right && SIMPLE.test(left) && SIMPLE.test(right)) {
    // Alike in length and point, they are in the order of their digits: most prices of one book.
    if (left.length === right.length && left.indexOf(".") === right.indexOf(".")) {
      return left < right ? -1 : 1;
    }
  }
  const a = parse(left);
  const b = parse(right);
  if (!a || !b) return a ? 1 : b ? -1 : 0;
  if (a.negative !== b.negative) return a.negative ? -1 : 1;
  return a.negative ? -magnitude(a, b) : magnitude(a, b);
}

function magnitude(a: Parts, b: Parts): number {
  if (a.whole.length !== b.whole.length) return a.whole.length < b.whole.length ? -1 : 1;
  if (a.whole !== b.whole) return a.whole < b.whole ? -1 : 1;
  const digits = Math.max(a.fraction.length, b.fraction.length);
  const left = a.fraction.padEnd(digits, "0");
  const right = b.fraction.padEnd(digits, "0");
  return left === right ? 0 : left < right ? -1 : 1;
}

/** -1, 0 or 1 of the number as it is shown; 0, too, for what is no number. */
export function sign(text: string | null | undefined, look: Look = {}): -1 | 0 | 1 {
  const exact = parse(text);
  const parts = exact && shape(exact, look);
  if (!parts || !/[1-9]/.test(parts.whole + parts.fraction)) return 0;
  return parts.negative ? -1 : 1;
}

export const isZero = (text: string | null | undefined): boolean =>
  parse(text) !== null && sign(text) === 0;

export interface Look {
  /** As many digits after the point, rounded half away from zero; otherwise as they came. */
  readonly digits?: number;
  /** At most so many, trailing zeros dropped. */
  readonly digitsMax?: number;
  /** `+` before what is above zero. */
  readonly signed?: boolean;
  readonly grouped?: boolean;
}

/** Decimal text for the eye: grouped by thin spaces, with a true minus sign. */
export function decimal(text: string | null | undefined, look: Look = {}): string {
  const parts = parse(text);
  if (!parts) return NOTHING;
  const shaped = shape(parts, look);
  const whole = look.grouped === false ? shaped.whole : grouped(shaped.whole);
  const before = shaped.negative
    ? "−"
    : look.signed && /[1-9]/.test(shaped.whole + shaped.fraction)
      ? "+"
      : "";
  return before + (whole || "0") + (shaped.fraction ? `.${shaped.fraction}` : "");
}

function shape(parts: Parts, look: Look): Parts {
  const digits = look.digits ?? look.digitsMax;
  const found = digits === undefined ? parts : rounded(parts, digits);
  if (look.digits !== undefined)
    return { ...found, fraction: found.fraction.padEnd(look.digits, "0") };
  if (look.digitsMax !== undefined)
    return { ...found, fraction: found.fraction.replace(/0+$/, "") };
  return found;
}

function rounded(parts: Parts, digits: number): Parts {
  if (parts.fraction.length <= digits) return parts;
  const kept = parts.whole + parts.fraction.slice(0, digits);
  const up = (parts.fraction[digits] ?? "0") >= "5";
  const number = (BigInt(kept || "0") + (up ? 1n : 0n)).toString().padStart(digits + 1, "0");
  const whole = number.slice(0, number.length - digits).replace(/^0+/, "");
  const fraction = digits ? number.slice(-digits) : "";
  return { whole, fraction, negative: parts.negative && /[1-9]/.test(number) };
}

function grouped(whole: string): string {
  let out = whole.slice(0, whole.length % 3);
  for (let at = whole.length % 3; at < whole.length; at += 3) {
    out += (out ? "\u202f" : "") + whole.slice(at, at + 3);
  }
  return out;
}

/** A fraction such as a margin ratio as percent: the point moves by two places, exactly. */
export function percentOf(fraction: string | null | undefined, digits = 1): string {
  const parts = parse(fraction);
  if (!parts) return NOTHING;
  const moved = `${parts.negative ? "-" : ""}${parts.whole || "0"}.${parts.fraction || "0"}e2`;
  return `${decimal(moved, { digits })}\u202f%`;
}

/** `part` of `whole` as a fraction, cut after so many digits; null where there is no whole. */
export function ratio(
  part: string | null | undefined,
  whole: string | null | undefined,
  digits = 8,
): string | null {
  const above = parse(part);
  const below = parse(whole);
  if (!above || !below || !/[1-9]/.test(below.whole + below.fraction)) return null;
  const places = Math.max(above.fraction.length, below.fraction.length);
  const scaled = (it: Parts): bigint => BigInt(it.whole + it.fraction.padEnd(places, "0") || "0");
  const number = (scaled(above) * 10n ** BigInt(digits)) / scaled(below);
  const text = number.toString().padStart(digits + 1, "0");
  const minus = above.negative !== below.negative && number > 0n ? "-" : "";
  return `${minus}${text.slice(0, text.length - digits)}.${text.slice(text.length - digits)}`;
}

/** A number that is percent already. */
export const percent = (value: number | null | undefined, digits = 1): string =>
  value === null || value === undefined ? NOTHING : `${decimal(value.toFixed(digits))}\u202f%`;

/** The exact sum; null where one of them is no number. */
export function sum(texts: readonly (string | null | undefined)[]): string | null {
  const found = texts.map(parse);
  if (found.some((parts) => parts === null)) return null;
  const digits = Math.max(0, ...found.map((parts) => parts?.fraction.length ?? 0));
  let total = 0n;
  for (const parts of found) {
    const value = BigInt((parts?.whole ?? "") + (parts?.fraction ?? "").padEnd(digits, "0") || "0");
    total += parts?.negative ? -value : value;
  }
  const number = (total < 0n ? -total : total).toString().padStart(digits + 1, "0");
  const whole = number.slice(0, number.length - digits);
  return (total < 0n ? "-" : "") + whole + (digits ? `.${number.slice(-digits)}` : "");
}

/** The same with the other sign. */
export const negated = (text: string): string =>
  text.startsWith("-") ? text.slice(1) : `-${text}`;

/** For bars and charts only, where a pixel is coarser than a binary fraction. */
export const approximate = (text: string | null | undefined): number => (text ? Number(text) : 0);
