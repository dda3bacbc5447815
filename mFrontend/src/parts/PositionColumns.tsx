/** The columns of positions, one row each; a view shows all of them or picks some. */
import { accountName } from "@/format/names";
import { Price } from "./Price";
import type { Column } from "./Table";
import { Ago, Figure, JudgedRow } from "./TableCells";
import { ACCOUNT, CONFIRMED, MARKET, SIDE, VIA, identifier } from "./TableSharedColumns";
import { fields, timeField } from "./csv";
import type { Position } from "@/stream/messages";
import { Distance } from "./Distance";
import { distanceOf } from "./liquidation";

export const MONEY = { digits: 2 };
/** Venues tell prices and sizes with zeros that say nothing. */
export const EXACT = { digitsMax: 10 };

export const positionKey = (it: Position): string => `${accountName(it)}:${it.position_id}`;
export const aroundPosition = (row: Position, cells: React.ReactNode) => (
  <JudgedRow kind="positions" row={row}>
    {cells}
  </JudgedRow>
);

export const POSITION_COLUMNS: readonly Column<Position>[] = [
  ACCOUNT,
  MARKET,
  SIDE,
  {
    key: "size",
    title: "Size",
    width: "minmax(5.8rem, 1fr)",
    right: true,
    hint: "In the market's own unit: mostly the base asset",
    sort: (it) => it.quantity,
    csv: fields("quantity"),
    cell: (it) => <Figure value={it.quantity} look={EXACT} flash />,
  },
  {
    key: "notional",
    title: "Notional",
    width: "minmax(6.2rem, 1fr)",
    right: true,
    hint: "Size × mark price × contract size, in the account's settlement asset",
    sort: (it) => it.notional,
    csv: fields("notional"),
    cell: (it) => <Figure value={it.notional} look={MONEY} />,
  },
  {
    key: "entry",
    title: "Entry",
    width: "minmax(6.3rem, 1fr)",
    right: true,
    sort: (it) => it.entry_price,
    csv: fields("entry_price"),
    cell: (it) => <Price value={it.entry_price} />,
  },
  {
    key: "mark",
    title: "Mark",
    width: "minmax(6.3rem, 1fr)",
    right: true,
    hint: "The price by which the venue counts profit and margin",
    sort: (it) => it.mark_price,
    csv: fields("mark_price"),
    cell: (it) => <Price value={it.mark_price} flash />,
  },
  {
    key: "unrealised",
    title: "Unrealised PnL",
    width: "minmax(7.8rem, 1fr)",
    right: true,
    sort: (it) => it.unrealized_pnl,
    csv: fields("unrealized_pnl"),
    cell: (it) => <Figure value={it.unrealized_pnl} look={MONEY} trend flash />,
  },
  {
    key: "liquidation",
    title: "Liquidation",
    width: "minmax(7.4rem, 1fr)",
    right: true,
    hint: "The mark price at which the venue closes the position; none where the account has room",
    sort: (it) => it.liquidation_price,
    csv: fields("liquidation_price"),
    cell: (it) => <Price value={it.liquidation_price} />,
  },
  {
    key: "distance",
    title: "Distance",
    width: "6.3rem",
    right: true,
    hint: "How far the mark price may move until liquidation",
    sort: distanceOf,
    csv: [{ name: "liquidation_distance", value: distanceOf }],
    cell: (it) => <Distance value={distanceOf(it)} />,
  },
  {
    key: "margin",
    title: "Margin",
    width: "minmax(5.3rem, 1fr)",
    right: true,
    sort: (it) => it.margin,
    csv: fields("margin"),
    cell: (it) => <Figure value={it.margin} look={MONEY} />,
  },
  {
    key: "leverage",
    title: "Leverage",
    width: "5.2rem",
    right: true,
    sort: (it) => it.leverage,
    csv: fields("leverage"),
    cell: (it) => <Figure value={it.leverage} look={{ digitsMax: 2 }} unit="×" />,
  },
  {
    key: "realised",
    title: "Realised PnL",
    width: "minmax(6.9rem, 1fr)",
    right: true,
    hint: "Of this position since it was opened, as the venue tells it",
    sort: (it) => it.realized_pnl,
    csv: fields("realized_pnl"),
    cell: (it) => <Figure value={it.realized_pnl} look={MONEY} trend />,
  },
  {
    key: "opened",
    title: "Opened",
    width: "4.8rem",
    right: true,
    hint: "How long ago",
    sort: (it) => it.opened_us,
    csv: [timeField("opened_at", (it) => it.opened_us)],
    cell: (it) => <Ago us={it.opened_us} />,
  },
  CONFIRMED,
  VIA,
  identifier("position_id", "Position id"),
];
