/** What the service says on a stream (docs/streams.md), and the data its topics carry. */
import type { Schemas } from "../api/client";

export type Row = Readonly<Record<string, unknown>>;

/** Where a datum comes from and how old it is; the same fields on every datum of a venue. */
export interface Fresh {
  readonly source?: string;
  readonly via?: string | null;
  readonly as_of_us?: number | null;
  readonly changed_us?: number | null;
  readonly stale?: boolean;
  readonly stale_reason?: string | null;
}

export interface TopicMessage {
  readonly type: "snapshot" | "update" | "freshness" | "reset";
  readonly topic: string;
  readonly kind?: string;
  readonly id: string | null;
  readonly prev: string | null;
  readonly at_us: number;
  readonly data?: unknown;
  readonly reason?: string;
}

export interface Welcome {
  readonly type: "welcome";
  readonly at_us: number;
  readonly stream: string;
  readonly version: string;
  readonly mode: string;
  readonly simulated: boolean;
}

export interface Closing {
  readonly type: "closing";
  readonly at_us: number;
  readonly code: number;
  readonly reason: string;
}

interface Refusal {
  readonly type: "error";
  readonly at_us: number;
  readonly field: string;
  readonly detail: string;
}

interface Plain {
  readonly type: "pong" | "subscribed" | "unsubscribed";
  readonly at_us: number;
}

export type Message = TopicMessage | Welcome | Closing | Refusal | Plain;

const TOPIC_TYPES: ReadonlySet<string> = new Set(["snapshot", "update", "freshness", "reset"]);

export const isOfTopic = (message: Message): message is TopicMessage =>
  TOPIC_TYPES.has(message.type);

/** A message, or null for text that is none. */
export function read(text: string): Message | null {
  try {
    const found: unknown = JSON.parse(text);
    const typed = found !== null && typeof found === "object" && "type" in found;
    return typed ? (found as Message) : null;
  } catch {
    return null;
  }
}

export interface Place {
  readonly stream: string;
  readonly sequence: number;
}

/** The parts of an id, `<stream>-<sequence>`; null for none. */
export function place(id: string | null | undefined): Place | null {
  const cut = id ? id.lastIndexOf("-") : -1;
  if (!id || cut < 1) return null;
  const sequence = Number(id.slice(cut + 1));
  return Number.isSafeInteger(sequence) ? { stream: id.slice(0, cut), sequence } : null;
}

export type Child = Schemas["Child"];
/** Whether an actor's process is gone: what its lanes told last is no longer their state. */
export const isAway = (child: Pick<Child, "pid"> | undefined): boolean => child?.pid === null;
export type Connection = Schemas["Connection"];
export type Position = Schemas["PositionView"];
export type Order = Schemas["OrderView"];
export type Fill = Schemas["FillView"];
/** Of the `account` topic: the figures without what other topics tell. */
export type Figures = Omit<
  Schemas["Account"],
  | "index"
  | "label"
  | "aliases"
  | "actor"
  | "state"
  | "reason"
  | "positions"
  | "orders"
  | "connections"
>;
export interface Fault {
  readonly actor: string;
  readonly kind: string;
  readonly message: string;
  readonly level: string;
  readonly at_us: number;
}
