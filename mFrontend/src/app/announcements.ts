/** Which changes of state a screen reader is told of. */
import { useEffect, useRef } from "react";
import { useLink, useTopic } from "@/stream/hooks";
import type { Child } from "@/stream/messages";
import { wordOf } from "@/parts/Badge";
import { speech } from "./speech";

const LINK_WORDS = {
  connecting: "",
  live: "Connected to the service",
  waiting: "Disconnected from the service",
  unauthorised: "The service wants its token",
} as const;

const LINK = "the connection to the service";

/** Passing states of an orderly start or end are no news. */
const PASSING: ReadonlySet<string> = new Set(["new", "starting", "stopping", "exited"]);

/** The state of each process that lasts; changes between two calls are worth a sentence. */
export function changesOf(before: ReadonlyMap<string, string>, rows: readonly Child[]): string[] {
  const sentences: string[] = [];
  for (const { actor, state } of rows) {
    const was = before.get(actor);
    if (was !== undefined && was !== state && !PASSING.has(state)) {
      sentences.push(`${actor} is ${state === "ready" ? "running again" : wordOf(state)}`);
    }
  }
  return sentences;
}

export function useAnnouncements(): void {
  const { phase } = useLink();
  const rows = useTopic("supervision").rows as unknown as readonly Child[];
  const said = useRef<string>("connecting");
  const states = useRef<Map<string, string>>(new Map());
  useEffect(() => {
    const sentence = LINK_WORDS[phase];
    if (!sentence || said.current === phase) return;
    said.current = phase;
    speech.tell(sentence, LINK);
  }, [phase]);
  useEffect(() => {
    for (const sentence of changesOf(states.current, rows)) speech.tell(sentence);
    for (const { actor, state } of rows) if (!PASSING.has(state)) states.current.set(actor, state);
  }, [rows]);
}
