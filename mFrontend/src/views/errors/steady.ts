/** A list that does not move under the reader: what is new waits until it is asked for. */

interface Steady<T> {
  readonly shown: readonly T[];
  /** How many wait. */
  readonly fresh: number;
}

/**
 * `order`: the keys as they are held; null follows the newest order. Rows keep their place and show
 * their newest content; what is gone goes.
 */
export function steady<T extends { readonly key: string }>(
  newest: readonly T[],
  order: readonly string[] | null,
): Steady<T> {
  if (order === null) return { shown: newest, fresh: 0 };
  const known = new Map(newest.map((it) => [it.key, it]));
  const shown = order.flatMap((key) => known.get(key) ?? []);
  return { shown, fresh: newest.length - shown.length };
}
