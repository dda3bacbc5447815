/** Orders that the account has at the venue. */
import { ORDER_COLUMNS, aroundOrder, orderKey } from "@/parts/OrderColumns";
import { Empty } from "@/parts/States";
import { Table } from "@/parts/Table";
import { picked } from "@/parts/TableColumns";
import { useHeldTopic, useVerdict } from "@/stream/hooks";
import type { Order } from "@/stream/messages";
import { Section } from "./Section";

const COLUMNS = picked(ORDER_COLUMNS, [
  ...["market", "side", "type", "price", "size", "filled", "trigger", "limits", "force", "status"],
  ...["created", "confirmed", "client_order_id"],
]);

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
        rowKey={orderKey}
        columns={COLUMNS}
        around={aroundOrder}
        first={{ key: "created", down: true }}
        height="40vh"
        empty={null}
      />
    </Section>
  );
}
