/** The title of the tab: where it is, and whether somebody should look at it. */
import { useEffect } from "react";
import { toneOf } from "@/parts/Badge";
import { useHeldTopic, useLink } from "@/stream/hooks";
import type { Row } from "@/stream/messages";

const APP = "Broadcaster";

/** How many actors have a process or a lane that is in trouble; each counts once. */
export function troublesIn(processes: readonly Row[], lanes: readonly Row[]): number {
  const wrong = [...processes, ...lanes].filter((it) => toneOf(String(it["state"])) === "bad");
  return new Set(wrong.map((it) => it["actor"])).size;
}

/** `place`: empty on the first view. `troubles`: null where none can be known. */
export function titleOf(place: string, troubles: number | null): string {
  const sign = troubles === null ? "⚠ " : troubles ? `(${troubles}) ` : "";
  return sign + (place ? `${place} · ${APP}` : APP);
}

/** Subscribes to nothing: the frame does. */
export function useTitle(place: string): void {
  const { phase, failures } = useLink();
  const processes = useHeldTopic("supervision").rows;
  const lanes = useHeldTopic("connections").rows;
  const lost = phase === "unauthorised" || (phase !== "live" && failures > 0);
  const title = titleOf(place, lost ? null : troublesIn(processes, lanes));
  useEffect(() => {
    document.title = title;
  }, [title]);
}
