/** A table of many rows: sorted, walked by keyboard, and only the rows in sight drawn. */
import { type Range, defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  memo,
  useCallback,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import { useKeys } from "@/app/keys";
import { HEAD_PX, TableHead, spaceOf } from "./TableHead";
import type { Ordering } from "./TableOrder";
import type { Field } from "./csv";
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
  /** What stands for it in an export. */
  readonly csv?: readonly Field<T>[];
  /** Not shown until the reader chooses it. */
  readonly hidden?: boolean;
}

/** A key that does something with the current row. */
interface RowShortcut<T> {
  readonly keys: string;
  readonly says: string;
  readonly run: (row: T) => void;
}

export interface TableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  /** The first stays in sight when the others are scrolled. */
  readonly columns: readonly Column<T>[];
  readonly first?: Order;
  /** Instead of `first`, where the order is kept outside: `useOrdering`. */
  readonly ordering?: Ordering;
  /** Enter or a click on a row. */
  readonly onOpen?: (row: T) => void;
  readonly rowTitle?: (row: T) => string | undefined;
  readonly rowShortcuts?: readonly RowShortcut<T>[];
  /** Puts something about the cells of a row, such as the context they read; must not change. */
  readonly around?: (row: T, cells: ReactNode) => ReactNode;
  /** Who has scrolled away from the top is not moved by rows that come there; a button tells. */
  readonly arriving?: boolean;
  readonly empty: ReactNode;
  /** Height of the part that scrolls. */
  readonly height?: string;
}

const ROW_PX = 30;
const OVERSCAN = 8;
const DEFAULT_WIDTH = "minmax(5rem, 1fr)";

