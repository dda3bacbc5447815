/** All fills that are known: those of the stream, and behind them what was read of the store. */
import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useReducer } from "react";
import { type Schemas, api, body } from "@/api/client";
import { useAccountRows } from "@/parts/TableRows";
import type { FillRow } from "@/parts/fills";
import type { Fill } from "@/stream/messages";
import type { TopicState } from "@/stream/store";
import { type Past, UNREAD, follow, horizonOf, nextOf, prepend } from "./older";

const PAGE_ROWS = 500;
/** One page each; more at once would use up what the service allows a client in a minute. */
const ACCOUNTS_AT_ONCE = 8;
const STORE_REFRESH_MS = 60_000;

const storeQuery = queryOptions({
  queryKey: ["fills", "store"],
  refetchInterval: STORE_REFRESH_MS,
  queryFn: ({ signal }) => body(api.GET("/api/storage/status", { signal })),
});

type Pasts = ReadonlyMap<string, Past>;
type Change =
  | { readonly topics: readonly TopicState[] }
  | { readonly account: string; readonly page: Schemas["Trades"]; readonly asked: Past };

const whose = (topic: string): string => topic.slice("fills:".length);

function changed(pasts: Pasts, change: Change): Pasts {
  if ("topics" in change) {
    return new Map(
      change.topics.map(({ topic, rows }) => {
        const account = whose(topic);
        return [account, follow(pasts.get(account) ?? UNREAD, rows as unknown as FillRow[])];
      }),
    );
  }
  const past = pasts.get(change.account);
  if (!past) return pasts;
  return new Map(pasts).set(change.account, prepend(past, change.page, change.asked));
}

function pageOf(account: string, past: Past): Promise<Schemas["Trades"]> {
  const horizonUs = horizonOf(past);
  // The store's page begins before `to`; several fills may have happened in one microsecond.
  const before = Number.isFinite(horizonUs) ? { to: String(horizonUs + 1) } : {};
  const where = past.cursor === null ? before : { cursor: past.cursor };
  const params = { path: { index: account }, query: { limit: PAGE_ROWS, ...where } };
  return body(api.GET("/api/history/trades/{index}", { params }));
}

export function useFills() {
  const { topics } = useAccountRows<Fill>("fills");
  const [pasts, change] = useReducer(changed, new Map<string, Past>());
  const store = useQuery(storeQuery);
  useEffect(() => change({ topics }), [topics]);
  const rows = useMemo(
    () => [...pasts.values()].flatMap((it) => [...it.older, ...it.live]),
    [pasts],
  );
  const reading = useMutation({
    mutationFn: async (accounts: readonly string[]) => {
      const next = nextOf(
        new Map([...pasts].filter(([it]) => accounts.includes(it))),
        ACCOUNTS_AT_ONCE,
      );
      await Promise.all(
        next.map(async (account) => {
          const asked = pasts.get(account) ?? UNREAD;
          change({ account, page: await pageOf(account, asked), asked });
        }),
      );
    },
  });
  return { topics, rows, pasts, reading, store };
}
