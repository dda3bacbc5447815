/** Fills as the stream and the store tell them, as rows of one kind. */
import type { Schemas } from "@/api/client";
import { type OfAccount, accountName } from "@/format/names";
import type { Fill } from "@/stream/messages";

export type StoredFill = Schemas["StoredTrade"];

/** What both the stream and the store tell of a fill. */
export type FillRow = Pick<
  Fill,
  | "venue"
  | "account"
  | "fill_id"
  | "order_id"
  | "client_order_id"
  | "symbol"
  | "product"
  | "side"
  | "price"
  | "quantity"
  | "notional"
  | "fee"
  | "fee_asset"
  | "liquidity"
  | "trade_type"
  | "venue_time_us"
  | "received_us"
  | "via"
>;

/** The same row for the same stored fill: then its cells are not drawn anew. */
const rows = new WeakMap<StoredFill, FillRow>();

export function rowOf(stored: StoredFill): FillRow {
  const known = rows.get(stored);
  if (known) return known;
  const { at_us, ...rest } = stored;
  const row: FillRow = { ...rest, venue_time_us: at_us, received_us: null };
  rows.set(stored, row);
  return row;
}

export const fillKey = (it: OfAccount & { readonly fill_id: string }): string =>
  `${accountName(it)}:${it.fill_id}`;

/** When it happened at the venue; where that is not told, when it was heard of. */
export const fillTimeUs = (it: Pick<FillRow, "venue_time_us" | "received_us">): number =>
  it.venue_time_us ?? it.received_us ?? 0;
