/** Whether a number may still be believed: the service's word, and this tab's own clock. */
import type { DoorName } from "./door";
import type { Connection, Fresh, Row } from "./messages";
import type { TopicState } from "./store";
import { actorOf } from "./topics";

/**
 * Without a word from the service for so long nobody vouches for anything on the screen. A
 * WebSocket is asked each second, a quiet SSE stream speaks each 15 s, and polling asks each 15 s.
 */
export const SILENT_MS: Readonly<Record<DoorName, number>> = {
  websocket: 5_000,
  sse: 17_000,
  polling: 20_000,
};
export const PAUSED_MS = 5_000;
/** Where no lane says how long its data stay fresh. */
export const LIMIT_MS = 45_000;

export interface Vouch {
  /** When the service last said anything, by our clock; null before it ever did. */
  readonly heardMs: number | null;
  /** The way by which it was last heard. */
  readonly door: DoorName;
  /** Since when what is shown is frozen, by our clock; null while it is not. */
  readonly pausedMs: number | null;
}

export interface Verdict {
  readonly stale: boolean;
  /** Empty for what is fresh; never how long already, which the age beside it tells and moves. */
  readonly reason: string;
  /** When the venue last confirmed it; null for what never came. */
  readonly asOfUs: number | null;
}

interface Moment {
  readonly serverUs: number;
  readonly localMs: number;
}

/**
 * `row`: one of the topic's, or another object with a freshness of its own. `limitMs`: how old it
 * may be; asked for only where age decides.
 */
export function judge(
  topic: Pick<TopicState, "asOfUs" | "stale" | "staleReason" | "held">,
  row: Fresh | null,
  vouch: Vouch,
  limitMs: () => number,
  at: Moment,
): Verdict {
  const asOfUs = Math.max(topic.asOfUs ?? 0, row?.as_of_us ?? 0) || null;
  const stale = (reason: string): Verdict => ({ stale: true, reason, asOfUs });
  const known = topic.stale ?? row?.stale ?? false;
  const why = topic.stale === null ? row?.stale_reason : topic.staleReason;
  if (known) return stale(lasting(why ?? "") || "the service calls it stale");
  if (asOfUs === null) return stale("nothing received yet");
  const silentMs = vouch.heardMs === null ? Infinity : at.localMs - vouch.heardMs;
  if (silentMs > SILENT_MS[vouch.door]) {
    const never = silentMs === Infinity;
    return stale(never ? "the service has not answered yet" : "no word from the service");
  }
  if (vouch.pausedMs !== null && at.localMs - vouch.pausedMs > PAUSED_MS)
    return stale("the view is paused");
  const ageMs = (at.serverUs - asOfUs) / 1000;
  // On a stream the service tells at once what turns stale; who polls has to judge by age.
  if (vouch.door === "polling" && ageMs > limitMs()) return stale("not confirmed any more");
  return { stale: false, reason: "", asOfUs };
}

/** The service's reason without how long it lasted when it was told. */
const lasting = (reason: string): string => reason.replace(/ for [\d.]+\s?(ms|s|min|h|d)\b/, "");

/** How long data of a topic stay fresh: what its actor's lanes say. */
export function limitOf(topic: string, connections: readonly Row[]): number {
  const actor = actorOf(topic);
  let most = 0;
  for (const row of connections as readonly Partial<Connection>[]) {
    if (row.actor === actor && row.state === "connected")
      most = Math.max(most, row.stale_after_ms ?? 0);
  }
  return most || LIMIT_MS;
}
