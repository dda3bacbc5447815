/** The open orders of all accounts. */
import { useMemo } from "react";
import { accountName } from "@/format/names";
import { useFilters } from "@/parts/Filters";
import { ORDER_COLUMNS, ORDER_FILTERS, aroundOrder, orderKey } from "@/parts/OrderColumns";
import { useAccounts } from "@/parts/TableAccounts";
import { useColumns } from "@/parts/TableColumns";
import { useOrdering } from "@/parts/TableOrder";
import { TablePanel, useRowTargets } from "@/parts/TablePanel";
import { useAccountRows } from "@/parts/TableRows";
import { wordsOnce } from "@/parts/filtering";
import type { Order } from "@/stream/messages";

const YOUNGEST = { key: "created", down: true };

export default function Orders() {
  const accounts = useAccounts();
  const of = useAccountRows<Order>("orders");
  const { known } = accounts;
  const words = useMemo(
    () =>
      wordsOnce<Order>((it) =>
        [
          ...[accountName(it), known.get(accountName(it))?.label, it.symbol, it.product, it.side],
          ...[it.type, it.status, it.time_in_force, it.order_id, it.client_order_id],
        ].join(" "),
      ),
    [known],
  );
  const filtering = useFilters(of.rows, ORDER_FILTERS, words);
  const ordering = useOrdering("sort", YOUNGEST);
  const choice = useColumns("orders", ORDER_COLUMNS);
  const targets = useRowTargets<Order>();
  return (
    <>
      <h1 className="visually-hidden">Orders</h1>
      <TablePanel
        title="Open orders"
        kind="orders"
        hint="An order is shown as soon as its venue tells of it, until it is filled or cancelled."
        rows={filtering.rows}
        rowKey={orderKey}
        around={aroundOrder}
        {...targets}
        {...{ accounts, of, filtering, ordering, choice }}
      />
    </>
  );
}
