/** All accounts on one screen, those that need attention first; missing and stale ones named. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { accountsQuery } from "@/api/queries";
import { useChoice } from "@/app/address";
import { compare } from "@/format/decimal";
import { byName } from "@/format/names";
import { type AccountEntry, useAccountEntries } from "@/parts/AccountEntries";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import type { Account } from "@/parts/attention";
import { sentencesOf } from "@/parts/troubles";
import { Tile } from "./Tile";

const ORDERS = ["attention", "name", "equity", "margin"] as const;
/** Up to this many accounts there is room for whole names; 80 fit on one screen otherwise. */
const ROOMY_MAX = 24;
/** As many in trouble have room for a word about it; where most are, one cause is told above. */
const WIDE_MAX = 8;
const ROOMY = "gap-1.5 grid-cols-2 sm:grid-cols-[repeat(auto-fill,minmax(13rem,1fr))]";
const DENSE = "gap-1 grid-cols-[repeat(auto-fill,minmax(8.9rem,1fr))]";

type OrderName = (typeof ORDERS)[number];

function order(by: OrderName, a: AccountEntry, b: AccountEntry): number {
  if (by === "attention") return b.seen.rank - a.seen.rank;
  if (by === "equity") return compare(b.figures?.equity, a.figures?.equity);
  if (by === "margin") return compare(b.figures?.margin_ratio, a.figures?.margin_ratio);
  return 0;
}

const sortedBy = (entries: readonly AccountEntry[], by: OrderName): readonly AccountEntry[] =>
  entries.toSorted((a, b) => order(by, a, b) || byName(a.name, b.name));

export function AccountsGrid() {
  const accounts = useQuery(accountsQuery);
  const [by, setBy] = useChoice("sort", ORDERS);
  const known = useAccountEntries(accounts.data ?? NO_ACCOUNTS);
  const entries = useMemo(() => sortedBy(known, by), [known, by]);
  const title = accounts.data ? `Accounts (${accounts.data.length})` : "Accounts";
  return (
    <Panel
      title={title}
      aside={
        <>
          <span aria-hidden="true" className="mr-2 text-sm text-faint max-lg:hidden">
            equity, age · PnL, margin ratio, p positions, o open orders
          </span>
          <label className="flex items-center gap-2 text-sm text-soft">
            sorted by
            <select
              className="field"
              value={by}
              onChange={(event) => setBy(event.target.value as typeof by)}
            >
              {ORDERS.map((it) => (
                <option key={it}>{it}</option>
              ))}
            </select>
          </label>
        </>
      }
    >
      <Troubles entries={entries} />
      {accounts.error && !accounts.data ? (
        <ErrorState what="Accounts" error={accounts.error} retry={() => void accounts.refetch()} />
      ) : !accounts.data ? (
        <Loading what="accounts" rows={6} />
      ) : entries.length === 0 ? (
        <Empty title="No account is configured">
          Accounts are named in the service's environment; see docs/configuration.md.
        </Empty>
      ) : (
        <Tiles entries={entries} />
      )}
    </Panel>
  );
}

function Tiles({ entries }: { readonly entries: readonly AccountEntry[] }) {
  const roomy = entries.length <= ROOMY_MAX;
  const wide = roomy || entries.filter((it) => it.seen.rank > 0).length <= WIDE_MAX;
  return (
    <ul className={`grid grid-flow-row-dense p-2 ${roomy ? ROOMY : DENSE}`}>
      {entries.map((it) => (
        <Tile
          key={it.name}
          entry={it}
          room={roomy ? "roomy" : it.seen.rank > 0 && wide ? "wide" : "dense"}
        />
      ))}
    </ul>
  );
}

const NO_ACCOUNTS: readonly Account[] = [];

function Troubles({ entries }: { readonly entries: readonly AccountEntry[] }) {
  const wrong = entries.filter((it) => it.seen.rank >= 60);
  if (wrong.length === 0) return null;
  const troubles = wrong.map(({ name, seen }) => ({
    account: name,
    reason: [seen.word, seen.why].filter(Boolean).join(", "),
  }));
  return (
    <div className="grid gap-1.5 px-2 pt-2">
      {sentencesOf(troubles, entries.length).map((it) => (
        <Stale key={it}>{it}</Stale>
      ))}
    </div>
  );
}
