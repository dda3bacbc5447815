/** Moments in the reader's zone, and how long ago or how long still. */
import { NOTHING } from "./decimal";

type Maybe = number | null | undefined;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long, in at most two units: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`, `5 d 3 h`. */
export function duration(ms: Maybe): string {
  if (ms === null || ms === undefined) return NOTHING;
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)}\u202fs`;
  const whole = Math.floor(seconds);
  if (whole < MINUTE) return `${whole}\u202fs`;
  if (whole < HOUR) return pair(whole, MINUTE, "min", 1, "s");
  if (whole < DAY) return pair(whole, HOUR, "h", MINUTE, "min");
  return pair(whole, DAY, "d", HOUR, "h");
}

function pair(seconds: number, large: number, one: string, small: number, other: string): string {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)}\u202f${one}${rest ? ` ${rest}\u202f${other}` : ""}`;
}

/** An age in one unit that keeps its width: `now`, `4s`, `3m`, `2h`, `5d`. */
export function age(ms: Maybe): string {
  if (ms === null || ms === undefined) return NOTHING;
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  if (seconds < 1) return "now";
  if (seconds < MINUTE) return `${seconds}s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)}h`;
  return `${Math.floor(seconds / DAY)}d`;
}

const two = (value: number): string => String(value).padStart(2, "0");
const date = (us: number): Date => new Date(us / 1000);

/** The time of day in the reader's zone; `ms` adds thousandths. */
export function timeOfDay(us: Maybe, precise = false): string {
  if (!us) return NOTHING;
  const at = date(us);
  const seconds = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return precise ? `${seconds}.${String(at.getMilliseconds()).padStart(3, "0")}` : seconds;
}

/** Day and time in the reader's zone; of today the time alone. */
export function moment(us: Maybe, nowMs: number = Date.now()): string {
  if (!us) return NOTHING;
  const at = date(us);
  if (at.toDateString() === new Date(nowMs).toDateString()) return timeOfDay(us);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${timeOfDay(us)}`;
}

const MOMENTS = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g;

/** The service's words, with the moments in them (RFC 3339, UTC) in the reader's zone. */
export const inZone = (words: string): string =>
  words.replaceAll(MOMENTS, (at) => moment(Date.parse(at) * 1000));

/** ISO 8601 in UTC, for hovers and exports; microseconds where there are any. */
export function utc(us: Maybe): string {
  if (!us) return NOTHING;
  const rest = us % 1000;
  const text = date(us).toISOString();
  return rest ? text.replace("Z", `${String(Math.trunc(rest)).padStart(3, "0")}Z`) : text;
}
