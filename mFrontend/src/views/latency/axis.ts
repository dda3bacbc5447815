/** Durations on an axis of equal decades, as latencies differ by powers of ten. */

const AXIS_FROM_MS = 0.1;
const AXIS_TO_MS = 10_000;

/** The place of a duration in percent of the axis; what lies outside stands at its end. */
export function onAxis(ms: number): number {
  if (ms <= AXIS_FROM_MS) return 0;
  const share = Math.log(ms / AXIS_FROM_MS) / Math.log(AXIS_TO_MS / AXIS_FROM_MS);
  return Math.min(100, 100 * share);
}
