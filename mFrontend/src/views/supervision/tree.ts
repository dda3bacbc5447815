/** The processes as a tree: by kind, and within accounts and streams by venue. */
import { byName } from "@/format/names";
import type { Child } from "@/stream/messages";

export interface Branch {
  readonly key: string;
  readonly name: string;
  readonly children: readonly Child[];
}

/** What the whole rests on comes first. */
const KINDS: readonly (readonly [kind: string, name: string])[] = [
  ["cache", "Cache"],
  ["web", "Web"],
  ["sink", "Sinks"],
  ["intake", "Intake"],
  ["venue", "Venues"],
  ["account", "Accounts"],
  ["stream", "Streams"],
  ["simulator", "Simulated venues"],
];
const BY_VENUE: ReadonlySet<string> = new Set(["account", "stream"]);
/** States in which somebody has to look; the rest passes by itself. */
const WRONG: ReadonlySet<string> = new Set([
  "backoff",
  "quarantined",
  "hung",
  "over_memory",
  "exited",
]);
export const isWrong = (child: Child): boolean => WRONG.has(child.state);

function branchOf(child: Child): readonly [key: string, name: string, place: number] {
  const at = KINDS.findIndex(([kind]) => kind === child.kind);
  const name = KINDS[at]?.[1] ?? child.kind;
  const place = at < 0 ? KINDS.length : at;
  // No process is called so: a branch and its only child must not be taken for each other.
  const key = `kind ${child.kind}`;
  if (!BY_VENUE.has(child.kind)) return [key, name, place];
  const venue = child.actor.split(":")[1] ?? "";
  return [`${key}:${venue}`, `${name}, ${venue}`, place];
}

export function branches(
  children: readonly Child[],
  keep: (child: Child) => boolean,
): readonly Branch[] {
  const found = new Map<string, { name: string; place: number; children: Child[] }>();
  for (const child of children) {
    if (!keep(child)) continue;
    const [key, name, place] = branchOf(child);
    const branch = found.get(key) ?? { name, place, children: [] };
    found.set(key, branch);
    branch.children.push(child);
  }
  return [...found]
    .toSorted(([a, left], [b, right]) => left.place - right.place || byName(a, b))
    .map(([key, branch]) => ({
      key,
      name: branch.name,
      children: branch.children.toSorted((a, b) => byName(a.actor, b.actor)),
    }));
}
