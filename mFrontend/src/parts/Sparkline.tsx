/** A small line without axes, with its words for who cannot see it. */
import { memo } from "react";

interface SparklineProps {
  /** Oldest first; null is a hole. */
  readonly values: readonly (number | null)[];
  readonly says: string;
  readonly width?: number;
  readonly height?: number;
}

/** The line's path, in a box of this size; a hole lifts the pen. */
export function line(values: readonly (number | null)[], width: number, height: number): string {
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const step = width / Math.max(1, values.length - 1);
  let down = false;
  let path = "";
  values.forEach((value, at) => {
    if (value !== null) {
      const y = height - 1 - ((value - low) / span) * (height - 2);
      path += `${down ? "L" : "M"}${(at * step).toFixed(1)} ${y.toFixed(1)}`;
    }
    down = value !== null;
  });
  return path;
}

export const Sparkline = memo(function Sparkline({
  values,
  says,
  width = 96,
  height = 24,
}: SparklineProps) {
  return (
    <svg
      role="img"
      aria-label={says}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
    >
      <path
        d={line(values, width, height)}
        fill="none"
        stroke="var(--accent)"
        strokeWidth="1.5"
        strokeLinejoin="round"
      />
    </svg>
  );
});
