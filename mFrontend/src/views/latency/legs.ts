/** The legs of a datum's way from its venue to the screen, and what each measures. */
import type { Schemas } from "@/api/client";
import type { Figures } from "@/stream/histogram";

export type Report = Schemas["LatencyReport"];
export type Clock = Schemas["ClockView"];

export const WINDOWS = ["1 min", "15 min"] as const;
export type Window = (typeof WINDOWS)[number];
export const WINDOW_MS = { "1 min": 60_000, "15 min": 900_000 } as const;

export const QUANTILES = ["p50", "p90", "p99"] as const;
export type Quantile = (typeof QUANTILES)[number];

export const NOTHING: Figures = {
  count: 0,
  min_ms: null,
  p50_ms: null,
  p90_ms: null,
  p99_ms: null,
  max_ms: null,
};

export interface Leg {
  readonly key: string;
  readonly name: string;
  /** What it measures. */
  readonly says: string;
  /** Why it may be long. */
  readonly high: string;
  /** Why it may have no figures. */
  readonly none: string;
}

export const LEGS = {
  venue: {
    key: "venue_to_actor",
    name: "venue → actor",
    says: "from the venue's own time to our process that hears it; two clocks",
    high: "the network, a proxy, or the venue",
    none: "only what a venue's stream pushes with its own time is measured",
  },
  cache: {
    key: "actor_to_cache",
    name: "actor → cache",
    says: "from that process to the one that holds everything",
    high: "this machine has no CPU left, or a slow disk",
    none: "nothing was sent in this time",
  },
  web: {
    key: "cache_to_web",
    name: "cache → web",
    says: "to the web process that answers this tab; each has its own figures",
    high: "this machine has no CPU left, or many clients: more web processes",
    none: "nothing was sent in this time",
  },
  client: {
    key: "web_to_client",
    name: "web ⇄ clients",
    says: "a ping to all WebSocket clients of this web process, there and back; in no sum",
    high: "their network, or a client that does not read",
    none: "no client by WebSocket was pinged in this time",
  },
  tab: {
    key: "tab",
    name: "web → this tab",
    says: "from the web process's word to this tab, by the service's clock as the tab knows it",
    high: "the network between, or a tab that has much to do",
    none: "nothing was told as it happens: no changes, or no WebSocket",
  },
  screen: {
    key: "screen",
    name: "tab → screen",
    says: "until it is drawn; tables wait up to 250 ms and books 100 ms for the next picture",
    high: "a tab that has much to do, or a slow display",
    none: "nothing was drawn: the tab is hidden, paused, or has had no changes",
  },
} as const satisfies Readonly<Record<string, Leg>>;

type Actor = Report["actors"][number];

export function figuresOf(actor: Actor | undefined, leg: string, window: Window): Figures {
  const found = actor?.legs.find((it) => it.leg === leg);
  const figures = window === "1 min" ? found?.last_1m : found?.last_15m;
  return figures ?? NOTHING;
}

/** The venue of an actor; "" for the service's own processes. */
const venueOf = (actor: string): string => actor.split(":")[1] ?? "";

/** Figures of one actor on the two legs that are its own. */
export interface Row {
  readonly actor: string;
  readonly venue: string;
  readonly fromVenue: Figures;
  readonly toCache: Figures;
  /** What it is judged by; null where nothing was observed. */
  readonly slowestMs: number | null;
}

/** The actors that bring data of a venue; the slowest first. */
export function rows(report: Report, window: Window): readonly Row[] {
  return report.actors
    .filter((it) => it.actor !== report.web)
    .map((it): Row => {
      const fromVenue = figuresOf(it, LEGS.venue.key, window);
      const toCache = figuresOf(it, LEGS.cache.key, window);
      const known = fromVenue.p99_ms !== null || toCache.p99_ms !== null;
      const slowestMs = known ? (fromVenue.p99_ms ?? 0) + (toCache.p99_ms ?? 0) : null;
      const venue = it.actor.includes(":") ? venueOf(it.actor) : "";
      return { actor: it.actor, venue, fromVenue, toCache, slowestMs };
    })
    .toSorted((a, b) => (b.slowestMs ?? -1) - (a.slowestMs ?? -1) || (a.actor < b.actor ? -1 : 1));
}

/**
 * Figures of many as one: the p50 is the middle one's, each counted as often as it observed; the
 * rest is the worst one's. A true quantile of all cannot be had from quantiles.
 */
export function together(all: readonly Figures[]): Figures {
  const known = all.filter((it) => it.count > 0);
  const [only] = known;
  if (!only) return NOTHING;
  if (known.length === 1) return only;
  const worst = (of: (it: Figures) => number | null): number =>
    Math.max(...known.map((it) => of(it) ?? -Infinity));
  return {
    count: known.reduce((sum, it) => sum + it.count, 0),
    min_ms: Math.min(...known.map((it) => it.min_ms ?? Infinity)),
    p50_ms: middle(known),
    p90_ms: worst((it) => it.p90_ms),
    p99_ms: worst((it) => it.p99_ms),
    max_ms: worst((it) => it.max_ms),
  };
}

function middle(known: readonly Figures[]): number | null {
  const ordered = known.toSorted((a, b) => (a.p50_ms ?? 0) - (b.p50_ms ?? 0));
  const half = known.reduce((sum, it) => sum + it.count, 0) / 2;
  let passed = 0;
  return ordered.find((it) => (passed += it.count) >= half)?.p50_ms ?? null;
}

export const quantileOf = (figures: Figures, quantile: Quantile): number | null =>
  figures[`${quantile}_ms`];

export interface Step {
  readonly leg: Leg;
  readonly figures: Figures;
}

export interface Bar extends Step {
  /** When the datum sets out on this leg. */
  readonly fromMs: number;
  /** Null where nothing was observed. */
  readonly lengthMs: number | null;
}

/** Each leg begins where the one before ends. Below 0 is what two clocks disagree by: no length. */
export function waterfall(
  steps: readonly Step[],
  quantile: Quantile,
): { readonly bars: readonly Bar[]; readonly totalMs: number } {
  let fromMs = 0;
  const bars = steps.map((step): Bar => {
    const found = quantileOf(step.figures, quantile);
    const lengthMs = found === null ? null : Math.max(0, found);
    const bar = { ...step, fromMs, lengthMs };
    fromMs += lengthMs ?? 0;
    return bar;
  });
  return { bars, totalMs: fromMs };
}

/** What a measured offset allows to say, in words. */
export function clockWords(clock: Pick<Clock, "offset_ms" | "uncertainty_ms">): {
  readonly agrees: boolean;
  readonly words: string;
} {
  const { offset_ms: offset, uncertainty_ms: uncertainty } = clock;
  const apart = Math.abs(offset) - uncertainty;
  if (apart <= 0) return { agrees: true, words: "agrees with ours" };
  const way = offset > 0 ? "ahead of" : "behind";
  return { agrees: false, words: `at least ${apart.toFixed(0)}\u202fms ${way} ours` };
}
