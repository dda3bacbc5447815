/** Which books are shown, from the address or else those that run; and how that is changed. */
import { useCallback, useMemo } from "react";
import { useParameter } from "@/app/address";
import {
  GRIDS,
  type Market,
  type Shown,
  completed,
  firstMarkets,
  gridFor,
  placed,
  readMarkets,
  writeMarkets,
} from "./choices";

const NONE: readonly never[] = [];

export interface ShownBooks {
  /** All that were chosen; the grid may have fewer places. */
  readonly chosen: readonly Shown[];
  readonly shown: readonly Shown[];
  readonly size: (typeof GRIDS)[number];
  readonly setSize: (size: string) => void;
  /** Whether nobody chose, so that what runs decides. */
  readonly byDefault: boolean;
  readonly onGroup: (at: number, multiple: number) => void;
  readonly onRemove: (at: number) => void;
  readonly onChoose: (at: number, topic: string) => void;
}

export function useShownBooks(
  known: readonly Market[] = NONE,
  running: readonly { readonly topic: string }[] = NONE,
): ShownBooks {
  const [markets, setMarkets] = useParameter("markets");
  const [grid, setSize] = useParameter("grid");
  const chosen = useMemo(() => {
    if (!markets) return firstMarkets(running.map((it) => it.topic));
    return readMarkets(markets).map((it) => ({ ...it, topic: completed(it.topic, known) }));
  }, [markets, running, known]);
  const size = GRIDS.find((it) => it === grid) ?? gridFor(chosen.length);
  const shown = useMemo(() => chosen.slice(0, Number(size)), [chosen, size]);
  const write = useCallback(
    (next: readonly Shown[]) => setMarkets(writeMarkets(next)),
    [setMarkets],
  );
  const onGroup = useCallback(
    (at: number, multiple: number) =>
      write(chosen.map((it, index) => (index === at ? { ...it, multiple } : it))),
    [chosen, write],
  );
  const onRemove = useCallback((at: number) => write(placed(chosen, at, null)), [chosen, write]);
  const onChoose = (at: number, topic: string): void =>
    write(placed(chosen, at, { topic, multiple: 1 }));
  return { chosen, shown, size, setSize, byDefault: !markets, onGroup, onRemove, onChoose };
}
