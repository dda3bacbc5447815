/** Faults of one cause as one: counted, with when and where, from what the service holds. */
import type { Schemas } from "@/api/client";
import { byName } from "@/format/names";
import { holds } from "@/parts/sorting";
import type { Fault } from "@/stream/messages";

/** What the service holds of faults that are alike at one actor. */
export type Told = Schemas["Error"];

/** A fault as the stream tells it; polling tells groups, with a count and a first time. */
export type Heard = Fault & { readonly count?: number; readonly first_us?: number };

/** Faults that are alike at one actor. */
interface Alike {
  readonly actor: string;
  readonly kind: string;
  readonly level: string;
  readonly shape: string;
  readonly message: string;
  readonly count: number;
  readonly firstUs: number;
  readonly lastUs: number;
}

export interface Group {
  readonly key: string;
  readonly kind: string;
  readonly level: string;
  /** The newest one's. */
  readonly message: string;
  readonly count: number;
  readonly firstUs: number;
  readonly lastUs: number;
  /** Most often affected first. */
  readonly actors: readonly { readonly actor: string; readonly count: number }[];
  /** Different wordings, the newest first. */
  readonly messages: readonly string[];
  /** When each one happened, as far as it was told one by one; oldest first. */
  readonly atUs: readonly number[];
}

const SHAPE_LENGTH_MAX = 300;
/** Addresses, ids and numbers: what differs between two faults of one cause, as in the service. */
const VARYING = /0x[0-9a-fA-F]+|[0-9a-fA-F]{12,}|\d+(?:\.\d+)?/g;

/** A message without what varies. */
export const shape = (message: string): string =>
  message.slice(0, SHAPE_LENGTH_MAX).replaceAll(VARYING, "#");

const shapes = new WeakMap<Heard, string>();

/** Rows stay the same objects, so that each is looked at once. */
function shapeOf(fault: Heard): string {
  const known = shapes.get(fault);
  if (known !== undefined) return known;
  const found = shape(fault.message);
  shapes.set(fault, found);
  return found;
}

const alikeKey = (it: Pick<Alike, "actor" | "kind" | "level" | "shape">): string =>
  `${it.actor}\n${it.kind}\n${it.level}\n${it.shape}`;

/**
 * What the service held when it was asked, and on top what the stream has told since: of each
 * actor's cause, what is newer than the newest one that was counted.
 */
function alike(told: readonly Told[], heard: readonly Heard[]): Alike[] {
  const found = new Map<string, Alike>();
  for (const it of told) {
    const { source: actor, kind, level, message, count } = it;
    const one = { actor, kind, level, shape: shape(message), message, count };
    found.set(alikeKey(one), { ...one, firstUs: it.first_us, lastUs: it.last_us });
  }
  for (const it of heard) {
    const { actor, kind, level, message, at_us: atUs } = it;
    const one = { actor, kind, level, shape: shapeOf(it) };
    const held = found.get(alikeKey(one));
    if (held && atUs <= held.lastUs) continue;
    const count = (it.count ?? 1) + (held && it.count === undefined ? held.count : 0);
    const firstUs = Math.min(it.first_us ?? atUs, held?.firstUs ?? atUs);
    found.set(alikeKey(one), { ...one, message, count, firstUs, lastUs: atUs });
  }
  return [...found.values()];
}

export const GROUPINGS = ["cause", "actor"] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** `cause`: alike at any actor; `actor`: all of one kind at one actor. */
function groupKey(it: Pick<Alike, "actor" | "kind" | "level" | "shape">, by: Grouping): string {
  return by === "actor" ? `${it.actor}\n${it.kind}` : `${it.kind}\n${it.level}\n${it.shape}`;
}

/** Newest first. */
export function groups(
  told: readonly Told[],
  heard: readonly Heard[],
  by: Grouping,
): readonly Group[] {
  const times = new Map<string, number[]>();
  for (const it of heard) {
    const key = groupKey({ ...it, shape: shapeOf(it) }, by);
    const known = times.get(key);
    if (known) known.push(it.at_us);
    else times.set(key, [it.at_us]);
  }
  const parts = new Map<string, Alike[]>();
  for (const it of alike(told, heard)) {
    const key = groupKey(it, by);
    const known = parts.get(key);
    if (known) known.push(it);
    else parts.set(key, [it]);
  }
  return [...parts]
    .map(([key, members]) => together(key, members, times.get(key) ?? []))
    .toSorted((a, b) => b.lastUs - a.lastUs || (a.key < b.key ? -1 : 1));
}

const WORST: readonly string[] = ["error", "warning", "info", "debug"];
/** What nobody knows stands last. */
function place(level: string): number {
  const at = WORST.indexOf(level);
  return at < 0 ? WORST.length : at;
}

function together(key: string, members: readonly Alike[], times: readonly number[]): Group {
  const newest = members.toSorted((a, b) => b.lastUs - a.lastUs);
  const counts = new Map<string, number>();
  for (const it of members) counts.set(it.actor, (counts.get(it.actor) ?? 0) + it.count);
  const levels = members.map((it) => it.level).toSorted((a, b) => place(a) - place(b));
  return {
    key,
    kind: newest[0]?.kind ?? "",
    level: levels[0] ?? "",
    message: newest[0]?.message ?? "",
    count: members.reduce((total, it) => total + it.count, 0),
    firstUs: Math.min(...members.map((it) => it.firstUs)),
    lastUs: newest[0]?.lastUs ?? 0,
    actors: [...counts]
      .map(([actor, count]) => ({ actor, count }))
      .toSorted((a, b) => b.count - a.count || (a.actor < b.actor ? -1 : 1)),
    messages: [...new Set(newest.map((it) => it.message))],
    atUs: times.toSorted((a, b) => a - b),
  };
}

export interface Choice {
  readonly search: string;
  readonly source: string;
  readonly kind: string;
  readonly level: string;
}

export const isShown = (group: Group, { search, source, kind, level }: Choice): boolean =>
  (!source || group.actors.some((it) => it.actor === source)) &&
  (!kind || group.kind === kind) &&
  (!level || group.level === level) &&
  holds(
    `${group.kind} ${group.messages.join(" ")} ${group.actors.map((it) => it.actor).join(" ")}`,
    search,
  );

const distinct = (texts: readonly string[]): readonly string[] =>
  [...new Set(texts)].toSorted(byName);

/** What the filters may be set to. */
export const choicesOf = (found: readonly Group[]) => ({
  sources: distinct(found.flatMap((it) => it.actors.map(({ actor }) => actor))),
  kinds: distinct(found.map((it) => it.kind)),
  levels: [...new Set(found.map((it) => it.level))].toSorted((a, b) => place(a) - place(b)),
});

/** How many happened in each of `bins` equal parts of the time before `nowUs`, oldest first. */
export function binned(
  atUs: readonly number[],
  nowUs: number,
  spanUs: number,
  bins: number,
): readonly number[] {
  const found = new Array<number>(bins).fill(0);
  for (const at of atUs) {
    const bin = bins - 1 - Math.floor(((nowUs - at) / spanUs) * bins);
    // Another process's clock may be a little ahead of what this tab takes for now.
    const kept = Math.min(bins - 1, bin);
    if (kept >= 0) found[kept] = (found[kept] ?? 0) + 1;
  }
  return found;
}
