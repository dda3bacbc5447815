/** Fills of the stream and of history as one list: newest first, each once. */
import { type FillRow, type StoredFill, fillTimeUs, rowOf } from "@/parts/fills";
import type { Fill } from "@/stream/messages";
import { FILLS_MAX } from "@/stream/topics";

/** `live`: oldest first, as the stream has them. */
export function merged(
  live: readonly Fill[],
  stored: readonly StoredFill[],
): readonly FillRow[] {
  const rows = new Map<string, FillRow>();
  for (const it of [...live.toReversed(), ...stored.map(rowOf)])
    if (!rows.has(it.fill_id)) rows.set(it.fill_id, it);
  return [...rows.values()].toSorted((a, b) => fillTimeUs(b) - fillTimeUs(a));
}

/**
 * Whether fills may lie between what the stream still has and what was read of history: it keeps
 * no more than so many, and what it dropped since is in neither.
 */
export function torn(live: readonly Fill[], stored: readonly StoredFill[]): boolean {
  if (live.length < FILLS_MAX || !stored.length) return false;
  const held = new Set(live.map((it) => it.fill_id));
  return !stored.some((it) => held.has(it.fill_id));
}
