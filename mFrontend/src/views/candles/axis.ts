/** What stands on the time axis: the reader's zone for times, the venue's (UTC) day for dates. */
import { type Timeframe, isDated } from "./timeframes";

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const two = (value: number): string => String(value).padStart(2, "0");

/** How much begins at a mark of the axis. */
export type Mark = "year" | "month" | "day" | "time";

/** Of the widest label: `21 Nov 05:30`. */
export const CHARACTERS_MAX = 12;

/** The library's days begin at midnight UTC; elsewhere the hour at which they do stands by them. */
export function markText(startUs: number, mark: Mark, timeframe: Timeframe): string {
  const at = new Date(startUs / 1000);
  if (isDated(timeframe)) {
    if (mark === "year") return String(at.getUTCFullYear());
    const month = MONTHS[at.getUTCMonth()] ?? "";
    return mark === "month" ? month : `${at.getUTCDate()} ${month}`;
  }
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const day = `${at.getDate()} ${MONTHS[at.getMonth()] ?? ""}`;
  if (time === "00:00") return day;
  return mark === "time" ? time : `${day} ${time}`;
}
