/** By which road an account's data come: the venue's stream, or asking again and again. */
import { type Child, type Connection, isAway } from "@/stream/messages";

export type Road = "live" | "polling" | "none";

/** Both lanes deliver while both stand; then the stream is the faster one. */
export function roadOf(
  lanes: readonly Pick<Connection, "lane" | "state">[],
  child: Pick<Child, "pid"> | undefined,
): Road {
  if (isAway(child)) return "none";
  const stands = (lane: string): boolean =>
    lanes.some((it) => it.lane === lane && it.state === "connected");
  if (stands("websocket")) return "live";
  return stands("rest") ? "polling" : "none";
}

/** Whether somebody ordered the account to be left alone. */
export const isPaused = (lanes: readonly Pick<Connection, "state">[]): boolean =>
  lanes.length > 0 && lanes.every((it) => it.state === "paused");

const LOOK = {
  live: ["⚡", "text-good", "The venue's private stream stands; polling confirms it."],
  polling: ["⟳", "text-warn", "The venue's stream is away; it is asked again and again."],
  none: ["○", "text-soft", "Nothing arrives from the venue."],
} as const;

interface ViaProps {
  readonly road: Road;
  /** The sign alone; its word is for screen readers. */
  readonly short?: boolean;
}

export function Via({ road, short }: ViaProps) {
  const [sign, colour, says] = LOOK[road];
  const word = road === "none" ? "not live" : road;
  return (
    <span className="text-sm whitespace-nowrap text-soft" title={says}>
      <span aria-hidden="true" className={colour}>
        {sign}
      </span>{" "}
      <span className={short ? "visually-hidden" : ""}>{word}</span>
    </span>
  );
}
