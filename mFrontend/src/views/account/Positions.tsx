/** What the account holds. */
import type { ReactNode } from "react";
import { Since } from "@/parts/Age";
import { Empty } from "@/parts/States";
import { type Column, Table } from "@/parts/Table";
import { Figure, JudgedRow } from "@/parts/TableCells";
import { CONFIRMED, MARKET, SIDE } from "@/parts/TableSharedColumns";
import { useHeldTopic, useVerdict } from "@/stream/hooks";
import type { Position } from "@/stream/messages";
import { Section } from "./Section";

const MONEY = { digits: 2 };
const EXACT = { digitsMax: 10 };
const PRICE = { digitsMax: 6 };
const TIMES = { digitsMax: 2 };

const around = (row: Position, cells: ReactNode) => (
  <JudgedRow kind="positions" row={row}>
    {cells}
  </JudgedRow>
);

const COLUMNS: readonly Column<Position>[] = [
  { ...MARKET, width: "minmax(7rem, 1fr)" },
  SIDE,
  {
    key: "size",
    title: "Size",
    right: true,
    width: "6.5rem",
    hint: "In the market's own unit: mostly the base asset",
    sort: (it) => it.quantity,
    cell: (it) => <Figure value={it.quantity} look={EXACT} flash />,
  },
  {
    key: "notional",
    title: "Notional",
    right: true,
    width: "6.5rem",
    hint: "Size × mark price × contract size",
    sort: (it) => it.notional,
    cell: (it) => <Figure value={it.notional} look={MONEY} />,
  },
  {
    key: "unrealised",
    title: "Unrealised PnL",
    right: true,
    width: "8rem",
    sort: (it) => it.unrealized_pnl,
    cell: (it) => <Figure value={it.unrealized_pnl} look={MONEY} trend flash />,
  },
  {
    key: "entry",
    title: "Entry",
    right: true,
    width: "7.5rem",
    sort: (it) => it.entry_price,
    cell: (it) => <Figure value={it.entry_price} look={PRICE} />,
  },
  {
    key: "mark",
    title: "Mark",
    right: true,
    width: "9.5rem",
    hint: "The price by which the venue counts profit and margin",
    sort: (it) => it.mark_price,
    cell: (it) => <Figure value={it.mark_price} look={PRICE} flash />,
  },
  {
    key: "liquidation",
    title: "Liquidation",
    right: true,
    width: "7.5rem",
    hint: "Where the venue would close it; – where it tells none",
    sort: (it) => it.liquidation_price,
    cell: (it) => <Figure value={it.liquidation_price} look={PRICE} />,
  },
  {
    key: "realised",
    title: "Realised PnL",
    right: true,
    width: "7.5rem",
    sort: (it) => it.realized_pnl,
    cell: (it) => <Figure value={it.realized_pnl} look={MONEY} trend />,
  },
  {
    key: "margin",
    title: "Margin",
    right: true,
    width: "6rem",
    sort: (it) => it.margin,
    cell: (it) => <Figure value={it.margin} look={MONEY} />,
  },
  {
    key: "leverage",
    title: "Leverage",
    right: true,
    width: "5.2rem",
    sort: (it) => it.leverage,
    cell: (it) => <Figure value={it.leverage} look={TIMES} unit="×" />,
  },
  {
    key: "opened",
    title: "Open for",
    right: true,
    width: "6.5rem",
    sort: (it) => it.opened_us,
    cell: (it) => <Since us={it.opened_us} />,
  },
  CONFIRMED,
];

export function Positions({ account }: { readonly account: string }) {
  const topic = useHeldTopic(`positions:${account}`);
  const verdict = useVerdict(topic);
  const rows = topic.rows as unknown as readonly Position[];
  return (
    <Section
      name="positions"
      topic={topic}
      verdict={verdict}
      many={rows.length}
      empty={<Empty title="No open positions">What the account holds stands here, live.</Empty>}
    >
      <Table
        label="Positions"
        rows={rows}
        rowKey={(it) => it.position_id}
        columns={COLUMNS}
        around={around}
        first={{ key: "notional", down: true }}
        height="40vh"
        empty={null}
      />
    </Section>
  );
}
