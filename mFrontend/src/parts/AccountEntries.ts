/** Every account with what is known of it now, judged: what lists of accounts are made of. */
import { useMemo, useState } from "react";
import { accountName } from "@/format/names";
import { useHeldTopic, useMoving, useTopics, verdictOf } from "@/stream/hooks";
import type { Child, Connection, Figures } from "@/stream/messages";
import { type Road, isPaused, roadOf } from "./Via";
import { type Account, type Attention, attention, laneTrouble } from "./attention";

export interface AccountEntry {
  readonly name: string;
  readonly account: Account;
  readonly figures: Figures | null;
  readonly seen: Attention;
  readonly road: Road;
}

/** The same entry as before where nothing in it changed: then it is not drawn anew. */
export function kept<T extends AccountEntry>(before: T | undefined, next: T): T {
  if (!before) return next;
  const same = (Object.keys(next) as (keyof T)[]).every((key) => {
    if (key === "account") return alike(before.account, next.account, ["label", "actor", "reason"]);
    if (key === "seen") return alike(before.seen, next.seen, ["rank", "word", "why"]);
    return before[key] === next[key];
  });
  return same ? before : next;
}

const alike = <T>(a: T, b: T, keys: readonly (keyof T)[]): boolean =>
  keys.every((key) => a[key] === b[key]);

function byActor(lanes: readonly Connection[]): ReadonlyMap<string, readonly Connection[]> {
  const found = new Map<string, Connection[]>();
  for (const it of lanes) {
    const beside = found.get(it.actor);
    if (beside) beside.push(it);
    else found.set(it.actor, [it]);
  }
  return found;
}

/** Judged with each beat, as age alone can turn them; needs `supervision` and `connections`. */
export function useAccountEntries(accounts: readonly Account[]): readonly AccountEntry[] {
  const topics = useTopics("account:*");
  const children = useHeldTopic("supervision").rows as unknown as readonly Child[];
  const lanes = useHeldTopic("connections").rows as unknown as readonly Connection[];
  const reasons = useMoving(() => topics.map((it) => verdictOf(it).reason).join("\n"));
  const [before] = useState(() => new Map<string, AccountEntry>());
  return useMemo(() => {
    const told = reasons.split("\n");
    const held = new Map(topics.map((it, at) => [it.topic, { data: it.data, reason: told[at] }]));
    const lanesOf = byActor(lanes);
    const running = new Map(children.map((it) => [it.actor, it]));
    return accounts.map((account): AccountEntry => {
      const name = accountName(account);
      const topic = held.get(`account:${name}`);
      const figures = (topic?.data ?? null) as Figures | null;
      const reason = topic?.reason ?? "";
      const child = running.get(account.actor);
      const own = lanesOf.get(account.actor) ?? [];
      const seen = attention(child ?? account, {
        ratio: figures?.margin_ratio,
        stale: reason !== "",
        staleReason: reason,
        // What this tab was not told yet the service may well know.
        known: Boolean((figures ?? account).as_of_us),
        paused: isPaused(own),
        lane: laneTrouble(own),
      });
      const road = reason === "" ? roadOf(own, child) : "none";
      const entry = kept(before.get(name), { name, account, figures, seen, road });
      before.set(name, entry);
      return entry;
    });
  }, [accounts, topics, children, lanes, reasons, before]);
}
