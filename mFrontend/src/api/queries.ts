/** REST answers that several views read, each under one key, so that it is asked for once. */
import { QueryClient, queryOptions } from "@tanstack/react-query";
import { ApiProblem, type Schemas, api, body } from "./client";
import { token } from "./token";

/** How often the whole is asked for; what changes in between comes by the stream. */
export const REFRESH_MS = 6_000;
const RETRIES_MAX = 2;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) =>
        failures < RETRIES_MAX &&
        !(error instanceof ApiProblem && error.status >= 400 && error.status < 500),
      staleTime: REFRESH_MS / 2,
      refetchOnWindowFocus: true,
      // The browser's opinion of the network says nothing about a service on loopback.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

/** What was refused without the token is asked for again once there is one. */
token.subscribe(() => {
  if (!token.wanted()) void queries.invalidateQueries();
});

type Hears = (accounts: readonly Schemas["Account"][], askedAtMs: number) => void;
let hears: Hears = () => undefined;

/** Who hears each answer about the accounts: it confirms how fresh is what the stream told. */
export function onAccounts(run: Hears): void {
  hears = run;
}

/** Every configured account, whether it ever delivered or not. */
export const accountsQuery = queryOptions({
  queryKey: ["accounts"],
  refetchInterval: REFRESH_MS,
  queryFn: async ({ signal }) => {
    const askedAtMs = Date.now();
    const found = await body(api.GET("/api/accounts", { signal }));
    hears(found.accounts, askedAtMs);
    return found.accounts;
  },
});

export const portfolioQuery = queryOptions({
  queryKey: ["portfolio"],
  refetchInterval: REFRESH_MS,
  queryFn: ({ signal }) => body(api.GET("/api/portfolio", { signal })),
});

export const supervisionQuery = queryOptions({
  queryKey: ["supervision"],
  refetchInterval: REFRESH_MS,
  queryFn: ({ signal }) => body(api.GET("/api/supervision", { signal })),
});

/** A venue lists a new market now and then. */
const LISTED_MS = 60_000;

/** What the venues list, and in which timeframes. */
export const marketsQuery = queryOptions({
  queryKey: ["markets"],
  staleTime: LISTED_MS,
  queryFn: ({ signal }): Promise<Schemas["Markets"]> => body(api.GET("/api/markets", { signal })),
  // A venue whose list has not come yet is asked for again soon.
  refetchInterval: ({ state }) =>
    state.data?.venues.every((it) => it.count > 0) ? LISTED_MS : REFRESH_MS,
});

/** The incarnations of one process, newest first; since another end there is one more. */
export const historyOfActor = (actor: string, endedUs: number | null | undefined) =>
  queryOptions({
    queryKey: ["supervision", actor, "history", endedUs ?? 0],
    queryFn: ({ signal }) =>
      body(api.GET("/api/supervision/{actor}/history", { params: { path: { actor } }, signal })),
  });
