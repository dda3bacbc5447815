/** Why rows of some accounts may be missing or old, told once for all accounts of one cause. */
export interface Trouble {
  readonly account: string;
  readonly reason: string;
}

/** Of this many names the rest is a number. */
const NAMED_MAX = 8;

/** Without how long it lasts: that differs by account and by the second. */
export const causeOf = (reason: string): string =>
  reason.replace(/ (for|ago) [\d.].*$| [\d.]+\s?(ms|s|min|h|d)( \d+\s?(s|min|h))? ago$/, "");

/** One sentence per cause; `all`: how many accounts there are. */
export function sentencesOf(troubles: readonly Trouble[], all: number): readonly string[] {
  const byCause = new Map<string, string[]>();
  for (const { account, reason } of troubles) {
    const cause = causeOf(reason);
    byCause.set(cause, [...(byCause.get(cause) ?? []), account]);
  }
  return [...byCause].map(([cause, accounts]) => `${namesOf(accounts, all)}: ${cause}`);
}

function namesOf(accounts: readonly string[], all: number): string {
  if (accounts.length === all && all > 1) return `all ${all} accounts`;
  const more = accounts.length - NAMED_MAX;
  const named = accounts.slice(0, NAMED_MAX).join(", ");
  return more > 0 ? `${named} and ${more} more` : named;
}
