/** All accounts in one table, to be compared, searched and sorted. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLocation } from "wouter";
import { accountsQuery } from "@/api/queries";
import { useChoice, useParameter } from "@/app/address";
import { accountPath } from "@/app/routes";
import { Badge } from "@/parts/Badge";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { Table } from "@/parts/Table";
import { useOrdering } from "@/parts/TableOrder";
import type { Account } from "@/parts/attention";
import { useWant } from "@/stream/hooks";
import { COLUMNS } from "./columns";
import { useEntries } from "./entries";
import { SHOWN, fitting } from "./filters";

const TOPICS = ["account:*", "positions:*", "orders:*", "supervision"] as const;
const FIRST = { key: "state", down: true };
const NO_ACCOUNTS: readonly Account[] = [];

export default function Accounts() {
  useWant(TOPICS);
  const accounts = useQuery(accountsQuery);
  const entries = useEntries(accounts.data ?? NO_ACCOUNTS);
  const [search, setSearch] = useParameter("search");
  const [venue, setVenue] = useParameter("venue");
  const [shown, setShown] = useChoice("show", SHOWN);
  const ordering = useOrdering("sort", FIRST);
  const [, go] = useLocation();
  const rows = useMemo(
    () => fitting(entries, search, shown, venue),
    [entries, search, shown, venue],
  );
  const venues = [...new Set(entries.map((it) => it.account.venue))].toSorted();
  const wrong = entries.filter((it) => it.seen.rank > 0).length;
  const all = rows.length === entries.length;
  return (
    <>
      <h1 className="visually-hidden">Accounts</h1>
      {accounts.error && accounts.data && (
        <Stale>{accounts.error.message}; what stands below is what was last heard.</Stale>
      )}
      <Panel
        title={
          !accounts.data
            ? "Accounts"
            : `Accounts (${all ? entries.length : `${rows.length} of ${entries.length}`})`
        }
        aside={
          <>
            {wrong > 0 && <Badge tone="warn">{wrong} need attention</Badge>}
            <input
              className="field w-40"
              type="search"
              aria-label="Search accounts"
              placeholder="Search"
              value={search}
              onChange={(event) => setSearch(event.target.value)}
            />
            <Choice label="Venue" value={venue} names={["", ...venues]} onChoose={setVenue} />
            <Choice
              label="Which accounts"
              value={shown}
              names={SHOWN}
              onChoose={(it) => setShown(it as typeof shown)}
            />
          </>
        }
      >
        {accounts.error && !accounts.data ? (
          <ErrorState
            what="Accounts"
            error={accounts.error}
            retry={() => void accounts.refetch()}
          />
        ) : !accounts.data ? (
          <Loading what="accounts" rows={12} />
        ) : entries.length === 0 ? (
          <Empty title="No account is configured">
            Accounts are named in the service's environment; see docs/configuration.md.
          </Empty>
        ) : (
          <Table
            label="Accounts"
            rows={rows}
            rowKey={(it) => it.name}
            columns={COLUMNS}
            ordering={ordering}
            onOpen={(it) => go(accountPath(it.account.venue, it.account.account))}
            height="calc(100dvh - 8rem)"
            empty={<Empty title="No account fits">Search and filters leave none.</Empty>}
          />
        )}
      </Panel>
    </>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly names: readonly string[];
  readonly onChoose: (name: string) => void;
}

const Choice = ({ label, value, names, onChoose }: ChoiceProps) => (
  <select
    className="field"
    aria-label={label}
    value={value}
    onChange={(event) => onChoose(event.target.value)}
  >
    {names.map((it) => (
      <option key={it} value={it}>
        {it || "all venues"}
      </option>
    ))}
  </select>
);
