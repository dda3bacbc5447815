/** How accounts and the service's words are spelt, and in which order names stand. */

export interface OfAccount {
  readonly venue: string;
  readonly account: string;
}

export const accountName = ({ venue, account }: OfAccount): string => `${venue}:${account}`;

/** The account that an actor looks after; null for actors of another kind. */
export function accountOfActor(actor: string): OfAccount | null {
  const [kind, venue, ...name] = actor.split(":");
  return kind === "account" && venue && name.length ? { venue, account: name.join(":") } : null;
}

/** `stop_limit` as people write it. */
export const spoken = (word: string): string => word.replaceAll("_", " ");

const names = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** As people sort names: `extended:2` before `extended:10`. */
export const byName = (a: string, b: string): number => names.compare(a, b);
