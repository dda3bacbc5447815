/** What the accounts behind one address may ask of a venue, and where that is tight. */
import type { Schemas } from "@/api/client";
import { byName } from "@/format/names";
import { holds } from "@/parts/sorting";

export type Budget = Schemas["Budget"];

interface Tightness {
  /** Higher is tighter; 0 has room. */
  readonly rank: number;
  readonly word: "throttled" | "divided" | "room" | "unused";
}

/** Leases come in whole parts; what is less short than this is not short. */
const SHORT_PER_S = 0.01;

const wanted = (budget: Budget): number =>
  Object.values(budget.leases).reduce((total, lease) => total + lease.wanted_per_s, 0);

/** Holders that would ask more often than they may. */
export const shortOf = (budget: Budget): readonly string[] =>
  Object.entries(budget.leases)
    .filter(([, lease]) => lease.wanted_per_s - lease.rate_per_s > SHORT_PER_S)
    .map(([actor]) => actor);

export function tightness(budget: Budget, nowUs: number): Tightness {
  if (budget.not_before_us && budget.not_before_us > nowUs) return { rank: 3, word: "throttled" };
  if (shortOf(budget).length) return { rank: 2, word: "divided" };
  const used = Object.keys(budget.leases).length > 0;
  return used ? { rank: 1, word: "room" } : { rank: 0, word: "unused" };
}

/** How much of the rate is leased, in percent, at most 100. */
export const leasedPercent = (budget: Budget): number =>
  budget.rate_per_s ? Math.min(100, (100 * budget.leased_per_s) / budget.rate_per_s) : 0;

/** How much is wanted of what there is; above 100 it has to be divided. */
export const wantedPercent = (budget: Budget): number =>
  budget.rate_per_s ? (100 * wanted(budget)) / budget.rate_per_s : 0;

export const budgetKey = (budget: Budget): string => `${budget.venue} ${budget.exit_address}`;

/** The tightest first. */
export const ordered = (
  budgets: readonly Budget[],
  choice: { readonly venue: string; readonly search: string },
  nowUs: number,
): readonly Budget[] =>
  budgets
    .filter((it) => !choice.venue || it.venue === choice.venue)
    .filter((it) => holds(`${budgetKey(it)} ${Object.keys(it.leases).join(" ")}`, choice.search))
    .toSorted(
      (a, b) =>
        tightness(b, nowUs).rank - tightness(a, nowUs).rank ||
        wantedPercent(b) - wantedPercent(a) ||
        byName(budgetKey(a), budgetKey(b)),
    );

/** What an address is called: most leave by this machine's own. */
export function addressName(budget: Pick<Budget, "exit_address">): string {
  const { exit_address: address } = budget;
  if (address === "") return "this machine's address";
  return address === "handshakes" ? "opening of connections" : address;
}
