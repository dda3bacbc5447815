/** One order book: its market, whether it may be believed, the ladder, and what was asked for. */
import { memo, useEffect, useMemo, useRef } from "react";
import { Age } from "@/parts/Age";
import { Ladder } from "@/parts/Ladder";
import { speech } from "@/app/speech";
import { useWant } from "@/stream/hooks";
import { Counts, Verified } from "./Health";
import { DepthChart } from "./DepthChart";
import { SpreadLine } from "./SpreadLine";
import { Tape } from "./Tape";
import { Grouping, Head } from "./Head";
import { Over } from "./Over";
import { marketOf } from "./choices";
import { useBookState, useBookVerdict } from "./feed";
import type { BookStatus, Instrument } from "./markets";
import type { BookLook } from "./settings";

export interface BookProps {
  readonly at: number;
  readonly topic: string;
  readonly multiple: number;
  readonly look: BookLook;
  readonly current: boolean;
  readonly instrument: Instrument | undefined;
  readonly status: BookStatus | undefined;
  readonly onCurrent: (at: number) => void;
  readonly onGroup: (at: number, multiple: number) => void;
  readonly onPick: (at: number) => void;
  /** Absent for the last one. */
  readonly onRemove: ((at: number) => void) | undefined;
}

export const Book = memo(function Book(props: BookProps) {
  const { at, topic, look, multiple, instrument, status, current } = props;
  const { venue, symbol } = marketOf(topic);
  useWant(useMemo(() => [topic], [topic]));
  const state = useBookState(topic);
  const verdict = useBookVerdict(topic);
  const stale = verdict.stale || !state.verified;
  useStaleTold(`${symbol} at ${venue}`, state.held, stale, verdict.reason || state.reason);
  const tick = instrument?.tick_size ?? "";
  const ladderLook = useMemo(
    () => ({ rows: look.rows, tick, multiple, unit: look.unit, sides: look.sides }),
    [look.rows, look.unit, look.sides, tick, multiple],
  );
  const extras = look.depth || look.trades;
  const base = instrument?.base ?? "";
  const unit = (look.unit === "base" ? instrument?.base : instrument?.quote) ?? "";
  return (
    <section
      aria-label={`Order book of ${symbol} at ${venue}`}
      data-book={at}
      tabIndex={-1}
      onFocus={() => props.onCurrent(at)}
      onPointerDown={() => props.onCurrent(at)}
      className={`panel @container relative min-w-0 ${current ? "border-edge" : ""}`}
    >
      <Head {...props} />
      <div className="flex h-7 items-center gap-2 overflow-hidden px-2 text-sm">
        <Verified state={state} stale={stale} />
        {state.held && <Age verdict={verdict} />}
        <span className="grow" />
        <Grouping {...props} tick={tick} />
      </div>
      <div className={extras ? "@3xl:grid @3xl:grid-cols-[minmax(0,1fr)_22rem]" : ""}>
        <div className="relative min-w-0">
          <Ladder
            topic={topic}
            caption={`${symbol} at ${venue}: price, size and cumulated size`}
            look={ladderLook}
            sizeUnit={unit}
            dimmed={stale && state.held}
          />
          <Over topic={topic} state={state} verdict={verdict} status={status} />
        </div>
        {extras && (
          <div className="min-w-0 border-line @3xl:border-l">
            {look.depth && <DepthChart topic={topic} base={base} dimmed={stale} />}
            {look.trades && <Tape topic={topic} />}
          </div>
        )}
      </div>
      <div className="relative">
        <Counts status={status} />
        <span className="absolute top-1.5 right-2">
          <SpreadLine topic={topic} />
        </span>
      </div>
    </section>
  );
});

/** A screen reader is told when a book it was shown turns stale, and when it returns. */
function useStaleTold(name: string, held: boolean, stale: boolean, reason: string): void {
  const said = useRef<boolean | null>(null);
  useEffect(() => {
    if (!held) return;
    if (said.current === null && !stale) said.current = false;
    if (said.current === stale) return;
    said.current = stale;
    speech.tell(stale ? `The book of ${name} is stale: ${reason}` : `The book of ${name} is live`);
  }, [name, held, stale, reason]);
}
