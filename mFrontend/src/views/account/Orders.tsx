/** Orders that the account has at the venue. */
import type { ReactNode } from "react";
import { Since, Time } from "@/parts/Age";
import { Empty } from "@/parts/States";
import { type Column, Table } from "@/parts/Table";
import { Figure, JudgedRow } from "@/parts/TableCells";
import { CONFIRMED, MARKET, SIDE } from "@/parts/TableSharedColumns";
import { useHeldTopic, useVerdict } from "@/stream/hooks";
import type { Order } from "@/stream/messages";
import { Section } from "./Section";
import { terms, worded } from "./terms";

const EXACT = { digitsMax: 10 };

const around = (row: Order, cells: ReactNode) => (
  <JudgedRow kind="orders" row={row}>
    {cells}
  </JudgedRow>
);

const COLUMNS: readonly Column<Order>[] = [
  { ...MARKET, width: "minmax(7rem, 1.2fr)" },
  SIDE,
  {
    key: "type",
    title: "Type",
    words: true,
    width: "minmax(7rem, 1.4fr)",
    sort: (it) => it.type,
    cell: (it) => (
      <span title={[worded(it.type), terms(it)].filter(Boolean).join(", ")}>
        {worded(it.type)} <span className="text-soft">{terms(it)}</span>
      </span>
    ),
  },
  {
    key: "price",
    title: "Price",
    right: true,
    width: "minmax(6.5rem, 1fr)",
    sort: (it) => it.price,
    cell: (it) => <Figure value={it.price} look={EXACT} />,
  },
  {
    key: "trigger",
    title: "Trigger",
    right: true,
    width: "minmax(5.5rem, 1fr)",
    hint: "The price at which the order comes to life",
    sort: (it) => it.trigger_price,
    cell: (it) => <Figure value={it.trigger_price} look={EXACT} />,
  },
  {
    key: "size",
    title: "Size",
    right: true,
    sort: (it) => it.quantity,
    cell: (it) => <Figure value={it.quantity} look={EXACT} />,
  },
  {
    key: "filled",
    title: "Filled",
    right: true,
    sort: (it) => it.filled_quantity,
    cell: (it) => <Figure value={it.filled_quantity} look={EXACT} flash />,
  },
  {
    key: "status",
    title: "Status",
    words: true,
    width: "7.5rem",
    sort: (it) => it.status,
    cell: (it) => worded(it.status),
  },
  {
    key: "created",
    title: "Created",
    width: "10.5rem",
    sort: (it) => it.created_us,
    cell: (it) => <Time us={it.created_us} />,
  },
  {
    key: "open",
    title: "Open for",
    right: true,
    width: "7rem",
    sort: (it) => it.created_us,
    cell: (it) => <Since us={it.created_us} />,
  },
  {
    key: "id",
    title: "Client id",
    words: true,
    width: "minmax(7rem, 1.2fr)",
    sort: (it) => it.client_order_id,
    cell: (it) => (
      <span
        className="text-soft"
        title={`client id ${it.client_order_id}\norder id ${it.order_id}`}
      >
        {it.client_order_id ?? it.order_id}
      </span>
    ),
  },
  CONFIRMED,
];

export function Orders({ account }: { readonly account: string }) {
  const topic = useHeldTopic(`orders:${account}`);
  const verdict = useVerdict(topic);
  const rows = topic.rows as unknown as readonly Order[];
  return (
    <Section
      name="orders"
      topic={topic}
      verdict={verdict}
      many={rows.length}
      empty={<Empty title="No open orders">Orders at the venue stand here, live.</Empty>}
    >
      <Table
        label="Open orders"
        rows={rows}
        rowKey={(it) => it.order_id}
        columns={COLUMNS}
        around={around}
        first={{ key: "created", down: true }}
        height="40vh"
        empty={null}
      />
    </Section>
  );
}
