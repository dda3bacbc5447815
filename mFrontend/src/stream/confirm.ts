/** REST answers confirm what the stream tells only when it changes: how fresh a topic still is. */
import type { Schemas } from "../api/client";
import { accountName } from "../format/names";
import { store } from "./store";
import type { Fresh } from "./messages";

const SECTIONS = ["account", "positions", "orders"] as const;

/** `askedAtMs`: when the answer was asked for; the stream's later word stands. */
export function confirmAccounts(accounts: readonly Schemas["Account"][], askedAtMs: number): void {
  for (const account of accounts) {
    const whose = accountName(account);
    for (const section of SECTIONS) {
      const rows: readonly Fresh[] = section === "account" ? [] : account[section];
      const asOf = Math.max(account.as_of_us ?? 0, ...rows.map((row) => row.as_of_us ?? 0));
      const { stale, stale_reason } = account;
      store.confirm(
        `${section}:${whose}`,
        { as_of_us: asOf || null, stale, stale_reason },
        askedAtMs,
      );
    }
  }
}

export function confirmBooks(
  books: readonly Schemas["OrderBookStatus"][],
  askedAtMs: number,
): void {
  for (const book of books) {
    const held = store.topic(book.topic).data as Fresh | null;
    // What changed since this tab was told does not confirm what it holds.
    const same = (book.changed_us ?? 0) <= (held?.changed_us ?? 0);
    const { as_of_us, stale, stale_reason } = book;
    store.confirm(book.topic, { as_of_us: same ? as_of_us : null, stale, stale_reason }, askedAtMs);
  }
}
