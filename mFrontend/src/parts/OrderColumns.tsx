/** The columns of open orders; a view shows all of them or picks some. */
import { accountName, spoken } from "@/format/names";
import { Badge } from "./Badge";
import type { Column } from "./Table";
import { Ago, Figure, JudgedRow } from "./TableCells";
import {
  ACCOUNT,
  CONFIRMED,
  MARKET,
  SHARED_FILTERS,
  SIDE,
  VIA,
  identifier,
} from "./TableSharedColumns";
import { fields, timeField } from "./csv";
import type { Filter } from "./filtering";
import type { Order } from "@/stream/messages";
import { Filled, filledOf } from "./Filled";

const EXACT = { digitsMax: 10 };

export const orderKey = (it: Order): string => `${accountName(it)}:${it.order_id}`;
export const aroundOrder = (row: Order, cells: React.ReactNode) => (
  <JudgedRow kind="orders" row={row}>
    {cells}
  </JudgedRow>
);

/** What an order may do and may not. */
const limits = (it: Order): string =>
  [it.reduce_only && "reduce only", it.post_only && "post only"].filter(Boolean).join(", ");

export const ORDER_FILTERS: readonly Filter<Order>[] = [
  ...SHARED_FILTERS,
  { key: "type", title: "Type", value: (it) => it.type, says: spoken },
  { key: "status", title: "Status", value: (it) => it.status, says: spoken },
];

export const ORDER_COLUMNS: readonly Column<Order>[] = [
  ACCOUNT,
  MARKET,
  SIDE,
  {
    key: "type",
    title: "Type",
    width: "minmax(7rem, 0.7fr)",
    words: true,
    sort: (it) => it.type,
    csv: fields("type"),
    cell: (it) => spoken(it.type),
  },
  {
    key: "price",
    title: "Price",
    width: "minmax(6rem, 1fr)",
    right: true,
    sort: (it) => it.price,
    csv: fields("price"),
    cell: (it) => <Figure value={it.price} look={EXACT} flash />,
  },
  {
    key: "size",
    title: "Size",
    width: "minmax(6rem, 1fr)",
    right: true,
    sort: (it) => it.quantity,
    csv: fields("quantity", "filled_quantity"),
    cell: (it) => <Figure value={it.quantity} look={EXACT} flash />,
  },
  {
    key: "filled",
    title: "Filled",
    width: "minmax(7rem, 1fr)",
    right: true,
    sort: filledOf,
    csv: [{ name: "filled", value: filledOf }],
    cell: (it) => <Filled order={it} />,
  },
  {
    key: "average",
    title: "Average price",
    width: "minmax(7rem, 1fr)",
    right: true,
    hidden: true,
    hint: "Of what is filled",
    sort: (it) => it.average_price,
    csv: fields("average_price"),
    cell: (it) => <Figure value={it.average_price} look={EXACT} />,
  },
  {
    key: "trigger",
    title: "Trigger",
    width: "minmax(6rem, 1fr)",
    right: true,
    hint: "The price at which the order enters the book",
    sort: (it) => it.trigger_price,
    csv: fields("trigger_price"),
    cell: (it) => <Figure value={it.trigger_price} look={EXACT} />,
  },
  {
    key: "limits",
    title: "Flags",
    width: "minmax(6.5rem, 1fr)",
    words: true,
    hint: "Reduce only: may not open or enlarge a position. Post only: may not take",
    sort: (it) => limits(it) || null,
    csv: fields("reduce_only", "post_only"),
    cell: (it) => <span className="text-soft">{limits(it) || "–"}</span>,
  },
  {
    key: "force",
    title: "In force",
    width: "5.5rem",
    words: true,
    hint: "How long it stands: good till cancelled, immediate or cancel, fill or kill, …",
    sort: (it) => it.time_in_force,
    csv: fields("time_in_force"),
    cell: (it) => <span className="text-soft">{it.time_in_force?.toUpperCase() ?? "–"}</span>,
  },
  {
    key: "status",
    title: "Status",
    width: "8.8rem",
    words: true,
    sort: (it) => it.status,
    csv: fields("status", "reason"),
    cell: (it) => <Status order={it} />,
  },
  {
    key: "created",
    title: "Placed",
    width: "5.6rem",
    right: true,
    hint: "How long ago the venue took it",
    sort: (it) => it.created_us,
    csv: [timeField("created_at", (it) => it.created_us)],
    cell: (it) => <Ago us={it.created_us} />,
  },
  CONFIRMED,
  VIA,
  identifier("order_id", "Order id"),
  identifier("client_order_id", "Client order id"),
];

function Status({ order }: { readonly order: Order }) {
  const tone = order.status === "open" ? "calm" : order.status === "unknown" ? "warn" : "good";
  return (
    <Badge tone={tone} title={order.reason ?? undefined}>
      {spoken(order.status)}
    </Badge>
  );
}
