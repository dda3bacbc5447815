/** The columns of stored snapshots. */
import { percentOf } from "@/format/decimal";
import { Time } from "@/parts/Age";
import { Num } from "@/parts/Number";
import type { Column } from "@/parts/Table";
import type { Snapshot } from "./curve";

const MONEY = { digits: 2 };

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
