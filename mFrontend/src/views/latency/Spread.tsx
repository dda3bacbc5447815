/** From p50 to p99 and max on an axis where each decade is as wide as the other. */
import { milliseconds } from "@/format/quantity";
import type { Figures } from "@/stream/histogram";
import { onAxis } from "./axis";

export function Spread({ figures }: { readonly figures: Figures }) {
  const { p50_ms: middle, p99_ms: most, max_ms: max } = figures;
  if (middle === null || most === null || max === null)
    return <span className="text-faint">–</span>;
  const [from, to, end] = [onAxis(middle), onAxis(most), onAxis(max)];
  const says = `p50 ${milliseconds(middle)}, p99 ${milliseconds(most)}, max ${milliseconds(max)}`;
  return (
    <span role="img" aria-label={says} title={says} className="relative block h-3">
      <i className="absolute inset-x-0 top-1/2 h-px bg-line" />
      <i
        className="absolute top-1/2 h-px bg-edge"
        style={{ left: `${to}%`, width: `${end - to}%` }}
      />
      <i
        className="absolute inset-y-0.5 min-w-1 rounded-sm bg-accent"
        style={{ left: `${from}%`, width: `${to - from}%` }}
      />
      <i className="absolute inset-y-0 w-0.5 bg-edge" style={{ left: `${end}%` }} />
    </span>
  );
}
