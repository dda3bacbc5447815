/** A process's past on a time axis: bands of running and not, ticks where it ended. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { historyOfActor } from "@/api/queries";
import { duration, moment } from "@/format/time";
import { useNowUs } from "@/stream/hooks";
import type { Child } from "@/stream/messages";
import { type Band, past } from "./bands";

const LOOK: Readonly<Record<Band["kind"], string>> = {
  running: "fill-good",
  starting: "fill-warn",
  away: "fill-bad",
  quarantined: "fill-edge",
};
export const SPANS = { "1 h": 3_600, "24 h": 86_400, "7 d": 604_800 } as const;
export type Span = keyof typeof SPANS;

const WIDTH = 1_000;
const HEIGHT = 26;

interface TimelineProps {
  readonly child: Child;
  readonly span: Span;
  /** When the child was last heard of, where that is not now: nothing is known of later. */
  readonly heardUs: number | null;
}

export function Timeline({ child, span, heardUs }: TimelineProps) {
  const { data } = useQuery({
    ...historyOfActor(child.actor, child.last_exit?.ended_us),
    placeholderData: keepPreviousData,
  });
  const beatUs = useNowUs();
  const nowUs = heardUs ?? beatUs;
  const spanUs = SPANS[span] * 1e6;
  const { bands, ticks } = past(child, data?.incarnations ?? [], nowUs, spanUs);
  const x = (us: number): number => ((us - (nowUs - spanUs)) / spanUs) * WIDTH;
  const ends = ticks.length === 1 ? "1 end" : `${ticks.length} ends`;
  return (
    <figure className="grid gap-1">
      <svg
        role="img"
        aria-label={`${child.actor} over ${span}: ${ends}, now ${child.state}`}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        className="h-6 w-full rounded bg-raised"
      >
        {bands.map((it) => (
          <rect
            key={`${it.fromUs} ${it.kind}`}
            x={x(it.fromUs)}
            // What was short must still be seen.
            width={Math.max(2, x(it.toUs) - x(it.fromUs))}
            y={it.kind === "running" ? 8 : 4}
            height={it.kind === "running" ? 10 : 18}
            className={LOOK[it.kind]}
          >
            <title>{`${it.kind} ${duration((it.toUs - it.fromUs) / 1000)} from ${moment(it.fromUs)}`}</title>
          </rect>
        ))}
        {ticks.map((it) => (
          <rect
            key={it.atUs}
            x={x(it.atUs) - 1.5}
            width={3}
            y={0}
            height={HEIGHT}
            className={it.crash ? "fill-ink" : "fill-soft"}
          >
            <title>{`${it.says}, ${moment(it.atUs)}`}</title>
          </rect>
        ))}
      </svg>
      <figcaption className="flex justify-between text-xs text-soft">
        <span>{span} ago</span>
        <span aria-hidden="true">▬ running · ■ away · | end</span>
        <span>{heardUs === null ? "now" : "last heard"}</span>
      </figcaption>
    </figure>
  );
}
