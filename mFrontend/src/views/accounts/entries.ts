/** Every account with what is known of it now, judged: the rows of the list. */
import { useMemo, useState } from "react";
import { useHeldTopic, useMoving, useTopics, verdictOf } from "@/stream/hooks";
import type { Child, Connection, Figures } from "@/stream/messages";
import type { TopicState } from "@/stream/store";
import { type Road, isPaused, roadOf } from "@/parts/Via";
import { type Account, type Attention, attention } from "@/parts/attention";

export interface Entry {
  readonly name: string;
  readonly account: Account;
  readonly figures: Figures | null;
  readonly seen: Attention;
  /** Null where it was never told. */
  readonly positions: number | null;
  readonly orders: number | null;
  readonly road: Road;
}

const NONE = { rows: [], held: false, data: null } as const;

/** Seconds within a reason would make every row another twice a second. */
function staleReason(topic: TopicState): string {
  const { stale, reason } = verdictOf(topic);
  return stale ? reason.replaceAll(/ for [\d.]+.*$/g, "") || "stale" : "";
}

const many = (topic: Pick<TopicState, "held" | "rows"> | undefined): number | null =>
  topic?.held ? topic.rows.length : null;

function byActor(lanes: readonly Connection[]): ReadonlyMap<string, readonly Connection[]> {
  const found = new Map<string, Connection[]>();
  for (const it of lanes) {
    const beside = found.get(it.actor);
    if (beside) beside.push(it);
    else found.set(it.actor, [it]);
  }
  return found;
}

/** The same row as before where nothing in it changed: then its cells are not drawn anew. */
export function kept(before: Entry | undefined, next: Entry): Entry {
  const same =
    before &&
    before.figures === next.figures &&
    before.account.label === next.account.label &&
    before.account.actor === next.account.actor &&
    before.positions === next.positions &&
    before.orders === next.orders &&
    before.road === next.road &&
    before.seen.rank === next.seen.rank &&
    before.seen.word === next.seen.word &&
    before.seen.why === next.seen.why;
  return same ? before : next;
}

export function useEntries(accounts: readonly Account[]): readonly Entry[] {
  const topics = useTopics("account:*");
  const positions = useTopics("positions:*");
  const orders = useTopics("orders:*");
  const children = useHeldTopic("supervision").rows as unknown as readonly Child[];
  const lanes = useHeldTopic("connections").rows as unknown as readonly Connection[];
  const reasons = useMoving(() => topics.map(staleReason).join("\n"));
  const [before] = useState(() => new Map<string, Entry>());
  return useMemo(() => {
    const byTopic = (found: readonly TopicState[]) => new Map(found.map((it) => [it.topic, it]));
    const [figuresOf, positionsOf, ordersOf] = [topics, positions, orders].map(byTopic);
    const staleOf = new Map(reasons.split("\n").map((reason, at) => [topics[at]?.topic, reason]));
    const lanesOf = byActor(lanes);
    const running = new Map(children.map((it) => [it.actor, it]));
    return accounts.map((account): Entry => {
      const name = `${account.venue}:${account.account}`;
      const topic = figuresOf?.get(`account:${name}`);
      const figures = (topic ?? NONE).data as Figures | null;
      const reason = staleOf.get(`account:${name}`) ?? "";
      const own = lanesOf.get(account.actor) ?? [];
      const seen = attention(running.get(account.actor) ?? account, {
        ratio: figures?.margin_ratio,
        stale: reason !== "",
        staleReason: reason,
        known: Boolean(figures?.as_of_us),
        paused: isPaused(own),
      });
      const entry = kept(before.get(name), {
        name,
        account,
        figures,
        seen,
        positions: many(positionsOf?.get(`positions:${name}`)),
        orders: many(ordersOf?.get(`orders:${name}`)),
        road: reason === "" ? roadOf(own) : "none",
      });
      before.set(name, entry);
      return entry;
    });
  }, [accounts, topics, positions, orders, children, lanes, reasons, before]);
}
