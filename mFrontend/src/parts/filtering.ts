/** Rows that fit a search and the values chosen of some of their properties. */
import { byName } from "@/format/names";

export interface Filter<T> {
  /** The parameter of the address. */
  readonly key: string;
  readonly title: string;
  readonly value: (row: T) => string;
  /** How a value is written for the eye. */
  readonly says?: (value: string) => string;
}

/** Chosen values by the key of their filter; none for a filter that is open. */
export type Chosen = ReadonlyMap<string, string>;

export function filtered<T>(
  rows: readonly T[],
  filters: readonly Filter<T>[],
  chosen: Chosen,
  search: string,
  text: (row: T) => string,
): readonly T[] {
  const wanted = filters.flatMap((it) => {
    const value = chosen.get(it.key);
    return value === undefined ? [] : [{ of: it.value, value }];
  });
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0 && words.length === 0) return rows;
  return rows.filter(
    (row) =>
      wanted.every((it) => it.of(row) === it.value) &&
      (words.length === 0 || words.every((word) => text(row).includes(word))),
  );
}

/** What can be chosen of each filter, in the order of names; what is chosen is always among it. */
export function optionsOf<T>(
  rows: readonly T[],
  filters: readonly Filter<T>[],
  chosen: Chosen,
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    filters.map((it) => {
      const found = new Set<string>();
      for (const row of rows) found.add(it.value(row));
      const own = chosen.get(it.key);
      if (own !== undefined) found.add(own);
      found.delete("");
      return [it.key, [...found].toSorted(byName)];
    }),
  );
}

/** The words of a row, put together once: rows do not change, they are replaced. */
export function wordsOnce<T extends object>(text: (row: T) => string): (row: T) => string {
  const known = new WeakMap<T, string>();
  return (row) => {
    const held = known.get(row);
    if (held !== undefined) return held;
    const found = text(row).toLowerCase();
    known.set(row, found);
    return found;
  };
}
