/** Which accounts an operator should look at first, and why. */
import type { Schemas } from "@/api/client";
import { compare, percentOf } from "@/format/decimal";
import type { Child, Connection } from "@/stream/messages";

export type Account = Schemas["Account"];

/** Shares of the margin at which people want to be told. */
export const MARGIN_LINES = ["0.70", "0.80", "0.90", "0.95"] as const;

export interface Attention {
  /** Higher is more urgent; 0 is fine. */
  readonly rank: number;
  readonly tone: "bad" | "warn" | "good";
  readonly word: string;
  readonly why: string;
}

const FINE: Attention = { rank: 0, tone: "good", word: "ready", why: "" };

/** How much of its margin an account uses, as a line it has crossed: 0 none … 4 the last. */
export const marginLine = (ratio: string | null | undefined): number =>
  MARGIN_LINES.filter((line) => compare(ratio, line) >= 0).length;

export interface Seen {
  readonly ratio: string | null | undefined;
  readonly stale: boolean;
  readonly staleReason: string;
  /** Whether anything was ever received of it. */
  readonly known: boolean;
  /** Whether somebody ordered a pause: then it is old on purpose. */
  readonly paused?: boolean;
  /** Of its lanes the one that is in trouble, while another may still deliver. */
  readonly lane?: Attention | null;
}

type LaneState = Pick<Connection, "lane" | "state" | "last_error">;

/** A refused key stays refused until somebody acts; a back-off tries again by itself. */
export function laneTrouble(lanes: readonly LaneState[]): Attention | null {
  const refused = lanes.find((it) => it.state === "rejected");
  const found = refused ?? lanes.find((it) => it.state === "backoff");
  if (!found) return null;
  const road = found.lane === "rest" ? "REST" : "WS";
  const why = found.last_error ?? "";
  if (refused) return { rank: 75, tone: "bad", word: `${road} rejected`, why };
  return { rank: 55, tone: "warn", word: `${road} back-off`, why };
}

export function attention(
  child: Pick<Child, "state" | "reason"> | undefined,
  seen: Seen,
): Attention {
  const state = child?.state ?? "not running";
  if (state === "quarantined" || state === "backoff" || state === "hung" || state === "exited") {
    const word = state === "backoff" ? "back-off" : state;
    return { rank: 90, tone: "bad", word, why: child?.reason ?? "" };
  }
  const line = marginLine(seen.ratio);
  if (line >= 3)
    return {
      rank: 80 + line,
      tone: "bad",
      word: "margin",
      why: `margin ratio ${percentOf(seen.ratio)}`,
    };
  if (seen.lane && seen.lane.tone === "bad") return seen.lane;
  if (seen.paused) return { rank: 45, tone: "warn", word: "paused", why: "by the operator" };
  if (!seen.known) return { rank: 70, tone: "bad", word: "missing", why: "nothing received yet" };
  if (seen.stale) {
    const word = state === "ready" ? "stale" : state;
    return { rank: 60, tone: "warn", word, why: seen.staleReason };
  }
  if (seen.lane) return seen.lane;
  if (line > 0)
    return {
      rank: 50 + line,
      tone: "warn",
      word: "margin",
      why: `margin ratio ${percentOf(seen.ratio)}`,
    };
  if (state !== "ready") return { rank: 40, tone: "warn", word: state, why: child?.reason ?? "" };
  return FINE;
}
