/** Counts, sizes in memory and latencies for the eye. */
import { NOTHING, decimal } from "./decimal";

type Maybe = number | null | undefined;

export const count = (value: Maybe): string =>
  value === null || value === undefined ? NOTHING : decimal(String(Math.trunc(value)));

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];

export function bytes(value: Maybe): string {
  if (value === null || value === undefined) return NOTHING;
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < BYTE_UNITS.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || rest >= 99.95 ? 0 : 1;
  return `${rest.toFixed(digits)}\u202f${BYTE_UNITS[unit] ?? ""}`;
}

/** Of a latency: three digits that matter. */
export function milliseconds(value: Maybe): string {
  if (value === null || value === undefined) return NOTHING;
  if (value >= 9_995) return `${(value / 1000).toFixed(1)}\u202fs`;
  return `${value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)}\u202fms`;
}
