/** What the badge of a chart says: whether its newest bar is the market's present. */
import type { LinkState } from "@/stream/link";
import type { TopicState } from "@/stream/store";
import type { Verdict } from "@/stream/verdict";

export interface Liveness {
  readonly word: "LIVE" | "DELAYED" | "POLLING" | "HISTORY";
  readonly sign: string;
  readonly tone: "good" | "warn" | "calm";
  readonly says: string;
}

const LIVE = { word: "LIVE", sign: "⚡", tone: "good" } as const;
const DELAYED = { word: "DELAYED", sign: "◷", tone: "warn" } as const;
const POLLING = { word: "POLLING", sign: "↻", tone: "warn" } as const;
const HISTORY = { word: "HISTORY", sign: "▤", tone: "calm" } as const;

export interface Seen {
  readonly link: Pick<LinkState, "phase" | "door" | "reason" | "pausedMs">;
  readonly topic: Pick<TopicState, "held" | "staleReason">;
  readonly verdict: Verdict;
  /** Why the service does not run the stream; empty where it does. */
  readonly refusal: string;
}

const NO_LINK: Readonly<Record<LinkState["phase"], string>> = {
  connecting: "This page is connecting to the service.",
  waiting: "This page is disconnected from the service.",
  unauthorised: "The service wants its token.",
  live: "",
};

export function liveness({ link, topic, verdict, refusal }: Seen): Liveness {
  if (refusal) return { ...HISTORY, says: `No live stream: ${refusal}` };
  if (link.phase !== "live") return { ...DELAYED, says: NO_LINK[link.phase] };
  if (!topic.held)
    return { ...HISTORY, says: topic.staleReason ?? "The live stream has told nothing yet." };
  if (link.pausedMs !== null)
    return { ...DELAYED, says: "The view is paused; p lets it go on." };
  if (verdict.stale) return { ...DELAYED, says: verdict.reason };
  if (link.door === "polling")
    return { ...POLLING, says: "No stream opened; the bars are asked for each 15 s." };
  const way = link.door === "sse" ? "server-sent events" : "WebSocket";
  return { ...LIVE, says: `Each change of the bar comes by ${way} as it happens.` };
}
