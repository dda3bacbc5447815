/** The head of a table: titles that stay in sight, and sort when they are pressed. */
import type { Column } from "./Table";
import type { Order } from "./sorting";

export const HEAD_PX = 30;

export interface HeadProps<T> {
  readonly columns: readonly Column<T>[];
  readonly order: Order | null;
  readonly onOrder: (order: Order) => void;
  readonly template: string;
}

export function TableHead<T>({ columns, order, onOrder, template }: HeadProps<T>) {
  return (
    <div role="rowgroup" className="sticky top-0 z-20">
      <div
        role="row"
        aria-rowindex={1}
        className="grid items-center border-b border-line bg-surface"
        style={{ gridTemplateColumns: template, height: HEAD_PX }}
      >
        {columns.map((it, at) => (
          <div
            key={it.key}
            role="columnheader"
            aria-colindex={at + 1}
            aria-sort={it.sort ? sortOf(it.key, order) : undefined}
            title={it.hint}
            className={`flex h-full min-w-0 items-center ${spaceOf(columns, at)} text-sm text-soft ${it.right ? "justify-end" : ""} ${at === 0 ? "sticky left-0 z-10 bg-inherit" : ""}`}
          >
            {it.sort ? (
              <Sorting column={it} order={order} onOrder={onOrder} />
            ) : (
              <span className="truncate">{it.title}</span>
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Words after a number stand a little apart from it. */
export const spaceOf = (columns: readonly { readonly right?: boolean }[], at: number): string =>
  at > 0 && columns[at - 1]?.right && !columns[at]?.right ? "pr-2 pl-5" : "px-2";

function sortOf(key: string, order: Order | null): "ascending" | "descending" | "none" {
  if (order?.key !== key) return "none";
  return order.down ? "descending" : "ascending";
}

interface SortingProps<T> {
  readonly column: Column<T>;
  readonly order: Order | null;
  readonly onOrder: (order: Order) => void;
}

/** Numbers are wanted largest first, names from A. */
function Sorting<T>({ column, order, onOrder }: SortingProps<T>) {
  const own = order?.key === column.key ? order : null;
  const arrow = own ? (own.down ? "↓" : "↑") : "";
  return (
    <button
      type="button"
      className={`flex h-6 min-w-0 items-center gap-1 rounded-sm hover:text-ink ${own ? "text-ink" : ""} ${column.right ? "flex-row-reverse" : ""}`}
      onClick={() => onOrder({ key: column.key, down: own ? !own.down : !column.words })}
    >
      <span className="min-w-0 truncate">{column.title}</span>
      {arrow && <span aria-hidden="true">{arrow}</span>}
    </button>
  );
}
