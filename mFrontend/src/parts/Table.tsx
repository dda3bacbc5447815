/** A table of many rows: sorted, searched, walked by keyboard, and only the rows in sight drawn. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, memo, useMemo, useRef, useState } from "react";
import { useKeys } from "@/app/keys";
import { type Order, type Sortable, sorted } from "./sorting";

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: T) => ReactNode;
  /** What it is sorted by: decimal text or a number; without it the column cannot be sorted. */
  readonly sort?: (row: T) => Sortable;
  /** Words are sorted as words, numbers as numbers. */
  readonly words?: boolean;
  readonly right?: boolean;
  /** A CSS width for the grid: `8rem`, `minmax(6rem, 1fr)`. */
  readonly width?: string;
  /** Says more of the title. */
  readonly hint?: string;
}

export interface TableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly columns: readonly Column<T>[];
  readonly first?: Order;
  /** Enter or a click on a row. */
  readonly onOpen?: (row: T) => void;
  readonly rowTitle?: (row: T) => string | undefined;
  readonly empty: ReactNode;
  /** Height of the part that scrolls. */
  readonly height?: string;
}

const ROW_PX = 30;
const OVERSCAN = 12;

export function Table<T>(props: TableProps<T>) {
  const { rows, columns, rowKey, label, empty, onOpen, height = "60vh" } = props;
  const [order, setOrder] = useState<Order | null>(props.first ?? null);
  const [at, setAt] = useState<string | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => sorted(rows, columns, order), [rows, columns, order]);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
  });
  const current = shown.findIndex((row) => rowKey(row) === at);
  const move = (to: number): void => {
    const next = Math.min(shown.length - 1, Math.max(0, to));
    const row = shown[next];
    if (!row) return;
    setAt(rowKey(row));
    virtual.scrollToIndex(next);
  };
  const open = (index: number): void => {
    const row = shown[index];
    if (row && onOpen) onOpen(row);
  };
  useKeys([
    { keys: "j", says: "next row", group: "Tables", run: () => move(current + 1) },
    { keys: "k", says: "previous row", group: "Tables", run: () => move(current - 1) },
    ...(onOpen && current >= 0
      ? [{ keys: "Enter", says: "open the row", group: "Tables", run: () => open(current) }]
      : []),
  ]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      Home: 0,
      End: shown.length - 1,
      PageDown: current + 10,
      PageUp: current - 10,
    };
    const to = steps[event.key];
    if (event.target !== place.current || to === undefined) return;
    event.preventDefault();
    move(to);
  };
  const template = columns.map((it) => it.width ?? "minmax(5rem, 1fr)").join(" ");
  if (rows.length === 0) return empty;
  return (
    <div
      ref={place}
      tabIndex={0}
      role="table"
      aria-label={label}
      aria-rowcount={shown.length + 1}
      aria-colcount={columns.length}
      onKeyDown={onKeyDown}
      className="overflow-auto"
      style={{ maxHeight: height }}
    >
      <Head columns={columns} order={order} onOrder={setOrder} template={template} />
      <div
        role="rowgroup"
        className="relative min-w-max"
        style={{ height: virtual.getTotalSize() }}
      >
        {virtual.getVirtualItems().map((item) => {
          const row = shown[item.index] as T;
          return (
            <div
              key={rowKey(row)}
              role="row"
              aria-rowindex={item.index + 2}
              data-current={item.index === current || undefined}
              title={props.rowTitle?.(row)}
              className={`absolute left-0 grid w-full items-center border-b border-line hover:bg-raised data-current:bg-raised data-current:outline-2 data-current:-outline-offset-2 data-current:outline-accent ${onOpen ? "cursor-pointer" : ""}`}
              style={{
                gridTemplateColumns: template,
                height: ROW_PX,
                transform: `translateY(${item.start}px)`,
              }}
              onClick={() => {
                setAt(rowKey(row));
                open(item.index);
              }}
            >
              <Cells row={row} columns={columns} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface HeadProps<T> {
  readonly columns: readonly Column<T>[];
  readonly order: Order | null;
  readonly onOrder: (order: Order) => void;
  readonly template: string;
}

function Head<T>({ columns, order, onOrder, template }: HeadProps<T>) {
  return (
    <div role="rowgroup" className="sticky top-0 z-10 min-w-max border-b border-line bg-surface">
      <div role="row" aria-rowindex={1} className="grid" style={{ gridTemplateColumns: template }}>
        {columns.map((it) => {
          const own = order?.key === it.key ? order : null;
          const sort = own ? (own.down ? "descending" : "ascending") : "none";
          return (
            <div
              key={it.key}
              role="columnheader"
              aria-sort={it.sort ? sort : undefined}
              title={it.hint}
              className={`px-2 py-1 text-sm text-soft ${it.right ? "text-right" : ""}`}
            >
              {it.sort ? (
                <button
                  type="button"
                  className="max-w-full truncate rounded-sm hover:text-ink"
                  // Numbers are wanted largest first, names from A.
                  onClick={() => onOrder({ key: it.key, down: own ? !own.down : !it.words })}
                >
                  {it.title}
                  <span aria-hidden="true">{own ? (own.down ? " ↓" : " ↑") : ""}</span>
                </button>
              ) : (
                it.title
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface CellsProps<T> {
  readonly row: T;
  readonly columns: readonly Column<T>[];
}

/** Rendered anew only when the row is another object. */
const Cells = memo(function Cells<T>({ row, columns }: CellsProps<T>) {
  return columns.map((it) => (
    <div key={it.key} role="cell" className={`truncate px-2 ${it.right ? "text-right" : ""}`}>
      {it.cell(row)}
    </div>
  ));
}) as <T>(props: CellsProps<T>) => ReactNode;
