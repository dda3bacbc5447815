/** Fills of the stream and of history as one list: newest first, each once. */
import type { Schemas } from "@/api/client";
import type { Fill } from "@/stream/messages";
import { FILLS_MAX } from "@/stream/topics";

type Stored = Schemas["StoredTrade"];

/** What both tell of a fill. */
export interface FillRow {
  readonly id: string;
  readonly atUs: number;
  readonly venue: string;
  readonly account: string;
  readonly symbol: string;
  readonly product: string;
  readonly side: string;
  readonly price: string;
  readonly quantity: string;
  readonly notional: string | null;
  readonly fee: string | null;
  readonly feeAsset: string | null;
  readonly liquidity: string;
  readonly type: string;
  readonly orderId: string;
}

/** The stream hands the same object out as long as a fill stays: so does this. */
const seen = new WeakMap<Fill | Stored, FillRow>();

function rowOf(fill: Fill | Stored, atUs: number): FillRow {
  const known = seen.get(fill);
  if (known) return known;
  const row: FillRow = {
    id: fill.fill_id,
    atUs,
    venue: fill.venue,
    account: fill.account,
    symbol: fill.symbol,
    product: fill.product,
    side: fill.side,
    price: fill.price,
    quantity: fill.quantity,
    notional: fill.notional,
    fee: fill.fee,
    feeAsset: fill.fee_asset,
    liquidity: fill.liquidity,
    type: fill.trade_type,
    orderId: fill.order_id,
  };
  seen.set(fill, row);
  return row;
}

/** `live`: oldest first, as the stream has them. */
export function merged(live: readonly Fill[], stored: readonly Stored[]): readonly FillRow[] {
  const rows = new Map<string, FillRow>();
  for (const it of live.toReversed())
    rows.set(it.fill_id, rowOf(it, it.venue_time_us ?? it.received_us ?? 0));
  for (const it of stored) if (!rows.has(it.fill_id)) rows.set(it.fill_id, rowOf(it, it.at_us));
  return [...rows.values()].toSorted((a, b) => b.atUs - a.atUs);
}

/**
 * Whether fills may lie between what the stream still has and what was read of history: it keeps
 * no more than so many, and what it dropped since is in neither.
 */
export function torn(live: readonly Fill[], stored: readonly Stored[]): boolean {
  if (live.length < FILLS_MAX || !stored.length) return false;
  const held = new Set(live.map((it) => it.fill_id));
  return !stored.some((it) => held.has(it.fill_id));
}
