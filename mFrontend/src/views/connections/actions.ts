/** The operator's orders to connections; the token is asked for where the service wants it. */
import { useMutation } from "@tanstack/react-query";
import { ApiProblem, type Schemas, api, body } from "@/api/client";
import { queries } from "@/api/queries";
import { speech } from "@/app/speech";
import { askForTokenThen } from "@/parts/TokenDialog";

export type OrderName = "reconnect" | "pause" | "resume";

export interface Order {
  readonly name: OrderName;
  /** Empty: both lanes. Only for `reconnect`. */
  readonly lane: "" | "websocket" | "rest";
  /** `venue:name`; without it all. */
  readonly account?: string;
  /** Narrows all to one venue. */
  readonly venue?: string;
}

const LANES = { "": "both lanes", websocket: "the WebSocket", rest: "the REST lane" } as const;

/** What an order is about, in words. */
export function meant({ account, venue }: Pick<Order, "account" | "venue">): string {
  if (account) return account;
  return venue ? `all accounts and streams at ${venue}` : "all accounts and streams";
}

export const VERBS = { reconnect: "Reconnect", pause: "Pause", resume: "Resume" } as const;

export function title(order: Order): string {
  const what = order.name === "reconnect" && order.lane ? `${LANES[order.lane]} of ` : "";
  return `${VERBS[order.name]} ${what}${meant(order)}?`;
}

/** What will happen; null where nobody has to be asked. */
export function sure({ name, lane, account }: Order): string | null {
  if (name === "resume") return account ? null : "All that is paused goes on at once.";
  if (name === "pause")
    return "Polling and streams stop until somebody resumes them, also over restarts. Held data stay, marked as stale.";
  const what = account ? LANES[lane] : "every connection";
  return `Closes ${what} and connects anew at once; waits and phases are forgotten. Data are stale for a moment.`;
}

function send({ name, lane, account, venue }: Order): Promise<Schemas["Told"]> {
  const query = { ...(account && { account_index: account }), ...(venue && { venue }) };
  const init = { params: { query } };
  if (name === "pause") return body(api.POST("/api/control/pause", init));
  if (name === "resume") return body(api.POST("/api/control/resume", init));
  if (lane === "websocket") return body(api.POST("/api/ws/reconnect", init));
  if (lane === "rest") return body(api.POST("/api/rest/reconnect", init));
  return body(api.POST("/api/connections/reconnect", init));
}

const DONE = { reconnect: "told to reconnect", pause: "paused", resume: "resumed" } as const;

/** The answer to an order in one sentence. */
export function outcome(order: Pick<Order, "name">, told: Schemas["Told"]): string {
  const { actors, not_told: left } = told;
  const who = actors.length === 1 ? (actors[0] ?? "") : `${actors.length} actors`;
  return `${who} ${DONE[order.name]}${left.length ? `, ${left.length} not` : ""}`;
}

export function useOrder() {
  const mutation = useMutation({
    mutationFn: send,
    onSuccess: (told, order) => {
      speech.tell(outcome(order, told));
      void queries.invalidateQueries({ queryKey: ["connections"] });
    },
    onError: (error, order) => {
      if (error instanceof ApiProblem && error.status === 401)
        askForTokenThen(() => mutation.mutate(order));
    },
  });
  return mutation;
}
