/** Whether the history store fares well, as one sentence where it does not. */
import type { Schemas } from "@/api/client";
import { bytes, count } from "@/format/quantity";

export type StoreStatus = Schemas["StoreStatus"];

const KINDS: Readonly<Record<string, string>> = {
  sqlite: "SQLite file",
  postgres: "PostgreSQL",
  supabase: "Supabase",
};
export const kindOf = (kind: string | null): string => (kind && (KINDS[kind] ?? kind)) || "none";

export interface Trouble {
  readonly tone: "bad" | "warn";
  readonly says: string;
}

/** So many rows wait for a moment in every burst. */
const QUEUE_MAX = 5_000;
const MAY_END = "What is shown may end before now.";

/** The worst that has to be said; null where all is well. */
export function troubleOf(status: StoreStatus): Trouble | null {
  if (!status.configured) return null;
  const waits = status.queue_length
    ? `; ${count(status.queue_length)} events wait${spooled(status)} until it is back`
    : "";
  const why = status.reason || status.last_error || "no reason told";
  if (status.spool_failing)
    return {
      tone: "bad",
      says: `Neither the store nor the spool can be written: ${why}${waits}. ${MAY_END}`,
    };
  if (!status.connected)
    return {
      tone: "bad",
      says: `The store is away: ${why}${waits}. ${MAY_END}`,
    };
  if ((status.queue_length ?? 0) > QUEUE_MAX)
    return {
      tone: "warn",
      says: `${count(status.queue_length)} events wait${spooled(status)}. ${MAY_END}`,
    };
  return null;
}

const spooled = ({ spool_bytes: size }: StoreStatus): string =>
  size ? ` (${bytes(size)} in the spool)` : "";

/** What was lost since the recorder began; empty where nothing was. */
export function losses(status: StoreStatus): readonly string[] {
  return [
    status.gaps
      ? `${many(status.gaps, "gap")}: the journal no longer held some events; ` +
        "what stood then was stored instead"
      : "",
    status.thinned
      ? `${many(status.thinned, "account snapshot")} given up when the spool was full, ` +
        "nothing else"
      : "",
    status.refused ? `${many(status.refused, "row")} refused by the store` : "",
  ].filter(Boolean);
}

const many = (value: number, what: string): string =>
  `${count(value)} ${what}${value === 1 ? "" : "s"}`;
