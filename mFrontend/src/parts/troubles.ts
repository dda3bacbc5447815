/** Why rows of some accounts may be missing or old, told once for all accounts of one cause. */
export interface Trouble {
  readonly account: string;
  readonly reason: string;
}

/** Of this many names the rest is a number. */
const NAMED_MAX = 8;

/** One sentence per cause; `all`: how many accounts there are. */
export function sentencesOf(troubles: readonly Trouble[], all: number): readonly string[] {
  const byCause = new Map<string, string[]>();
  for (const { account, reason } of troubles) {
    // The service names the process in its reasons; by that, each would be a cause of its own.
    const cause = reason.replaceAll(`account:${account}`, "its process");
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
