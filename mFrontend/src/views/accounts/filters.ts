/** Which accounts of the list are shown. */
import { holds } from "@/parts/sorting";
import { marginLine } from "@/parts/attention";
import type { Entry } from "./entries";

export const SHOWN = [
  "all",
  "need attention",
  "stale or missing",
  "over a margin line",
  "with positions",
] as const;
export type Shown = (typeof SHOWN)[number];

/** From here on `attention` ranks what no longer delivers, margin apart. */
const STALE_RANK = 60;

const RULES: Readonly<Record<Shown, (it: Entry) => boolean>> = {
  all: () => true,
  "need attention": (it) => it.seen.rank > 0,
  "stale or missing": (it) => it.seen.rank >= STALE_RANK || it.seen.word === "paused",
  "over a margin line": (it) => marginLine(it.figures?.margin_ratio) > 0,
  "with positions": (it) => (it.positions ?? 0) > 0,
};

export function fitting(
  entries: readonly Entry[],
  search: string,
  shown: Shown,
  venue: string,
): readonly Entry[] {
  return entries.filter(
    (it) =>
      RULES[shown](it) &&
      (!venue || it.account.venue === venue) &&
      holds(`${it.name} ${it.account.label} ${it.seen.word}`, search),
  );
}
