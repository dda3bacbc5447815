/** The rows of the list: every account, with how much it holds and has ordered. */
import { useMemo, useState } from "react";
import { type AccountEntry, kept, useAccountEntries } from "@/parts/AccountEntries";
import type { Account } from "@/parts/attention";
import { useTopics } from "@/stream/hooks";
import type { TopicState } from "@/stream/store";

export interface Entry extends AccountEntry {
  /** Null where it was never told. */
  readonly positions: number | null;
  readonly orders: number | null;
}

const counts = (topics: readonly TopicState[]): ReadonlyMap<string, number> =>
  new Map(topics.map((it) => [it.topic, it.rows.length]));

export function useEntries(accounts: readonly Account[]): readonly Entry[] {
  const known = useAccountEntries(accounts);
  const positions = useTopics("positions:*");
  const orders = useTopics("orders:*");
  const [before] = useState(() => new Map<string, Entry>());
  return useMemo(() => {
    const [held, open] = [counts(positions), counts(orders)];
    return known.map((it): Entry => {
      const entry = kept(before.get(it.name), {
        ...it,
        positions: held.get(`positions:${it.name}`) ?? null,
        orders: open.get(`orders:${it.name}`) ?? null,
      });
      before.set(it.name, entry);
      return entry;
    });
  }, [known, positions, orders, before]);
}
