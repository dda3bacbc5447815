/** The rows of all accounts of one kind, and whether what is held of them may be believed. */
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { type OfAccount, accountName } from "@/format/names";
import { useMoving, useWant, verdictOf } from "@/stream/hooks";
import { type TopicState, store } from "@/stream/store";
import type { Verdict } from "@/stream/verdict";

export type AccountKind = "positions" | "orders" | "fills";

/** Topics come one by one; a table of all of them is put together at most so often. */
const PACE_MS = 250;
/** Where there are many rows, putting them in order takes its time. */
const MANY_PACE_MS = 1_000;
const MANY_ROWS = 5_000;

export const topicOf = (kind: AccountKind, row: OfAccount): string => `${kind}:${accountName(row)}`;

export interface AccountRows<T> {
  readonly topics: readonly TopicState[];
  readonly rows: readonly T[];
}

export function useAccountRows<T>(kind: AccountKind): AccountRows<T> {
  const pattern = `${kind}:*`;
  useWant([pattern]);
  const listen = useCallback((run: () => void) => listenCalmly(pattern, run), [pattern]);
  const topics = useSyncExternalStore(listen, () => store.topics(pattern));
  const rows = useMemo(
    () => topics.flatMap((topic) => topic.rows as unknown as readonly T[]),
    [topics],
  );
  return { topics, rows };
}

function paceMs(topics: readonly TopicState[]): number {
  const rows = topics.reduce((count, it) => count + it.rows.length, 0);
  return rows > MANY_ROWS ? MANY_PACE_MS : PACE_MS;
}

/** The first change is told at once, those that follow it together. */
function listenCalmly(pattern: string, run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dueMs = -Infinity;
  const tell = (): void => {
    timer = undefined;
    dueMs = performance.now() + paceMs(store.topics(pattern));
    run();
  };
  const end = store.listenAll(pattern, () => {
    if (timer !== undefined) return;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) timer = setTimeout(tell, waitMs);
    else tell();
  });
  return () => {
    clearTimeout(timer);
    end();
  };
}

/** The verdict on a sum over these rows: as old as the oldest of them, stale if one of them is. */
export function useVerdictOfAll(kind: AccountKind, rows: readonly OfAccount[]): Verdict {
  const accounts = useMemo(() => [...new Set(rows.map(accountName))], [rows]);
  const told = useMoving(() => {
    const verdicts = accounts.map((it) => verdictOf(store.topic(`${kind}:${it}`)));
    const stale = accounts.filter((_, at) => verdicts[at]?.stale);
    const known = verdicts.flatMap((it) => it.asOfUs ?? []);
    const asOfUs = known.reduce((oldest, it) => Math.min(oldest, it), Infinity);
    return JSON.stringify([stale.join(", "), asOfUs === Infinity ? null : asOfUs]);
  });
  return useMemo(() => {
    const [names, asOfUs] = JSON.parse(told) as [string, number | null];
    return { stale: names !== "", reason: names && `with stale accounts: ${names}`, asOfUs };
  }, [told]);
}
