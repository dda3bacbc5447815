/** The columns of stored snapshots and fills. */
import type { Schemas } from "@/api/client";
import { percentOf } from "@/format/decimal";
import { Time } from "@/parts/Age";
import { Num } from "@/parts/Number";
import type { Column } from "@/parts/Table";
import type { Snapshot } from "./curve";

export type StoredFill = Schemas["StoredTrade"];

const MONEY = { digits: 2 };
/** Stores pad decimals to one length; zeros at the end say nothing. */
const EXACT = { digitsMax: 18 };

const money = (
  key: string,
  title: string,
  read: (it: Snapshot) => string | null,
  trend = false,
): Column<Snapshot> => ({
  key,
  title,
  right: true,
  width: "minmax(7rem, 1fr)",
  sort: read,
  cell: (it) => <Num value={read(it)} look={MONEY} trend={trend} />,
});

export const SNAPSHOT_COLUMNS: readonly Column<Snapshot>[] = [
  {
    key: "at",
    title: "At",
    width: "10.5rem",
    sort: (it) => it.at_us,
    cell: (it) => <Time us={it.at_us} />,
  },
  money("equity", "Equity", (it) => it.equity),
  money("unrealized", "Unrealised PnL", (it) => it.unrealized_pnl, true),
  money("wallet", "Wallet balance", (it) => it.wallet_balance),
  money("free", "Free", (it) => it.free),
  money("margin", "Margin used", (it) => it.margin_used),
  {
    key: "ratio",
    title: "Margin ratio",
    right: true,
    width: "minmax(6rem, 0.7fr)",
    sort: (it) => it.margin_ratio,
    cell: (it) => percentOf(it.margin_ratio, 2),
  },
  {
    key: "leverage",
    title: "Leverage",
    right: true,
    width: "minmax(5rem, 0.6fr)",
    sort: (it) => it.leverage,
    cell: (it) => <Num value={it.leverage} look={MONEY} unit="×" />,
  },
  money("exposure", "Exposure", (it) => it.exposure),
  {
    key: "settle",
    title: "Asset",
    width: "5.5rem",
    cell: (it) => <span className="text-soft">{it.settle}</span>,
  },
];

export const FILL_COLUMNS: readonly Column<StoredFill>[] = [
  {
    key: "at",
    title: "At",
    width: "10.5rem",
    sort: (it) => it.at_us,
    cell: (it) => <Time us={it.at_us} />,
  },
  {
    key: "symbol",
    title: "Symbol",
    width: "minmax(7rem, 1fr)",
    words: true,
    sort: (it) => it.symbol,
    cell: (it) => <span className="font-semibold">{it.symbol}</span>,
  },
  {
    key: "side",
    title: "Side",
    width: "5rem",
    words: true,
    sort: (it) => it.side,
    cell: (it) => (
      <span className={it.side === "buy" ? "text-up" : "text-down"}>
        <span aria-hidden="true" className="mr-1 text-[0.7em]">
          {it.side === "buy" ? "▲" : "▼"}
        </span>
        {it.side}
      </span>
    ),
  },
  ...(["price", "quantity", "notional", "fee"] as const).map(
    (key): Column<StoredFill> => ({
      key,
      title: key.charAt(0).toUpperCase() + key.slice(1),
      right: true,
      width: "minmax(7rem, 1fr)",
      sort: (it) => it[key],
      cell: (it) => <Num value={it[key]} look={EXACT} />,
    }),
  ),
  {
    key: "fee_asset",
    title: "Fee in",
    width: "5.5rem",
    cell: (it) => <span className="text-soft">{it.fee_asset ?? "–"}</span>,
  },
  {
    key: "liquidity",
    title: "Liquidity",
    width: "5.5rem",
    words: true,
    sort: (it) => it.liquidity,
    cell: (it) => it.liquidity,
  },
  {
    key: "type",
    title: "Kind",
    width: "minmax(5.5rem, 0.7fr)",
    words: true,
    sort: (it) => it.trade_type,
    cell: (it) => <span className="text-soft">{it.trade_type}</span>,
  },
];
