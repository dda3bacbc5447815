/** Numbers with all that belongs to them: sign, second cue, age, and a mark when they are stale. */
import { memo, useEffect, useRef } from "react";
import { type Look, NOTHING, decimal, sign } from "@/format/decimal";
import { moment, utc } from "@/format/time";
import type { Verdict } from "@/stream/verdict";

export interface NumberProps {
  readonly value: string | null | undefined;
  readonly look?: Look;
  readonly unit?: string;
  /** Coloured by its sign, with `▲` or `▼` as the second cue. */
  readonly trend?: boolean;
  /** Whether it may be believed; without it the part around says so. */
  readonly verdict?: Verdict | undefined;
  /** False where a neighbour of the same datum carries the mark of staleness already. */
  readonly mark?: boolean;
  /** Shows for a moment that it changed. */
  readonly flash?: boolean;
}

/** What a hover tells of a datum: when it was confirmed, in both zones, and why it is stale. */
export function hover(verdict: Verdict | undefined, exact?: string | null): string | undefined {
  const lines = exact ? [exact] : [];
  if (verdict?.asOfUs) lines.push(`as of ${moment(verdict.asOfUs)} (${utc(verdict.asOfUs)})`);
  if (verdict?.stale) lines.push(`stale: ${verdict.reason}`);
  return lines.join("\n") || undefined;
}

const PLAIN: Look = {};
const TREND = { "-1": ["text-down", "▼"], "0": ["text-soft", ""], "1": ["text-up", "▲"] } as const;

export const Num = memo(function Num({
  value,
  look = PLAIN,
  unit,
  trend,
  verdict,
  mark = true,
  flash,
}: NumberProps) {
  const place = useFlash(flash ? value : undefined);
  const stale = verdict?.stale ?? false;
  const [colour, cue] = trend ? TREND[`${sign(value, look)}`] : ["", ""];
  const shown = decimal(value, trend ? { signed: true, ...look } : look);
  return (
    <span
      ref={place}
      className={`whitespace-nowrap rounded-sm tabular-nums ${stale ? "stale" : colour}`}
      title={hover(verdict, value)}
    >
      {cue && (
        <span aria-hidden="true" className="mr-0.5 text-[0.7em]">
          {cue}
        </span>
      )}
      {shown}
      {unit && shown !== NOTHING && <span className="ml-1 text-faint">{unit}</span>}
      {stale && mark && <StaleMark />}
    </span>
  );
});

/** The second cue of what is stale; the reason is in the hover and beside the whole. */
export const StaleMark = () => (
  <>
    <span aria-hidden="true" className="ml-0.5 not-italic text-warn">
      ◷
    </span>
    <span className="visually-hidden"> stale</span>
  </>
);

const FLASH_MS = 150;

/** Two repaints a change; an animation would repaint with every frame in between. */
function useFlash(value: string | null | undefined): React.RefObject<HTMLSpanElement | null> {
  const place = useRef<HTMLSpanElement>(null);
  const before = useRef(value);
  useEffect(() => {
    const element = place.current;
    const first = before.current === undefined;
    if (before.current === value || !element) return;
    before.current = value;
    if (first) return;
    element.classList.add("flash");
    const timer = setTimeout(() => element.classList.remove("flash"), FLASH_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return place;
}
