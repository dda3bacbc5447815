/** Rows in the order of a column, and rows that hold the words somebody searches for. */
import { compare } from "@/format/decimal";
import { byName } from "@/format/names";

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

/** A row with its value, so that 10,000 rows are read once each and not once per comparison. */
interface Keyed<T> {
  readonly row: T;
  readonly value: Sortable;
  /** Of decimal text about its size; of a number itself. */
  readonly about: number;
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
  const between = column.words ? ofWords : ofNumbers;
  const keyed = rows.map((row): Keyed<T> => {
    const found = value(row);
    return { row, value: found, about: Number(found ?? NaN) };
  });
  keyed.sort((a, b) => {
    const unknown = Number(isUnknown(a.value)) - Number(isUnknown(b.value));
    return unknown || (isUnknown(a.value) ? 0 : way * between(a, b));
  });
  return keyed.map((it) => it.row);
}

const isUnknown = (value: Sortable): boolean => value === null || value === undefined;
/** Values that lie further apart than this cannot change places by how they are rounded. */
const APART = 1e-12;

const ofWords = (a: Keyed<unknown>, b: Keyed<unknown>): number =>
  byName(String(a.value), String(b.value));

function ofNumbers(a: Keyed<unknown>, b: Keyed<unknown>): number {
  const apart = a.about - b.about;
  if (Math.abs(apart) > APART * Math.max(Math.abs(a.about), Math.abs(b.about))) return apart;
  if (typeof a.value === "number" && typeof b.value === "number") return apart;
  return compare(String(a.value), String(b.value));
}

/** An order as it stands in the address: `price`, or `-price` for the largest first. */
export const spellOrder = (order: Order | null): string =>
  order ? `${order.down ? "-" : ""}${order.key}` : "";

export function readOrder(text: string): Order | null {
  const key = text.replace(/^-/, "");
  return key ? { key, down: text.startsWith("-") } : null;
}

/** Whether a text holds all words of a search, in any order and case. */
export function holds(text: string, search: string): boolean {
  const found = text.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => found.includes(word));
}
