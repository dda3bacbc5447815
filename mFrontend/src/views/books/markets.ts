/** The markets that may be chosen: what runs already first, then all that the venues list. */
import { queryOptions } from "@tanstack/react-query";
import { type Schemas, api, body } from "@/api/client";
import { REFRESH_MS } from "@/api/queries";
import { byName } from "@/format/names";
import { holds } from "@/parts/sorting";
import { confirmBooks } from "@/stream/confirm";
import { topicOf } from "./choices";

export type Instrument = Schemas["InstrumentView"];
export type BookStatus = Schemas["OrderBookStatus"];

/** Counts of each running book; confirms, too, how fresh a quiet one is. */
export const statusesQuery = queryOptions({
  queryKey: ["orderbook-status"],
  refetchInterval: REFRESH_MS,
  queryFn: async ({ signal }) => {
    const askedAtMs = Date.now();
    const { streams } = await body(api.GET("/api/orderbook-status", { signal }));
    confirmBooks(streams, askedAtMs);
    return streams;
  },
});

export interface Choice {
  readonly topic: string;
  readonly venue: string;
  readonly symbol: string;
  readonly product: string;
  readonly running: boolean;
  readonly text: string;
}

export function choices(
  instruments: readonly Instrument[],
  statuses: readonly BookStatus[],
): readonly Choice[] {
  const found = new Map<string, Choice>();
  const add = (it: Instrument | BookStatus, running: boolean): void => {
    const { venue, product, symbol } = it;
    const topic = topicOf(it);
    if (found.has(topic)) return;
    const more = "aliases" in it ? [it.base, it.unified, ...it.aliases].join(" ") : "";
    const text = `${venue} ${product} ${symbol} ${more} ${running ? "running" : ""}`;
    found.set(topic, { topic, venue, product, symbol, running, text });
  };
  const listed = new Map(instruments.map((it) => [topicOf(it), it]));
  for (const it of statuses) add(listed.get(it.topic) ?? it, true);
  for (const it of instruments) if (it.status === "active") add(it, false);
  return [...found.values()].toSorted(
    (a, b) =>
      Number(b.running) - Number(a.running) ||
      byName(a.venue, b.venue) ||
      byName(a.symbol, b.symbol),
  );
}

export const fitting = (all: readonly Choice[], search: string): readonly Choice[] =>
  all.filter((it) => holds(it.text, search));
