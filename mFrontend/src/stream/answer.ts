/** Whether a REST answer that is held may still be believed. */
import { useMemo } from "react";
import { useVerdict } from "./hooks";
import type { TopicState } from "./store";
import type { Verdict } from "./verdict";

/** An answer is no topic: its own age and the connection decide. */
const OF_ANSWER: TopicState = {
  topic: "",
  data: null,
  rows: [],
  asOfUs: null,
  stale: null,
  staleReason: null,
  held: true,
};

export interface HeldAnswer {
  readonly error: Error | null;
  /** When it was asked for, by the service's clock; null or none before the first answer. */
  readonly askedUs: number | null | undefined;
}

/** `ended`: of a time that is over, whose answer does not change any more. */
export function useAnswerVerdict({ error, askedUs }: HeldAnswer, ended = false): Verdict {
  const asOfUs = askedUs ?? null;
  const judged = useVerdict(OF_ANSWER, useMemo(() => ({ as_of_us: asOfUs }), [asOfUs]));
  // How long it lasts is told by the age beside it, which moves.
  const doubt = judged.reason.replace(/ for [\d.]+.*$/, "");
  const unanswered = error && asOfUs !== null ? error.message : "";
  const reason = ended || asOfUs === null ? "" : unanswered || doubt;
  return useMemo(() => ({ stale: reason !== "", reason, asOfUs }), [reason, asOfUs]);
}
