/** The operator's four orders; the token is asked for where the service wants it. */
import { useMutation } from "@tanstack/react-query";
import { ApiProblem, api, body } from "@/api/client";
import { queries } from "@/api/queries";
import { askForTokenThen } from "@/parts/TokenDialog";
import { speech } from "@/app/speech";

export const ORDERS = {
  restart: {
    verb: "Restart",
    sure: "It ends in order and starts again; its data are stale meanwhile.",
  },
  stop: { verb: "Stop", sure: "It ends, and stays so until somebody starts it." },
  start: { verb: "Start", sure: null },
  reset: {
    verb: "Reset",
    sure: "Attempts and quarantine are forgotten, an account is configured anew, and it starts.",
  },
} as const;
export type OrderName = keyof typeof ORDERS;

interface Ordered {
  readonly actor: string;
  readonly order: OrderName;
}

function send({ actor, order }: Ordered) {
  const init = { params: { path: { actor } } };
  switch (order) {
    case "restart":
      return body(api.POST("/api/supervision/{actor}/restart", init));
    case "stop":
      return body(api.POST("/api/supervision/{actor}/stop", init));
    case "start":
      return body(api.POST("/api/supervision/{actor}/start", init));
    case "reset":
      return body(api.POST("/api/supervision/{actor}/reset", init));
  }
}

export function useOrder() {
  const mutation = useMutation({
    mutationFn: send,
    onSuccess: ({ actor, state }, { order }) => {
      speech.tell(`${ORDERS[order].verb} of ${actor} accepted, ${state}`);
      void queries.invalidateQueries({ queryKey: ["supervision", actor] });
    },
    onError: (error, ordered) => {
      if (error instanceof ApiProblem && error.status === 401)
        askForTokenThen(() => mutation.mutate(ordered));
    },
  });
  return mutation;
}

/** Which orders make sense in a state. */
export function ordersOf(state: string): readonly OrderName[] {
  if (state === "stopped") return ["start", "reset"];
  if (state === "quarantined") return ["reset", "start"];
  if (state === "backoff") return ["start", "stop", "reset"];
  return ["restart", "stop", "reset"];
}
