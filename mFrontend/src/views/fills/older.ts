/** Fills of the past, read backwards account by account, put behind those that the stream tells. */
import type { Schemas } from "@/api/client";
import { type FillRow, fillTimeUs, rowOf } from "@/parts/fills";

/** One account's past, as far as it was read. */
export interface Past {
  /** Told by the stream at last, oldest first. */
  readonly live: readonly FillRow[];
  /** Before them, oldest first; grows at both ends. */
  readonly older: readonly FillRow[];
  /** Of the page that comes next; null before the first was read. */
  readonly cursor: string | null;
  /** Whether the store has no more. */
  readonly ended: boolean;
}

export const UNREAD: Past = { live: [], older: [], cursor: null, ended: false };
/** A day of one busy account; beyond it what was read is let go, and can be read again. */
export const OLDER_MAX = 20_000;

/**
 * The stream holds an account's last fills only: once older ones were read, those that it lets go
 * are kept, so that no hole opens between the two.
 */
export function follow(past: Past, live: readonly FillRow[]): Past {
  if (live === past.live) return past;
  const read = past.cursor !== null || past.ended;
  const [oldest] = live;
  if (!read || oldest === undefined) return { ...past, live };
  const cut = past.live.findIndex((it) => it.fill_id === oldest.fill_id);
  const none = past.live.length === 0;
  // Nothing of it was known before: there may be fills between.
  if (!none && cut < 0) return { ...UNREAD, live };
  const left = past.live.slice(0, Math.max(0, cut));
  if (past.older.length + left.length > OLDER_MAX) return { ...UNREAD, live };
  return { ...past, live, older: left.length ? [...past.older, ...left] : past.older };
}

/** One page of the store, newest first, put before what is held; `asked`: what was held then. */
export function prepend(past: Past, page: Schemas["Trades"], asked: Past): Past {
  // What was held has been let go meanwhile: the page no longer joins on to it.
  if (past.cursor !== asked.cursor || horizonOf(past) > horizonOf(asked)) return past;
  const held = new Set([...past.older, ...past.live].map((it) => it.fill_id));
  const rows = page.items.filter((it) => !held.has(it.fill_id)).map(rowOf);
  return {
    ...past,
    older: [...rows.toReversed(), ...past.older],
    cursor: page.next_cursor,
    ended: page.next_cursor === null,
  };
}

/** How far back everything of an account is here; -Infinity where nothing is older. */
export function horizonOf(past: Past): number {
  if (past.ended) return -Infinity;
  const [oldest] = past.older.length ? past.older : past.live;
  return oldest ? fillTimeUs(oldest) : -Infinity;
}

/** How far back everything of all of them is here: as far as the least known reaches. */
export const horizonOfAll = (pasts: Iterable<Past>): number =>
  Math.max(-Infinity, ...[...pasts].map(horizonOf));

/** -Infinity from itself would be no number. */
const compareHorizons = (a: number, b: number): number => Number(a > b) - Number(a < b);

/** Whose page brings the horizon back: those that are known the least far, so many at once. */
export function nextOf(pasts: ReadonlyMap<string, Past>, most: number): readonly string[] {
  return [...pasts]
    .filter(([, past]) => !past.ended)
    .toSorted(([, a], [, b]) => compareHorizons(horizonOf(b), horizonOf(a)))
    .slice(0, most)
    .map(([account]) => account);
}
