/** The operator's orders to one account; the token is asked for where the service wants it. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { ApiProblem, api, body } from "@/api/client";
import { REFRESH_MS, queries } from "@/api/queries";
import { speech } from "@/app/speech";
import { askForTokenThen } from "@/parts/TokenDialog";

export const ORDERS = {
  pause: {
    verb: "Pause",
    sure: "Its streams and polling stop until somebody resumes them; its figures turn stale.",
  },
  resume: { verb: "Resume", sure: null },
  reconnect: { verb: "Reconnect", sure: null },
} as const;
export type OrderName = keyof typeof ORDERS;

interface Ordered {
  readonly account: string;
  readonly order: OrderName;
}

const controlKey = (account: string) => ["control", account];

async function send({ account, order }: Ordered) {
  const init = { params: { query: { account_index: account } } };
  switch (order) {
    case "pause":
      return (await body(api.POST("/api/control/pause", init))).not_told;
    case "resume":
      return (await body(api.POST("/api/control/resume", init))).not_told;
    case "reconnect":
      return (await body(api.POST("/api/connections/reconnect", init))).not_told;
  }
}

export function useOrder() {
  const mutation = useMutation({
    mutationFn: send,
    onSuccess: (notTold, { account, order }) => {
      const left = notTold.length ? "; it does not run, and is told when it starts" : "";
      speech.tell(`${ORDERS[order].verb} of ${account} accepted${left}`);
      void queries.invalidateQueries({ queryKey: controlKey(account) });
    },
    onError: (error, ordered) => {
      if (error instanceof ApiProblem && error.status === 401)
        askForTokenThen(() => mutation.mutate(ordered));
    },
  });
  return mutation;
}

/** Whether somebody ordered a pause, and since when. */
export const usePaused = (account: string) =>
  useQuery({
    queryKey: controlKey(account),
    refetchInterval: REFRESH_MS,
    queryFn: async ({ signal }) => {
      const query = { account_index: account };
      const found = await body(api.GET("/api/control/status", { params: { query }, signal }));
      return found.actors[0] ?? null;
    },
  }).data ?? null;
