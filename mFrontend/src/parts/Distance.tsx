/** How near a position is to its liquidation; what is near has a sign beside its colour. */
import { compare, percentOf } from "@/format/decimal";
import { useStaleClass } from "./TableCells";

const NEAR = "0.05";
const CLOSE = "0.15";

/** Of the price; beyond it a digit more says nothing. */
const FAR = "10";

export function Distance({ value }: { readonly value: string | null }) {
  const stale = useStaleClass();
  if (value === null) return <span className="text-faint">–</span>;
  if (compare(value, FAR) > 0)
    return (
      <span className={stale || "text-soft"} title={percentOf(value)}>
        &gt; {FAR}
        {"\u202f"}×
      </span>
    );
  const [colour, cue] =
    compare(value, NEAR) < 0
      ? ["text-bad font-semibold", "⚠ "]
      : compare(value, CLOSE) < 0
        ? ["text-warn", "◐ "]
        : ["", ""];
  return (
    <span className={stale || colour}>
      {cue && <span aria-hidden="true">{cue}</span>}
      {percentOf(value)}
    </span>
  );
}
