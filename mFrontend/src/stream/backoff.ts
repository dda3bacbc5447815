/** How long to wait before connecting again. */

const FIRST_MS = 500;
export const MOST_MS = 10_000;
/** Many tabs whose service restarts must not all come back in the same moment. */
const JITTER = 0.25;

/** After so many failures in a row (1: the first); `random` in 0 … 1. */
export function delayMs(failures: number, random: number = Math.random()): number {
  const steady = Math.min(MOST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(steady * (1 - JITTER + 2 * JITTER * random));
}
