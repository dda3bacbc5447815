/** Which account an address names, and which stand beside it. */
import { accountName, byName } from "@/format/names";
import type { Account } from "@/parts/attention";

export type Found =
  | { readonly kind: "one"; readonly account: Account }
  | { readonly kind: "several"; readonly candidates: readonly Account[] }
  | { readonly kind: "none" };

/** `asked` as the service takes it: `venue:name` first, else a number, label or alias that fits. */
export function found(accounts: readonly Account[], asked: string): Found {
  const exact = accounts.find((it) => accountName(it) === asked);
  if (exact) return { kind: "one", account: exact };
  const wanted = asked.toLowerCase();
  const candidates = accounts.filter((it) =>
    [accountName(it), it.account, it.index, it.label, ...it.aliases].some(
      (name) => name.toLowerCase() === wanted,
    ),
  );
  const [only, another] = candidates;
  if (!only) return { kind: "none" };
  return another ? { kind: "several", candidates } : { kind: "one", account: only };
}

/** What stands in the address, decoded; an address that cannot be decoded is taken as it is. */
export function decoded(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? "");
  } catch {
    return part ?? "";
  }
}

/** In the order of their names; the first follows the last. */
export function neighbours(
  accounts: readonly Account[],
  account: Account,
): { readonly before: Account; readonly after: Account } | null {
  const ordered = accounts.toSorted((a, b) => byName(accountName(a), accountName(b)));
  const at = ordered.findIndex((it) => accountName(it) === accountName(account));
  const before = ordered.at(at - 1);
  const after = ordered[(at + 1) % ordered.length];
  return ordered.length > 1 && at >= 0 && before && after ? { before, after } : null;
}
