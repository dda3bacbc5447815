/** Whether a REST answer that is held may still be believed. */
import { useMemo } from "react";
import { useVerdict } from "./hooks";
import type { Fresh } from "./messages";
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

interface HeldAnswer {
  readonly error: Error | null;
  /** When it was asked for, by the service's clock; null or none before the first answer. */
  readonly askedUs: number | null | undefined;
  /** What the answer itself says of how fresh it is, where it does. */
  readonly fresh?: Fresh | undefined;
}

/** `ended`: of a time that is over, whose answer does not change any more. */
export function useAnswerVerdict({ error, askedUs, fresh }: HeldAnswer, ended = false): Verdict {
  const asOfUs = askedUs ?? null;
  const asked = useMemo(() => ({ as_of_us: asOfUs }), [asOfUs]);
  const judged = useVerdict(OF_ANSWER, fresh ?? asked);
  const unanswered = error && asOfUs !== null ? error.message : "";
  const reason = ended || (asOfUs === null && !fresh) ? "" : unanswered || judged.reason;
  return useMemo(() => ({ stale: reason !== "", reason, asOfUs }), [reason, asOfUs]);
}
