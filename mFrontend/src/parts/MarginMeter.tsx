/** How much of its margin an account uses, against the lines at which people want to be told. */
import { NOTHING, approximate, percentOf } from "@/format/decimal";
import type { Verdict } from "@/stream/verdict";
import { StaleMark, hover } from "./Number";
import { MARGIN_LINES, marginLine } from "./attention";

interface MeterProps {
  readonly ratio: string | null | undefined;
  readonly verdict: Verdict;
  /** Names the lines under the bar. */
  readonly lines?: boolean;
}

const FILLS = ["bg-good", "bg-warn", "bg-warn", "bg-bad", "bg-bad"] as const;
const TEXTS = ["", "text-warn", "text-warn", "text-bad", "text-bad"] as const;
const percentAt = (line: string): number => approximate(line) * 100;

/** Which line is crossed, in words; empty where none is. */
export function crossed(ratio: string | null | undefined): string {
  const line = MARGIN_LINES[marginLine(ratio) - 1];
  return line ? `over the ${percentOf(line, 0)} line` : "";
}

export function MarginMeter({ ratio, verdict, lines }: MeterProps) {
  const at = marginLine(ratio);
  const text = percentOf(ratio, lines ? 2 : 1);
  const known = text !== NOTHING;
  const width = Math.min(100, Math.max(0, approximate(ratio) * 100));
  const says = [text, crossed(ratio), verdict.stale ? "stale" : ""].filter(Boolean).join(", ");
  return (
    <span
      className={`grid items-center gap-x-2 ${lines ? "gap-y-1" : "grid-cols-[1fr_3.6rem]"}`}
      title={[crossed(ratio), hover(verdict)].filter(Boolean).join("\n")}
    >
      <span
        className={`whitespace-nowrap ${lines ? "" : "order-2 text-right"} ${verdict.stale ? "stale" : (TEXTS[at] ?? "")}`}
      >
        {at > 0 && <span aria-hidden="true">▲ </span>}
        {text}
        {verdict.stale && lines && <StaleMark />}
      </span>
      <span
        role="meter"
        aria-label="Margin ratio"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(width)}
        aria-valuetext={known ? says : "not known"}
        className="relative block h-2 rounded-sm bg-raised"
      >
        <i
          className={`block h-full rounded-sm ${verdict.stale ? "bg-edge" : (FILLS[at] ?? "")}`}
          style={{ width: `${width}%` }}
        />
        {MARGIN_LINES.map((line) => (
          <i
            key={line}
            className="absolute -inset-y-0.5 w-px bg-edge"
            style={{ left: `${percentAt(line)}%` }}
          />
        ))}
      </span>
      {lines && <Lines />}
    </span>
  );
}

/** 90 and 95 stand too near to each other for both names. */
const Lines = () => (
  <span aria-hidden="true" className="relative block h-4 text-xs font-normal text-soft">
    {MARGIN_LINES.filter((line) => line !== "0.95").map((line) => (
      <span
        key={line}
        // On a phone there is no room for it between its neighbours.
        className={`absolute -translate-x-1/2 ${line === "0.80" ? "max-md:hidden" : ""}`}
        style={{ left: `${percentAt(line)}%` }}
      >
        {percentAt(line).toFixed(0)}
      </span>
    ))}
  </span>
);
