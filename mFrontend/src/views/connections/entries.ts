/** Every lane as it stands now: the stream's word, its process, and whether that is linked. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useHeldTopic, useTopic } from "@/stream/hooks";
import type { Child } from "@/stream/messages";
import { type Entry, type Lane, attention, keyOf, missing } from "./lanes";
import { healthQuery } from "./queries";

export function useEntries() {
  const topic = useTopic("connections");
  const children = useHeldTopic("supervision").rows as unknown as readonly Child[];
  const health = useQuery(healthQuery);
  const lanes = topic.rows as unknown as readonly Lane[];
  const entries = useMemo((): readonly Entry[] => {
    const running = new Map(children.map((it) => [it.actor, it]));
    const unlinked = new Set(
      health.data?.connections.filter((it) => !it.linked).map((it) => it.actor),
    );
    // Every actor tells of its lanes each second. What this tab itself did not hear, because it is
    // disconnected or paused, is no lane's silence.
    const toldUs = topic.asOfUs ?? 0;
    const found = lanes.map((lane): Entry => ({
      key: keyOf(lane),
      actor: lane.actor,
      venue: lane.venue,
      kind: lane.lane,
      lane,
      seen: attention(lane, running.get(lane.actor), !unlinked.has(lane.actor), toldUs),
    }));
    const told = new Set(lanes.map((it) => it.actor));
    const without = (health.data?.silent ?? []).filter((it) => !told.has(it.actor));
    return [...found, ...missing(without)];
  }, [lanes, children, health.data, topic.asOfUs]);
  return { topic, health, entries };
}
