/**
 * The columns of fills; a view shows all of them or picks some.
 *
 * A fill is a fact that does not grow old: no number of it is ever stale. That some may be missing,
 * as an account was not heard of, is said above the table.
 */
import { spoken } from "@/format/names";
import { Time } from "./Age";
import type { Column } from "./Table";
import { Figure } from "./TableCells";
import { ACCOUNT, MARKET, SHARED_FILTERS, SIDE, VIA, identifier } from "./TableSharedColumns";
import { fields, timeField } from "./csv";
import { type FillRow, fillTimeUs } from "./fills";
import type { Filter } from "./filtering";

const EXACT = { digitsMax: 10 };
const MONEY = { digits: 2 };
/** Fees are small, and rebates are below zero. */
const FEE = { digitsMax: 6 };

export const FILL_FILTERS: readonly Filter<FillRow>[] = [
  ...SHARED_FILTERS,
  { key: "liquidity", title: "Liquidity", value: (it) => it.liquidity, says: spoken },
  { key: "type", title: "Type", value: (it) => it.trade_type, says: spoken },
];

export const FILL_COLUMNS: readonly Column<FillRow>[] = [
  {
    key: "time",
    title: "Time",
    width: "minmax(6.2rem, 0.5fr)",
    sort: fillTimeUs,
    csv: [timeField("time", fillTimeUs)],
    cell: (it) => <Time us={fillTimeUs(it)} />,
  },
  ACCOUNT,
  MARKET,
  SIDE,
  {
    key: "price",
    title: "Price",
    width: "minmax(6.5rem, 1fr)",
    right: true,
    sort: (it) => it.price,
    csv: fields("price"),
    cell: (it) => <Figure value={it.price} look={EXACT} />,
  },
  {
    key: "size",
    title: "Size",
    width: "minmax(6rem, 1fr)",
    right: true,
    sort: (it) => it.quantity,
    csv: fields("quantity"),
    cell: (it) => <Figure value={it.quantity} look={EXACT} />,
  },
  {
    key: "notional",
    title: "Notional",
    width: "minmax(6rem, 1fr)",
    right: true,
    hint: "In the account's settlement asset",
    sort: (it) => it.notional,
    csv: fields("notional"),
    cell: (it) => <Figure value={it.notional} look={MONEY} />,
  },
  {
    key: "fee",
    title: "Fee",
    width: "minmax(8.6rem, 1fr)",
    right: true,
    hint: "What was paid; below zero what was received",
    sort: (it) => it.fee,
    csv: fields("fee", "fee_asset"),
    cell: (it) => <Figure value={it.fee} look={FEE} unit={it.fee_asset ?? undefined} />,
  },
  {
    key: "liquidity",
    title: "Liquidity",
    width: "minmax(5.5rem, 0.5fr)",
    words: true,
    hint: "Maker: was resting in the book. Taker: came to it",
    sort: (it) => it.liquidity,
    csv: fields("liquidity"),
    cell: (it) => spoken(it.liquidity),
  },
  {
    key: "type",
    title: "Type",
    width: "minmax(5rem, 0.5fr)",
    words: true,
    hint: "An ordinary trade, a liquidation, …",
    sort: (it) => it.trade_type,
    csv: fields("trade_type"),
    cell: (it) => <Type type={it.trade_type} />,
  },
  { ...identifier("order_id", "Order id"), hidden: false, width: "minmax(13.6rem, 1fr)" },
  identifier("fill_id", "Fill id"),
  identifier("client_order_id", "Client order id"),
  VIA,
];

/** What is no ordinary trade must be seen. */
const Type = ({ type }: { readonly type: string }) => (
  <span className={type === "trade" ? "text-soft" : "font-semibold text-warn"}>
    {type !== "trade" && <span aria-hidden="true">⚠ </span>}
    {spoken(type)}
  </span>
);
