/** What of a book is rendered: its state, never its levels, so that a fast book costs nothing. */
import { useCallback, useRef, useSyncExternalStore } from "react";
import { decimal } from "@/format/decimal";
import { topOf } from "@/parts/LadderRows";
import type { Book } from "@/stream/book";
import { clock } from "@/stream/clock";
import { verdictOf } from "@/stream/hooks";
import { type TopicState, store } from "@/stream/store";
import { link } from "@/stream/tab";
import type { Verdict } from "@/stream/verdict";

export interface BookState {
  readonly held: boolean;
  readonly verified: boolean;
  /** Why it is not verified. */
  readonly reason: string;
  /** Says why a topic that is not held has gone. */
  readonly gone: string;
  /** Best bid and ask where they cross; "" where they do not. */
  readonly crossed: string;
  /** Sides without a level. */
  readonly lacks: "" | "bids" | "asks" | "bids or asks";
}

function stateOf({ data, held, staleReason }: TopicState): BookState {
  const book = data as Book | null;
  return {
    held: held && book !== null,
    verified: book?.verified ?? true,
    reason: book?.reason ?? "",
    gone: held ? "" : (staleReason ?? ""),
    crossed: book ? crossing(book) : "",
    lacks: book ? lacking(book) : "",
  };
}

function crossing(book: Book): string {
  const top = topOf(book);
  return top?.crossed ? `bid ${decimal(top.bid)} ≥ ask ${decimal(top.ask)}` : "";
}

function lacking({ bids, asks }: Book): BookState["lacks"] {
  if (bids.length && asks.length) return "";
  if (!bids.length && !asks.length) return "bids or asks";
  return bids.length ? "asks" : "bids";
}

const same = (a: BookState, b: BookState): boolean =>
  (Object.keys(a) as (keyof BookState)[]).every((name) => a[name] === b[name]);

/** A new object only when something in it differs. */
export function useBookState(topic: string): BookState {
  const last = useRef<BookState | null>(null);
  const listen = useCallback((run: () => void) => store.listen(topic, run), [topic]);
  return useSyncExternalStore(listen, () => {
    const found = stateOf(store.topic(topic));
    if (!last.current || !same(last.current, found)) last.current = found;
    return last.current;
  });
}

interface Judged {
  readonly topic: string;
  readonly beatUs: number;
  readonly link: unknown;
  readonly held: boolean;
  readonly verdict: Verdict;
}

/** Judged with each beat and each change of the connection, not with each of ten updates. */
export function useBookVerdict(topic: string): Verdict {
  const last = useRef<Judged | null>(null);
  return useSyncExternalStore(subscribe, () => {
    const beatUs = clock.beatUs();
    const state = link.state();
    const told = store.topic(topic);
    const judged: Omit<Judged, "verdict"> = { topic, beatUs, link: state, held: told.held };
    if (last.current && alike(last.current, judged)) return last.current.verdict;
    last.current = { ...judged, verdict: verdictOf(told) };
    return last.current.verdict;
  });
}

const alike = (a: Judged, b: Omit<Judged, "verdict">): boolean =>
  a.topic === b.topic && a.beatUs === b.beatUs && a.link === b.link && a.held === b.held;

function subscribe(run: () => void): () => void {
  const ends = [clock.subscribe(run), link.listen(run)];
  return () => ends.forEach((end) => end());
}
