/** The order of a table's rows, kept in the address. */
import { useCallback, useMemo } from "react";
import { useParameter } from "@/app/address";
import { type Order, readOrder, spellOrder } from "./sorting";

export interface Ordering {
  readonly order: Order | null;
  readonly setOrder: (order: Order) => void;
}

/** `name`: the parameter of the address; `first` is not written down. */
export function useOrdering(name: string, first: Order): Ordering {
  const [text, write] = useParameter(name, spellOrder(first));
  const order = useMemo(() => readOrder(text), [text]);
  const setOrder = useCallback((next: Order) => write(spellOrder(next)), [write]);
  return { order, setOrder };
}
