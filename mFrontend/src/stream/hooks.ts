/** How views read the stream: they name a topic and get its newest state. */
import { useCallback, useEffect, useRef, useSyncExternalStore } from "react";
import { age } from "../format/time";
import { clock } from "./clock";
import type { LinkState } from "./link";
import type { Fresh, Row } from "./messages";
import { type TopicState, store } from "./store";
import { link } from "./tab";
import { type Verdict, judge, limitOf } from "./verdict";

/** One topic, exactly named; subscribed while the component is there. `null` asks for nothing. */
export function useTopic(topic: string | null): TopicState {
  useEffect(() => (topic === null ? undefined : link.want(topic)), [topic]);
  const listen = useCallback((run: () => void) => store.listen(topic ?? "", run), [topic]);
  return useSyncExternalStore(listen, () => store.topic(topic ?? ""));
}

/** Reads a topic that something else subscribes to, such as one row of a pattern. */
export function useHeldTopic(topic: string): TopicState {
  const listen = useCallback((run: () => void) => store.listen(topic, run), [topic]);
  return useSyncExternalStore(listen, () => store.topic(topic));
}

/** All topics of a pattern that were told, by name. */
export function useTopics(pattern: string): readonly TopicState[] {
  useEffect(() => link.want(pattern), [pattern]);
  const listen = useCallback((run: () => void) => store.listenAll(pattern, run), [pattern]);
  return useSyncExternalStore(listen, () => store.topics(pattern));
}

/** Subscribes to patterns whose topics are read by `useHeldTopic` further down. */
export function useWant(patterns: readonly string[]): void {
  const named = patterns.join("\n");
  useEffect(() => {
    const ends = named
      .split("\n")
      .filter(Boolean)
      .map((pattern) => link.want(pattern));
    return () => ends.forEach((end) => end());
  }, [named]);
}

export const useLink = (): LinkState => useSyncExternalStore(link.listen, link.state);

/** Why the service does not tell a topic; "" where it does. `link.retry` asks for it once more. */
export const useRefusal = (topic: string): string =>
  useSyncExternalStore(link.listen, () => link.refusal(topic));

/** The service's time, moving twice a second. */
export const useNowUs = (): number => useSyncExternalStore(clock.subscribe, clock.beatUs);

/** Something that moves with time, rendered anew only when the answer differs. */
export function useMoving<T extends string | number | boolean | null>(
  read: (nowUs: number) => T,
): T {
  return useSyncExternalStore(clock.subscribe, () => read(clock.beatUs()));
}

export const useAge = (asOfUs: number | null | undefined): string =>
  useMoving((now) => age(asOfUs ? (now - asOfUs) / 1000 : null));

const connections = (): readonly Row[] => store.topic("connections").rows;

/** The verdict now; what it reads is outside React. */
export function verdictOf(topic: TopicState, row: Fresh | null = null): Verdict {
  const at = { serverUs: clock.serverUs(), localMs: clock.localMs() };
  return judge(topic, row, link.vouch(), () => limitOf(topic.topic, connections()), at);
}

/** Whether a topic, or one of its rows, may be believed; judged anew with every beat. */
export function useVerdict(topic: TopicState, row: Fresh | null = null): Verdict {
  const last = useRef<Verdict | null>(null);
  const read = (): Verdict => {
    const found = verdictOf(topic, row);
    const held = last.current;
    if (held?.stale === found.stale && held.asOfUs === found.asOfUs && held.reason === found.reason)
      return held;
    last.current = found;
    return found;
  };
  return useSyncExternalStore(subscribeVerdict, read);
}

function subscribeVerdict(run: () => void): () => void {
  const ends = [clock.subscribe(run), link.listen(run)];
  return () => ends.forEach((end) => end());
}
