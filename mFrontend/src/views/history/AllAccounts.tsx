/** All accounts side by side for one period: their sums, who is not in them, and each account. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useParameter } from "@/app/address";
import { inZone, moment } from "@/format/time";
import { AsOf } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { type Column, Table } from "@/parts/Table";
import { holds } from "@/parts/sorting";
import { useAnswerVerdict } from "@/stream/answer";
import { usePeriod } from "./Controls";
import { Sum } from "./Statistics";
import { Summary } from "./Summary";
import {
  type AccountRow,
  FIGURES,
  type FigureRow,
  accountRows,
  oldestUs,
} from "./periods";
import { periodsQuery } from "./queries";

export function AllAccounts({ onOpen }: { readonly onOpen: (name: string) => void }) {
  const [period] = usePeriod();
  const [search, setSearch] = useParameter("search");
  const asked = useQuery(periodsQuery(null));
  const verdict = useAnswerVerdict({ error: asked.error, askedUs: asked.data?.askedUs });
  const all = useMemo(() => accountRows(asked.data?.accounts ?? [], period), [asked.data, period]);
  const rows = useMemo(
    () => all.filter((it) => holds(`${it.name} ${it.label} ${it.settle}`, search)),
    [all, search],
  );
  return (
    <>
      <Summary period={period} />
      <Panel
        title={asked.data ? `Accounts (${all.length})` : "Accounts"}
        aside={
          <>
            <AsOf verdict={{ ...verdict, asOfUs: oldestUs(all) }} />
            <input
              className="field w-40"
              type="search"
              aria-label="Search accounts"
              placeholder="Search"
              value={search}
              onChange={(event) => setSearch(event.target.value)}
            />
          </>
        }
      >
        {verdict.stale && <Stale>Not asked anew: {verdict.reason}</Stale>}
        {asked.error && !asked.data ? (
          <ErrorState what="Accounts" error={asked.error} retry={() => void asked.refetch()} />
        ) : !asked.data ? (
          <Loading what="all accounts" rows={8} />
        ) : (
          <Table
            label="Sums per account"
            rows={rows}
            rowKey={(it) => it.name}
            columns={COLUMNS}
            first={{ key: "pnl", down: true }}
            onOpen={(it) => onOpen(it.name)}
            rowTitle={whyOf}
            empty={
              <Empty title={search ? "No account fits" : "No account is configured"}>
                {search ? "Search leaves none." : "docs/configuration.md says how to add one."}
              </Empty>
            }
          />
        )}
      </Panel>
    </>
  );
}

function whyOf({ counting, reason, period }: AccountRow): string | undefined {
  if (reason) return inZone(reason);
  if (counting) return `Newer sums are still being counted; these are of ${moment(period?.to_us)}`;
  const lines = Object.entries(period?.unknown ?? {}).map(
    ([key, says]) => `${FIGURES.find((it) => it.key === key)?.title ?? key}: ${inZone(says)}`,
  );
  return lines.join("\n") || undefined;
}

const ofFigure = (figure: FigureRow): Column<AccountRow> => ({
  key: figure.key,
  title: figure.title,
  hint: figure.hint,
  right: true,
  width: figure.money ? "minmax(6.4rem, 1fr)" : "minmax(4.8rem, 0.6fr)",
  sort: (it) => it.period?.[figure.key],
  cell: (it) => (
    <Sum
      figure={figure}
      of={it.period ?? NOTHING}
      why={it.reason || it.period?.unknown[figure.key]}
    />
  ),
});
const NOTHING = {};

const COLUMNS: readonly Column<AccountRow>[] = [
  {
    key: "account",
    title: "Account",
    words: true,
    width: "minmax(12.5rem, 1.4fr)",
    sort: (it) => it.name,
    cell: (it) => (
      <>
        <span className="font-semibold">{it.name}</span>
        {it.label && <span className="ml-1.5 text-soft">{it.label}</span>}
      </>
    ),
  },
  {
    key: "settle",
    title: "Asset",
    hint: "what it settles in; all its money is in it",
    words: true,
    width: "4.5rem",
    sort: (it) => it.settle,
    cell: (it) => <span className="text-soft">{it.settle}</span>,
  },
  ...FIGURES.map(ofFigure),
  {
    key: "history",
    title: "History",
    hint: "whether the store knows the whole period; else sums are since its history begins",
    width: "7.5rem",
    words: true,
    sort: (it) => wholeness(it),
    cell: (it) => <Whole row={it} />,
  },
];

const wholeness = ({ counting, period }: AccountRow): string =>
  counting
    ? "counting"
    : !period
      ? "not counted"
      : period.since_us === null
        ? "nothing"
        : period.complete
          ? "complete"
          : "partial";

const TONES = { complete: "good", partial: "warn" } as const;

const Whole = ({ row }: { readonly row: AccountRow }) => {
  const word = wholeness(row);
  return <Badge tone={TONES[word as keyof typeof TONES] ?? "calm"}>{word}</Badge>;
};
