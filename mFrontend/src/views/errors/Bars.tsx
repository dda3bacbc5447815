/** How often a fault happened over time, as bars; in words for who does not see them. */
import { memo } from "react";
import { timeOfDay } from "@/format/time";
import { useMoving } from "@/stream/hooks";
import { binned } from "./groups";

export const SPANS = { "15 min": 900, "1 h": 3_600, "24 h": 86_400 } as const;
export type Span = keyof typeof SPANS;
const BINS = 30;
const STEP = 4;
const HEIGHT = 24;

interface BarsProps {
  readonly atUs: readonly number[];
  readonly span: Span;
  readonly tall?: boolean;
}

export const Bars = memo(function Bars({ atUs, span, tall }: BarsProps) {
  const spanUs = SPANS[span] * 1e6;
  const binUs = spanUs / BINS;
  // Drawn anew when the bars move on by one, not twice a second.
  const endUs = useMoving((now) => Math.ceil(now / binUs) * binUs);
  const counts = binned(atUs, endUs, spanUs, BINS);
  const most = Math.max(...counts);
  return (
    <svg
      role="img"
      aria-label={words(counts, endUs - spanUs, binUs, span)}
      viewBox={`0 0 ${BINS * STEP} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={tall ? "h-14 w-full" : "h-6 w-30"}
    >
      <path d={`M0 ${HEIGHT - 0.5}H${BINS * STEP}`} stroke="var(--line)" />
      {most > 0 && <path d={path(counts, most)} fill="var(--accent)" />}
    </svg>
  );
});

function path(counts: readonly number[], most: number): string {
  return counts
    .map((count, at) => {
      if (count === 0) return "";
      // One among many must still be seen.
      const height = Math.max(2.5, (count / most) * (HEIGHT - 1));
      return `M${at * STEP} ${HEIGHT}v${-height.toFixed(1)}h${STEP - 1}v${height.toFixed(1)}z`;
    })
    .join("");
}

/** "7 in the last 1 h, most 3 at 17:40:00". */
export function words(
  counts: readonly number[],
  fromUs: number,
  binUs: number,
  span: string,
): string {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return `none in the last ${span}`;
  const most = Math.max(...counts);
  const when = timeOfDay(fromUs + counts.indexOf(most) * binUs);
  return `${total} in the last ${span}, most ${most} at ${when}`;
}
