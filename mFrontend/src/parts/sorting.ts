/** Rows in the order of a column, and rows that hold the words somebody searches for. */
import { compare } from "@/format/decimal";

/** Decimal text, words or a number; nothing known sorts last. */
export type Sortable = string | number | null | undefined;

export interface Order {
  readonly key: string;
  readonly down: boolean;
}

interface Sorted<T> {
  readonly key: string;
  readonly sort?: (row: T) => Sortable;
  readonly words?: boolean;
}

export function sorted<T>(
  rows: readonly T[],
  columns: readonly Sorted<T>[],
  order: Order | null,
): readonly T[] {
  const column = columns.find((it) => it.key === order?.key);
  const value = column?.sort;
  if (!order || !column || !value) return rows;
  const way = order.down ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [left, right] = [value(a), value(b)];
    const unknown =
      Number(left === null || left === undefined) - Number(right === null || right === undefined);
    if (unknown || left === null || left === undefined) return unknown;
    return way * between(left, right, column.words ?? false);
  });
}

const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function between(left: Sortable, right: Sortable, asWords: boolean): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  return asWords
    ? words.compare(String(left), String(right))
    : compare(String(left), String(right));
}

/** Whether a text holds all words of a search, in any order and case. */
export function holds(text: string, search: string): boolean {
  const found = text.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => found.includes(word));
}
