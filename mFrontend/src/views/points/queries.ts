/** What the view asks of the service. */
import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { clock } from "@/stream/clock";

export const REFRESH_MS = 15_000;
/** While a refresh is under way. */
export const SOON_MS = 1_500;

export const pointsQuery = queryOptions({
  queryKey: ["points"],
  queryFn: async ({ signal }) => {
    const found = await body(api.GET("/api/points", { signal }));
    return { ...found, askedUs: clock.serverUs() };
  },
});
