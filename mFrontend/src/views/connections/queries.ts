/** What the stream does not tell of connections: who is linked or paused, and the budgets. */
import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { REFRESH_MS } from "@/api/queries";

/** What changes rarely; each call counts against the rate limit. */
const SLOW_MS = 10_000;

export const healthQuery = queryOptions({
  queryKey: ["connections", "health"],
  refetchInterval: REFRESH_MS,
  queryFn: ({ signal }) => body(api.GET("/api/connections/health", { signal })),
});

export const budgetsQuery = queryOptions({
  queryKey: ["connections", "budgets"],
  refetchInterval: SLOW_MS,
  queryFn: async ({ signal }) => {
    const { budgets } = await body(api.GET("/api/rest/health", { signal }));
    return { budgets };
  },
});

export const pausesQuery = queryOptions({
  queryKey: ["connections", "pauses"],
  refetchInterval: SLOW_MS,
  queryFn: ({ signal }) => body(api.GET("/api/control/status", { signal })),
});
