/** The few figures that are read first: how many lanes are up, and what is not as it should be. */
import type { ReactNode } from "react";
import { percent } from "@/format/decimal";
import { count } from "@/format/quantity";
import { StaleMark } from "@/parts/Number";
import { Figure } from "@/parts/Panel";
import { type Entry, type Lane, WRONG_RANK, isUp } from "./lanes";

interface SummaryProps {
  readonly entries: readonly Entry[];
  /** Whether the lanes were ever told. */
  readonly told: boolean;
  readonly stale: boolean;
}

export function Summary({ entries, told, stale }: SummaryProps) {
  const wrong = entries.filter((it) => it.seen.rank >= WRONG_RANK).length;
  const paused = entries.filter((it) => it.seen.word === "paused").length;
  const lanes = entries.flatMap((it) => it.lane ?? []);
  const requests = total(lanes, (it) => it.requests);
  const failures = total(lanes, (it) => it.failures);
  const limited = total(lanes, (it) => it.rate_limited);
  const noted = (note: string): string => (!told ? "–" : stale ? "when last heard" : note);
  const shown = (content: ReactNode): ReactNode =>
    !told ? (
      "–"
    ) : stale ? (
      <span className="stale">
        {content}
        <StaleMark />
      </span>
    ) : (
      content
    );
  return (
    <section
      aria-label="Connections at a glance"
      className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6"
    >
      <Figure
        name="Needs attention"
        note={noted(wrong ? "not as they should be" : "all as they should be")}
      >
        {shown(
          <span className={wrong && !stale ? "text-bad" : ""}>
            {wrong > 0 && <span aria-hidden="true">▲ </span>}
            {wrong}
          </span>,
        )}
      </Figure>
      <Figure name="Lanes connected" note={noted(paused ? `${paused} paused` : "none paused")}>
        {shown(ofAll(entries))}
      </Figure>
      <Figure name="WebSocket" note="told as it happens">
        {shown(ofAll(entries.filter((it) => it.kind === "websocket")))}
      </Figure>
      <Figure name="REST" note="asked again and again">
        {shown(ofAll(entries.filter((it) => it.kind === "rest")))}
      </Figure>
      <Figure
        name="Requests succeeded"
        note={noted(`${count(failures)} of ${count(requests)} failed`)}
      >
        {shown(requests ? percent((100 * (requests - failures)) / requests, 2) : "–")}
      </Figure>
      <Figure name="Rate limited" note="answers to slow down">
        {shown(count(limited))}
      </Figure>
    </section>
  );
}

const ofAll = (entries: readonly Entry[]): string =>
  `${entries.filter((it) => isUp(it.seen)).length} of ${entries.length}`;

const total = (lanes: readonly Lane[], of: (lane: Lane) => number): number =>
  lanes.reduce((sum, lane) => sum + of(lane), 0);
