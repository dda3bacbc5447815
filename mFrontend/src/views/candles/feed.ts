/** The bars of one chart: history by a call, then the stream; what is missing is asked for. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Schemas, api, body } from "@/api/client";
import { useLink, useTopic } from "@/stream/hooks";
import type { TopicState } from "@/stream/store";
import { link } from "@/stream/tab";
import { type Bar, holes, merge } from "./series";
import type { Timeframe } from "./timeframes";

export type Market = Schemas["InstrumentView"];

/** The most that the service tells in one answer, and all that it holds. */
const LIMIT = 1_000;
/** Where no stream tells of the bars. */
const ASK_MS = 15_000;
/** The stream tells at first a part of its history; only what stays missing is asked for. */
const SETTLE_MS = 1_500;

export const marketName = (it: Market): string => `${it.venue}:${it.product}:${it.symbol}`;

export interface Feed {
  readonly topic: TopicState;
  /** Oldest first, each once. */
  readonly bars: readonly Bar[];
  readonly error: Error | null;
  readonly pending: boolean;
  /** When any of it was last told anew; null before. */
  readonly asOfUs: number | null;
  readonly retry: () => void;
}

export function useFeed(market: Market, timeframe: Timeframe): Feed {
  const topic = useTopic(`candles:${marketName(market)}:${timeframe}`);
  const history = useHistory(market, timeframe, topic.held);
  const [held, setHeld] = useState<readonly Bar[]>([]);
  const items = history.data?.items;
  const rows = topic.rows as unknown as readonly Bar[];
  const bars = useMemo(() => merge(merge(held, items ?? []), rows), [held, items, rows]);
  // What was told once stays: a topic that begins anew has only part of it at first.
  if (bars !== held) setHeld(bars);
  const ask = history.refetch;
  useMissing(bars, timeframe, ask);
  useReturn(ask);
  return {
    topic,
    bars,
    error: history.error,
    pending: history.isPending,
    asOfUs: Math.max(topic.asOfUs ?? 0, history.data?.as_of_us ?? 0) || null,
    retry: () => {
      link.retry(topic.topic);
      void ask();
    },
  };
}

function useHistory(market: Market, timeframe: Timeframe, streamed: boolean) {
  const { venue, symbol } = market;
  return useQuery({
    queryKey: ["candles", marketName(market), timeframe],
    refetchOnWindowFocus: false,
    refetchInterval: streamed ? false : ASK_MS,
    queryFn: async ({ signal }) => {
      const query = { venue, symbol, timeframe, limit: LIMIT };
      const found = await body(api.GET("/api/candles", { params: { query }, signal }));
      const { as_of_us, via } = found;
      return { items: found.items.map((it): Bar => ({ ...it, as_of_us, via })), as_of_us };
    },
  });
}

/** Asks for each hole once: what is missing afterwards, the venue never told. */
function useMissing(bars: readonly Bar[], timeframe: Timeframe, ask: () => unknown): void {
  const asked = useRef(new Set<string>());
  const missing = useMemo(
    () => holes(bars, timeframe).map(({ fromUs, toUs }) => `${fromUs}-${toUs}`).join(),
    [bars, timeframe],
  );
  useEffect(() => {
    const fresh = missing.split(",").filter((hole) => hole && !asked.current.has(hole));
    if (fresh.length === 0) return undefined;
    const timer = setTimeout(() => {
      for (const hole of fresh) asked.current.add(hole);
      ask();
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [missing, ask]);
}

/** Bars that ended while this tab had no connection are asked for as soon as it has one. */
function useReturn(ask: () => unknown): void {
  const { phase } = useLink();
  const lost = useRef(false);
  useEffect(() => {
    if (phase === "live" && lost.current) ask();
    lost.current = phase === "waiting" || (lost.current && phase !== "live");
  }, [phase, ask]);
}
