/** The lanes of all actors: what is wrong with each, which are shown, and in which groups. */
import type { Schemas } from "@/api/client";
import { byName } from "@/format/names";
import { type Tone, wordOf } from "@/parts/Badge";
import { holds } from "@/parts/sorting";
import type { Child, Connection } from "@/stream/messages";

/** What the stream tells of a lane; the rest of a `Connection` follows from it. */
export type Lane = Omit<
  Connection,
  "connected" | "linked" | "last_message_age_ms" | "uptime_ms" | "success_rate_percent"
>;

export interface Seen {
  /** Higher is more urgent; 0 is fine. */
  readonly rank: number;
  readonly tone: Tone;
  readonly word: string;
  readonly why: string;
  /** When the next attempt is made; null where none is due. */
  readonly nextUs: number | null;
}

export interface Entry {
  readonly key: string;
  readonly actor: string;
  readonly venue: string;
  /** `rest`, `websocket`, or `none` of an actor that has not told of any. */
  readonly kind: string;
  readonly lane: Lane | null;
  readonly seen: Seen;
}

/** From this rank on an operator should look. */
export const WRONG_RANK = 50;
/** A fault is news for so long. */
const RECENT_US = 60_000_000;
const AWAY: ReadonlySet<string> = new Set([
  "backoff",
  "quarantined",
  "hung",
  "over_memory",
  "exited",
]);

/** Share of requests that succeeded since the actor's start, in percent; null without any. */
export const successPercent = (lane: Pick<Lane, "requests" | "failures">): number | null =>
  lane.requests ? (100 * (lane.requests - lane.failures)) / lane.requests : null;

/** What was last heard is older than it may be. */
export function isSilent(
  lane: Pick<Lane, "state" | "last_message_us" | "stale_after_ms">,
  nowUs: number,
): boolean {
  if (lane.state !== "connected" || !lane.last_message_us || !lane.stale_after_ms) return false;
  return nowUs - lane.last_message_us > lane.stale_after_ms * 1000;
}

const seen = (rank: number, tone: Tone, word: string, why = "", nextUs: number | null = null) => ({
  rank,
  tone,
  word,
  why,
  nextUs,
});

/** `linked`: whether the actor's process is linked to the cache, as far as it is known. */
export function attention(
  lane: Lane,
  child: Pick<Child, "state" | "reason" | "next_restart_us"> | undefined,
  linked: boolean,
  nowUs: number,
): Seen {
  // A lane says nothing any more once its process is away: its last word is not its state.
  if (child && AWAY.has(child.state))
    return seen(90, "bad", `process ${wordOf(child.state)}`, child.reason, child.next_restart_us);
  if (child?.state === "stopped") return seen(20, "calm", "process stopped", child.reason);
  const { state, last_error: why, next_retry_us: nextUs } = lane;
  if (state === "rejected") return seen(85, "bad", "rejected", why);
  if (state === "backoff") return seen(80, "bad", "back-off", why, nextUs);
  if (state === "paused") return seen(10, "calm", "paused", "paused by the operator");
  if (!linked) return seen(75, "bad", "not linked", "its process is not linked to the cache");
  if (state !== "connected") return seen(50, "warn", wordOf(state), why, nextUs);
  if (isSilent(lane, nowUs)) return seen(60, "warn", "silent", "nothing came for too long");
  if (lane.last_error_us && nowUs - lane.last_error_us < RECENT_US)
    return seen(30, "good", "connected", why);
  return seen(0, "good", "connected");
}

/** Whether a lane does what it should. */
export const isUp = (it: Pick<Seen, "word">): boolean => it.word === "connected";

export const keyOf = (lane: Pick<Lane, "actor" | "lane">): string => `${lane.actor} ${lane.lane}`;

/** Actors that should have a lane and never told of one. */
export const missing = (silent: readonly Schemas["NotReady"][]): Entry[] =>
  silent.map(({ actor, state, reason }) => ({
    key: `${actor} none`,
    actor,
    venue: actor.split(":")[1] ?? "",
    kind: "none",
    lane: null,
    seen: seen(70, "bad", "no lane yet", reason || `its process is ${wordOf(state)}`),
  }));

export const SHOWN = ["all", "needs attention", "connected", "paused"] as const;
export const KINDS = ["all lanes", "websocket", "rest"] as const;
export const ORDERS = ["attention", "name", "last message", "success", "latency"] as const;

export interface Choice {
  readonly search: string;
  readonly venue: string;
  readonly kind: (typeof KINDS)[number];
  readonly show: (typeof SHOWN)[number];
  readonly order: (typeof ORDERS)[number];
}

export function isShown(entry: Entry, { search, venue, kind, show }: Choice): boolean {
  if (venue && entry.venue !== venue) return false;
  if (kind !== "all lanes" && entry.kind !== kind) return false;
  if (show === "needs attention" && entry.seen.rank < WRONG_RANK) return false;
  if (show === "paused" && entry.seen.word !== "paused") return false;
  if (show === "connected" && !isUp(entry.seen)) return false;
  return holds(`${entry.actor} ${entry.kind} ${entry.seen.word} ${textOf(entry)}`, search);
}

const textOf = ({ lane }: Entry): string => `${lane?.last_error ?? ""} ${lane?.exit_address ?? ""}`;

export interface Group {
  readonly name: string;
  /** Whether it gathers what is wrong at all venues. */
  readonly wrong: boolean;
  readonly entries: readonly Entry[];
}

const KIND_PLACE: Readonly<Record<string, number>> = { websocket: 0, rest: 1, none: 2 };

const byActor = (a: Entry, b: Entry): number =>
  byName(a.actor, b.actor) || (KIND_PLACE[a.kind] ?? 3) - (KIND_PLACE[b.kind] ?? 3);

/** What stands first in an order: the larger number; the unknown stands last. */
function weight({ lane }: Entry, order: Choice["order"]): number {
  if (order === "last message") return -(lane?.last_message_us ?? Infinity);
  if (order === "success") return lane ? -(successPercent(lane) ?? Infinity) : -Infinity;
  if (order === "latency") return lane?.latency_ms ?? -Infinity;
  return 0;
}

function sorted(entries: readonly Entry[], order: Choice["order"]): readonly Entry[] {
  return entries.toSorted((a, b) => {
    const [left, right] = [weight(a, order), weight(b, order)];
    return (left === right ? 0 : right - left) || byActor(a, b);
  });
}

/** One group per venue; in the order of attention what is wrong stands before all of them. */
export function groups(entries: readonly Entry[], order: Choice["order"]): readonly Group[] {
  const wrong = order === "attention" ? entries.filter((it) => it.seen.rank >= WRONG_RANK) : [];
  const rest = wrong.length ? entries.filter((it) => it.seen.rank < WRONG_RANK) : entries;
  const venues = [...new Set(rest.map((it) => it.venue))].toSorted(byName);
  const first = wrong.toSorted((a, b) => b.seen.rank - a.seen.rank || byActor(a, b));
  return [
    ...(first.length ? [{ name: "Needs attention", wrong: true, entries: first }] : []),
    ...venues.map((venue) => ({
      name: venue,
      wrong: false,
      entries: sorted(
        rest.filter((it) => it.venue === venue),
        order,
      ),
    })),
  ];
}
