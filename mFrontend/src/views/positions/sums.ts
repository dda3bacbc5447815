/** Positions added up exactly: by settlement asset, and by market across accounts. */
import { negated, sign, sum } from "@/format/decimal";
import { accountName } from "@/format/names";
import { distanceOf } from "@/parts/liquidation";
import type { Position } from "@/stream/messages";

type Text = string | null | undefined;

export interface Sums {
  readonly count: number;
  readonly longNotional: string;
  readonly shortNotional: string;
  readonly netNotional: string;
  readonly grossNotional: string;
  readonly unrealizedPnl: string;
  /** Positions whose notional or profit the venue does not tell: they are in no sum. */
  readonly unvalued: number;
}

const ZERO = "0";
const added = (texts: readonly Text[]): string =>
  sum(texts.filter((it) => it !== null && it !== undefined)) ?? ZERO;

const known = (it: Position): boolean => it.notional !== null && it.unrealized_pnl !== null;
const isShort = (it: Position): boolean => it.side === "short";

export function sumsOf(positions: readonly Position[]): Sums {
  const longNotional = added(positions.filter((it) => !isShort(it)).map((it) => it.notional));
  const shortNotional = added(positions.filter(isShort).map((it) => it.notional));
  return {
    count: positions.length,
    longNotional,
    shortNotional,
    netNotional: added([longNotional, negated(shortNotional)]),
    grossNotional: added([longNotional, shortNotional]),
    unrealizedPnl: added(positions.map((it) => it.unrealized_pnl)),
    unvalued: positions.filter((it) => !known(it)).length,
  };
}

/** Money in different assets is not added. */
export function bySettle(
  positions: readonly Position[],
  settleOf: (account: string) => string | undefined,
): ReadonlyMap<string, Sums> {
  const groups = grouped(positions, (it) => settleOf(accountName(it)) ?? "");
  return new Map([...groups].map(([settle, held]) => [settle, sumsOf(held)]));
}

export interface Market extends Sums {
  readonly key: string;
  readonly venue: string;
  readonly product: string;
  readonly symbol: string;
  readonly positions: readonly Position[];
  readonly longQuantity: string;
  readonly shortQuantity: string;
  readonly netQuantity: string;
  /** Of one of them; they have the same, save for the moment at which each was told. */
  readonly markPrice: string | null;
  /** Of the position that is nearest to its liquidation. */
  readonly distance: string | null;
}

/** A market is one venue's: the same asset elsewhere is another market, with another margin. */
export function byMarket(positions: readonly Position[]): readonly Market[] {
  const groups = grouped(positions, (it) => `${it.venue}:${it.product}:${it.symbol}`);
  return [...groups].flatMap(([key, held]) => {
    const [first] = held;
    if (!first) return [];
    const { venue, product, symbol } = first;
    const longQuantity = added(held.filter((it) => !isShort(it)).map((it) => it.quantity));
    const shortQuantity = added(held.filter(isShort).map((it) => it.quantity));
    return {
      ...sumsOf(held),
      ...{ key, venue, product, symbol, positions: held, longQuantity, shortQuantity },
      netQuantity: added([longQuantity, negated(shortQuantity)]),
      markPrice: held.find((it) => it.mark_price !== null)?.mark_price ?? null,
      distance: nearest(held.map(distanceOf)),
    };
  });
}

function nearest(distances: readonly (string | null)[]): string | null {
  const found = distances.filter((it) => it !== null);
  return found.reduce<string | null>(
    (least, it) => (least === null || sign(added([it, negated(least)])) < 0 ? it : least),
    null,
  );
}

function grouped<T>(
  rows: readonly T[],
  key: (row: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const held = groups.get(key(row));
    if (held) held.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
}