export function Table<T>(props: TableProps<T>) {
  const { rows, columns, rowKey, label, empty, onOpen, arriving = false, height = "60vh" } = props;
  const kept = useState<Order | null>(props.first ?? null);
  const order = props.ordering?.order ?? kept[0];
  const setOrder = props.ordering?.setOrder ?? kept[1];
  const place = useRef<HTMLDivElement>(null);
  const id = useId();
  const all = useMemo(() => sorted(rows, columns, order), [rows, columns, order]);
  const { shown, waiting, onScroll, release } = useArriving(all, rowKey, arriving, place);
  const [at, setAt] = useState<string | null>(null);
  const current = useMemo(
    () => (at === null ? -1 : shown.findIndex((row) => rowKey(row) === at)),
    [shown, rowKey, at],
  );
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    // The head lies over the upper rows, so as much is missing below.
    scrollPaddingEnd: HEAD_PX,
    rangeExtractor: useCallback((range: Range) => withCurrent(range, current), [current]),
  });
  const move = (to: number): void => {
    const next = Math.min(shown.length - 1, Math.max(0, to));
    const row = shown[next];
    if (!row) return;
    setAt(rowKey(row));
    virtual.scrollToIndex(next);
  };
  useTableKeys(place, shown[current], (step) => move(current + step), props);
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(((place.current?.clientHeight ?? 0) - HEAD_PX) / ROW_PX));
    const to = stepOf(event.key, current, shown.length, page);
    if (event.target !== place.current || to === null) return;
    event.preventDefault();
    move(to);
  };
  const reorder = (next: Order): void => {
    setOrder(next);
    release();
  };
  const template = columns.map((it) => it.width ?? DEFAULT_WIDTH).join(" ");
  const rowId = (row: T): string => `${id}-${encodeURIComponent(rowKey(row))}`;
  const currentRow = shown[current];
  if (rows.length === 0) return empty;
  return (
    <div className="relative flex flex-col" style={{ maxHeight: height }}>
      {waiting > 0 && (
        <button
          type="button"
          className="button button-strong absolute left-1/2 z-30 -translate-x-1/2 shadow-lg"
          style={{ top: HEAD_PX + 6 }}
          onClick={release}
        >
          <span aria-hidden="true">↑</span> {waiting} new
        </button>
      )}
      <div
        ref={place}
        tabIndex={0}
        role="grid"
        aria-label={label}
        aria-readonly="true"
        aria-rowcount={all.length + 1}
        aria-colcount={columns.length}
        aria-activedescendant={currentRow ? rowId(currentRow) : undefined}
        onKeyDown={onKeyDown}
        onScroll={onScroll}
        className="min-h-0 overflow-auto"
        style={{ scrollPaddingTop: HEAD_PX, scrollPaddingLeft: columns[0]?.width }}
      >
        {/* As wide as its columns, so that the ground of a row reaches under its last cell. */}
        <div role="presentation" style={{ minWidth: leastWidth(columns) }}>
          <TableHead columns={columns} order={order} onOrder={reorder} template={template} />
          <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const row = shown[item.index];
              if (row === undefined) return null;
              return (
                <Row
                  key={rowKey(row)}
                  id={rowId(row)}
                  row={row}
                  index={item.index + waiting}
                  current={item.index === current}
                  top={item.start}
                  template={template}
                  onClick={() => setAt(rowKey(row))}
                  {...{ columns, onOpen }}
                  around={props.around}
                  title={props.rowTitle?.(row)}
                />
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

interface RowProps<T> {
  readonly id: string;
  readonly row: T;
  readonly index: number;
  readonly current: boolean;
  readonly top: number;
  readonly template: string;
  readonly columns: readonly Column<T>[];
  readonly around: TableProps<T>["around"];
  readonly title: string | undefined;
  readonly onOpen: ((row: T) => void) | undefined;
  readonly onClick: () => void;
}

function Row<T>(props: RowProps<T>) {
  const { row, columns, current, onOpen } = props;
  return (
    <div
      id={props.id}
      role="row"
      aria-rowindex={props.index + 2}
      aria-selected={current}
      data-current={current || undefined}
      title={props.title}
      className={`absolute left-0 grid w-full items-center border-b border-line bg-surface hover:bg-raised data-current:z-10 data-current:bg-raised data-current:outline-2 data-current:-outline-offset-2 data-current:outline-accent ${onOpen ? "cursor-pointer" : ""}`}
      style={{
        gridTemplateColumns: props.template,
        height: ROW_PX,
        transform: `translateY(${props.top}px)`,
      }}
      onClick={(event) => {
        props.onClick();
        if (onOpen && isOpening(event)) onOpen(row);
      }}
    >
      <Cells row={row} columns={columns} around={props.around} />
    </div>
  );
}

function useTableKeys<T>(
  place: RefObject<HTMLDivElement | null>,
  row: T | undefined,
  move: (step: 1 | -1) => void,
  { onOpen, rowShortcuts = [] }: TableProps<T>,
): void {
  const opening = onOpen ? [{ keys: "Enter", says: "open the row", run: onOpen }] : [];
  const ofRow = [...opening, ...rowShortcuts].map((it) => ({
    ...it,
    run: () => {
      if (row !== undefined) it.run(row);
    },
  }));
  const steps = [
    { keys: "j", says: "next row", run: () => move(1) },
    { keys: "k", says: "previous row", run: () => move(-1) },
  ];
  useKeys(
    [...steps, ...ofRow].map((it) => ({ ...it, group: "Tables" })),
    place,
  );
}

const LENGTH = /^[\d.]+(rem|px|em|ch)$/;

/** What the columns need at least; a width that cannot be added up leaves it to their titles. */
function leastWidth(columns: readonly { readonly width?: string }[]): string {
  const least = columns.map(({ width = DEFAULT_WIDTH }) =>
    width.replace(/^minmax\(([^,]+),.*\)$/, "$1").trim(),
  );
  return least.every((it) => LENGTH.test(it)) ? `calc(${least.join(" + ")})` : "max-content";
}

function stepOf(key: string, current: number, count: number, page: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: current + 1,
    ArrowUp: current - 1,
    Home: 0,
    End: count - 1,
    PageDown: current + page,
    PageUp: current - page,
  };
  return steps[key] ?? null;
}

/** The current row stays drawn when it is scrolled away: a screen reader is pointed at it. */
function withCurrent(range: Range, current: number): number[] {
  const found = defaultRangeExtractor(range);
  if (current < 0 || current >= range.count || found.includes(current)) return found;
  return [...found, current].toSorted((a, b) => a - b);
}

/** A click on a link in a row, or one that ends a selection of text, does not open the row. */
function isOpening(event: MouseEvent): boolean {
  const onControl = event.target instanceof Element && event.target.closest("a, button, input");
  return !onControl && (getSelection()?.isCollapsed ?? true);
}

/** Rows above the one that was the first when the reader scrolled away wait to be asked for. */
function useArriving<T>(
  all: readonly T[],
  rowKey: (row: T) => string,
  arriving: boolean,
  place: RefObject<HTMLDivElement | null>,
) {
  const [anchor, setAnchor] = useState<string | null>(null);
  const found = useMemo(
    () => (anchor === null ? 0 : all.findIndex((row) => rowKey(row) === anchor)),
    [all, rowKey, anchor],
  );
  const waiting = Math.max(0, found);
  const shown = useMemo(() => (waiting ? all.slice(waiting) : all), [all, waiting]);
  const onScroll = (): void => {
    if (!arriving) return;
    const isAway = (place.current?.scrollTop ?? 0) > ROW_PX / 2;
    const [top] = shown;
    if (!isAway) setAnchor(null);
    else if ((anchor === null || found < 0) && top !== undefined) setAnchor(rowKey(top));
  };
  const release = (): void => {
    setAnchor(null);
    place.current?.scrollTo({ top: 0 });
  };
  return { shown, waiting, onScroll, release };
}

interface CellsProps<T> {
  readonly row: T;
  readonly columns: readonly Column<T>[];
  readonly around: TableProps<T>["around"];
}

/** Rendered anew only when the row is another object. */
const Cells = memo(function Cells<T>({ row, columns, around }: CellsProps<T>) {
  const cells = columns.map((it, at) => (
    <div
      key={it.key}
      role="gridcell"
      aria-colindex={at + 1}
      className={`truncate ${spaceOf(columns, at)} ${it.right ? "text-right" : ""} ${at === 0 ? "sticky left-0 z-10 flex h-full items-center border-r border-line bg-inherit" : ""}`}
    >
      {it.cell(row)}
    </div>
  ));
  return around ? around(row, cells) : cells;
}) as <T>(props: CellsProps<T>) => ReactNode;
