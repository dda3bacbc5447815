/** What the view asks of the service's history; spans that end now are asked anew as time goes. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { rowOf } from "@/parts/fills";
import { clock } from "@/stream/clock";
import type { Snapshot } from "./curve";
import type { CsvPage } from "./export";
import {
  type Bounds,
  INTERVALS_S,
  type Interval,
  POINTS_MAX,
  type Range,
  boundsOf,
  spellRange,
} from "./range";

/** Less than what an answer may be old while the service is polled (`LIMIT_MS`). */
const REFRESH_MS = 30_000;
const STORE_REFRESH_MS = 6_000;
/** The service goes on counting with the next call. */
const COUNTING_MS = 2_000;
export const PAGE_ROWS = 500;
const CSV_PAGE_ROWS = 10_000;

export const storeQuery = queryOptions({
  queryKey: ["history", "store"],
  refetchInterval: STORE_REFRESH_MS,
  queryFn: async ({ signal }) => {
    const status = await body(api.GET("/api/storage/status", { signal }));
    return { status, askedUs: clock.serverUs() };
  },
});

export const supabaseQuery = queryOptions({
  queryKey: ["history", "supabase"],
  refetchInterval: REFRESH_MS,
  queryFn: ({ signal }) => body(api.GET("/api/supabase/status", { signal })),
});

export interface CurveAnswer {
  /** Newest first. */
  readonly items: readonly Snapshot[];
  readonly bounds: Bounds;
  readonly intervalS: number;
  readonly account: string;
  readonly askedUs: number;
}

export const curveQuery = (account: string, range: Range, interval: Interval) =>
  queryOptions({
    queryKey: ["history", "curve", account, spellRange(range), interval],
    refetchInterval: range.kind === "last" ? REFRESH_MS : false,
    // Another span of the same account replaces the curve without a blank in between.
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<CurveAnswer> => {
      const bounds = boundsOf(range, clock.serverUs());
      const query = { ...spelt(bounds), interval, limit: POINTS_MAX };
      const { items } = await body(
        api.GET("/api/history/accounts/{index}", {
          params: { path: { index: account }, query },
          signal,
        }),
      );
      const intervalS = INTERVALS_S[interval];
      return { items, bounds, intervalS, account, askedUs: clock.serverUs() };
    },
  });

interface PagePlace extends Bounds {
  readonly cursor: string | null;
}
const FIRST_PAGE = null as PagePlace | null;

interface Page<T> extends Bounds {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
  readonly askedUs: number;
}

/** All pages are of the span that the first was asked for; only the first alone follows time. */
const paged = <T>(
  kind: string,
  account: string,
  range: Range,
  interval: Interval | null,
  ask: (
    query: ReturnType<typeof spelt> & { limit: number; cursor?: string },
    signal: AbortSignal,
  ) => Promise<{ items: readonly T[]; next_cursor: string | null }>,
) =>
  infiniteQueryOptions({
    queryKey: ["history", kind, account, spellRange(range), interval],
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    initialPageParam: FIRST_PAGE,
    queryFn: async ({ pageParam, signal }): Promise<Page<T>> => {
      const { cursor, ...bounds } = pageParam ?? {
        cursor: null,
        ...boundsOf(range, clock.serverUs()),
      };
      const query = { ...spelt(bounds), limit: PAGE_ROWS, ...(cursor === null ? {} : { cursor }) };
      const { fromUs, toUs } = bounds;
      return { ...(await ask(query, signal)), fromUs, toUs, askedUs: clock.serverUs() };
    },
    getNextPageParam: ({ next_cursor: cursor, fromUs, toUs }): PagePlace | null =>
      cursor === null ? null : { cursor, fromUs, toUs },
    refetchInterval: (query) =>
      range.kind === "last" && query.state.data?.pages.length === 1 ? REFRESH_MS : false,
  });

export const snapshotPages = (account: string, range: Range, interval: Interval | null) =>
  paged("snapshots", account, range, interval, (query, signal) =>
    body(
      api.GET("/api/history/accounts/{index}", {
        params: { path: { index: account }, query: { ...query, ...spaced(interval) } },
        signal,
      }),
    ),
  );

export const fillPages = (account: string, range: Range) =>
  paged("fills", account, range, null, async (query, signal) => {
    const params = { path: { index: account }, query };
    const page = await body(api.GET("/api/history/trades/{index}", { params, signal }));
    return { ...page, items: page.items.map(rowOf) };
  });

const spelt = ({ fromUs, toUs }: Bounds) => ({ from: String(fromUs), to: String(toUs) });
const spaced = (interval: Interval | null) => (interval === null ? {} : { interval });

export const periodsQuery = (account: string | null) =>
  queryOptions({
    queryKey: ["history", "periods", account ?? ""],
    queryFn: async ({ signal }) => {
      const query = account === null ? {} : { account };
      const found = await body(api.GET("/api/stats/periods", { params: { query }, signal }));
      return { ...found, askedUs: clock.serverUs() };
    },
    refetchInterval: (query) =>
      query.state.data?.accounts.some((it) => it.counting) ? COUNTING_MS : REFRESH_MS,
  });

export const summaryQuery = queryOptions({
  queryKey: ["history", "summary"],
  queryFn: async ({ signal }) => {
    const found = await body(api.GET("/api/stats/summary", { signal }));
    return { ...found, askedUs: clock.serverUs() };
  },
  refetchInterval: (query) =>
    query.state.data?.counting.length ? COUNTING_MS : REFRESH_MS,
});

/** One page of a file. */
export async function csvPage(
  kind: "snapshots" | "fills",
  account: string,
  bounds: Bounds,
  interval: Interval | null,
  cursor: string | null,
  signal: AbortSignal,
): Promise<CsvPage> {
  const query = {
    ...spelt(bounds),
    limit: CSV_PAGE_ROWS,
    ...(cursor === null ? {} : { cursor }),
  };
  const path = { index: account };
  const as = { headers: { Accept: "text/csv" }, parseAs: "text", signal } as const;
  const { data = "", response } =
    kind === "fills"
      ? await api.GET("/api/history/trades/{index}", { params: { path, query }, ...as })
      : await api.GET("/api/history/accounts/{index}", {
          params: { path, query: { ...query, ...spaced(interval) } },
          ...as,
        });
  return { text: data, next: response.headers.get("X-Next-Cursor") };
}
