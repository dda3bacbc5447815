/** Points by venue: seasons as columns, accounts as rows, sums as the service gives them. */
import type { Schemas } from "@/api/client";
import { byName } from "@/format/names";
import type { Verdict } from "@/stream/verdict";

export type AllPoints = Schemas["AllPoints"];
export type AccountPoints = Schemas["AccountPoints"];

export interface VenueRows {
  readonly venue: string;
  /** The service's sums, of `counted` accounts; null where it gave none. */
  readonly total: string | null;
  readonly sums: Readonly<Record<string, string>>;
  readonly counted: number;
  readonly seasons: readonly string[];
  readonly accounts: readonly AccountPoints[];
  /** As many digits after the point as its most exact number has, so that points stand in line. */
  readonly digits: number;
}

const DIGITS_MAX = 6;

export function digitsOf(texts: readonly (string | null)[]): number {
  const fractions = texts.map((it) => (it?.split(".")[1] ?? "").replace(/0+$/, "").length);
  return Math.min(DIGITS_MAX, Math.max(0, ...fractions));
}

/** Numbered seasons newest first, named ones as the venue tells them. */
export function seasonsOf(accounts: readonly AccountPoints[]): readonly string[] {
  const found = [...new Set(accounts.flatMap((it) => it.seasons.map((one) => one.season)))];
  const numbered = found.filter((it) => /^\d+$/.test(it));
  const named = found.filter((it) => !/^\d+$/.test(it));
  return [...numbered.toSorted((a, b) => byName(b, a)), ...named];
}

export const seasonTitle = (season: string): string =>
  /^\d+$/.test(season) ? `Season ${season}` : words(season);

/** `last_week` → `Last week`. */
export function words(text: string): string {
  const spaced = text.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export const epochTitle = (epoch: string): string =>
  /^\d+$/.test(epoch) ? `Epoch ${epoch}` : words(epoch);

export function byVenue(points: AllPoints): readonly VenueRows[] {
  const venues = [...new Set(points.accounts.map((it) => it.venue))];
  return venues.map((venue) => {
    const accounts = points.accounts.filter((it) => it.venue === venue);
    const sums = points.venues.find((it) => it.venue === venue);
    return {
      venue,
      total: sums?.total ?? null,
      sums: sums?.seasons ?? {},
      counted: sums?.accounts ?? 0,
      seasons: seasonsOf(accounts),
      accounts,
      digits: digitsOf(
        accounts.flatMap((it) => [it.total, ...it.seasons.map((one) => one.total)]),
      ),
    };
  });
}

export const pointsIn = (it: AccountPoints, season: string): string | null =>
  it.seasons.find((one) => one.season === season)?.total ?? null;

/** Points are polled seldom: the service's word decides, and whether it still answers. */
export function verdictOf(it: AccountPoints, silent: string): Verdict {
  const reason = it.stale ? it.stale_reason || "the service calls it stale" : silent;
  return { stale: reason !== "", reason, asOfUs: it.as_of_us };
}

/** Which of the accounts that were asked for have not been told anew since. */
export function waitingFor(
  accounts: readonly AccountPoints[],
  asked: Asked | null,
): readonly string[] {
  if (!asked) return [];
  const told = new Set(
    accounts.filter((it) => (it.as_of_us ?? 0) >= asked.atUs).map((it) => it.source),
  );
  return asked.actors.filter((actor) => !told.has(actor));
}

/** Whom a refresh was told to, and when. */
export interface Asked {
  readonly atUs: number;
  readonly actors: readonly string[];
}
