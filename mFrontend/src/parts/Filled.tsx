/** How much of an order is filled: a bar, and the percentage in digits. */
import { approximate, percentOf, ratio } from "@/format/decimal";
import { useStaleClass } from "./TableCells";
import type { Order } from "@/stream/messages";

export const filledOf = (it: Order): string | null => ratio(it.filled_quantity, it.quantity);

export function Filled({ order }: { readonly order: Order }) {
  const stale = useStaleClass();
  const share = filledOf(order);
  const width = Math.min(100, 100 * approximate(share));
  return (
    <span className="flex items-center justify-end gap-2" title={`${order.filled_quantity} filled`}>
      {width > 0 && (
        <span
          aria-hidden="true"
          className="h-1.5 min-w-8 grow rounded bg-raised outline outline-edge"
        >
          <i className="block h-full rounded bg-accent" style={{ width: `${width}%` }} />
        </span>
      )}
      <span className={stale || (width ? "" : "text-soft")}>{percentOf(share, 0)}</span>
    </span>
  );
}
