/** One venue's accounts: their points per season, their standing, and how old that is. */
import { useMemo } from "react";
import { accountName } from "@/format/names";
import { Age } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Num } from "@/parts/Number";
import { Panel } from "@/parts/Panel";
import { Empty } from "@/parts/States";
import { type Column, Table } from "@/parts/Table";
import { holds } from "@/parts/sorting";
import type { Verdict } from "@/stream/verdict";
import {
  type AccountPoints,
  type VenueRows,
  pointsIn,
  seasonTitle,
  verdictOf,
  words,
} from "./seasons";

interface VenueProps {
  readonly of: VenueRows;
  readonly search: string;
  /** Whether the service's answer is of now. */
  readonly answer: Verdict;
  readonly onOpen: (name: string) => void;
}

export function Venue({ of, search, answer, onOpen }: VenueProps) {
  const silent = answer.reason;
  const seasons = of.seasons.join("\n");
  const columns = useMemo(
    () => columnsOf(seasons.split("\n").filter(Boolean), of.digits, silent),
    [seasons, of.digits, silent],
  );
  const rows = of.accounts.filter((it) => holds(`${accountName(it)} ${it.label}`, search));
  return (
    <Panel
      title={`${of.venue} (${of.accounts.length})`}
      aside={
        of.counted > 0 ? (
          <SeasonSums of={of} answer={answer} />
        ) : (
          <Badge tone="calm">no points</Badge>
        )
      }
    >
      <Table
        label={`Points at ${of.venue}`}
        rows={rows}
        rowKey={accountName}
        columns={columns}
        first={{ key: "total", down: true }}
        onOpen={(it) => onOpen(accountName(it))}
        rowTitle={(it) => it.reason || it.stale_reason || undefined}
        empty={<Empty title="No account fits">Search leaves none.</Empty>}
        height="32rem"
      />
    </Panel>
  );
}

const SeasonSums = ({ of, answer }: Pick<VenueProps, "of" | "answer">) => (
  <ul className="flex flex-wrap gap-x-4 text-sm">
    {of.seasons.map((season) => (
      <li key={season}>
        <span className="text-soft">{seasonTitle(season)}</span>{" "}
        <Num value={of.sums[season]} look={{ digits: of.digits }} verdict={answer} mark={false} />
      </li>
    ))}
  </ul>
);

function columnsOf(
  seasons: readonly string[],
  digits: number,
  silent: string,
): readonly Column<AccountPoints>[] {
  const look = { digits };
  const points = (
    key: string,
    title: string,
    read: (it: AccountPoints) => string | null,
  ): Column<AccountPoints> => ({
    key,
    title,
    right: true,
    width: "minmax(7rem, 1fr)",
    sort: (it) => (it.available ? read(it) : null),
    cell: (it) =>
      it.available ? (
        <Num value={read(it)} look={look} verdict={verdictOf(it, silent)} mark={key === "total"} />
      ) : (
        "–"
      ),
  });
  return [
    {
      key: "account",
      title: "Account",
      words: true,
      width: "minmax(11rem, 1.2fr)",
      sort: accountName,
      cell: (it) => (
        <>
          <span className="font-semibold">{accountName(it)}</span>
          {it.label && <span className="ml-1.5 text-soft">{it.label}</span>}
        </>
      ),
    },
    points("total", "Total", (it) => it.total),
    ...seasons.map((season) => points(season, seasonTitle(season), (it) => pointsIn(it, season))),
    {
      key: "rank",
      title: "Rank",
      right: true,
      width: "5rem",
      sort: (it) => it.rank,
      cell: (it) => it.rank ?? "–",
    },
    {
      key: "leagues",
      title: "Leagues",
      width: "minmax(8rem, 2.6fr)",
      cell: (it) => <Leagues leagues={it.leagues} />,
    },
    {
      key: "polled",
      title: "As of",
      width: "5rem",
      right: true,
      hint: "when the venue was last asked and answered",
      sort: (it) => it.as_of_us,
      cell: (it) => <Age verdict={verdictOf(it, silent)} />,
    },
    {
      key: "state",
      title: "State",
      width: "minmax(8rem, 1.2fr)",
      words: true,
      sort: (it) => stateOf(it, silent),
      cell: (it) => <State it={it} silent={silent} />,
    },
  ];
}

const Leagues = ({ leagues }: { readonly leagues: Readonly<Record<string, string>> }) => {
  const found = Object.entries(leagues);
  const all = found.map(([what, league]) => `${words(what)}: ${league}`).join(", ");
  return found.length === 0 ? "–" : <span title={all}>{all}</span>;
};

const stateOf = (it: AccountPoints, silent: string): string =>
  !it.available ? "not available" : verdictOf(it, silent).stale ? "stale" : "available";

const TONES = { available: "good", stale: "warn", "not available": "calm" } as const;

const State = ({ it, silent }: { readonly it: AccountPoints; readonly silent: string }) => {
  const word = stateOf(it, silent);
  const why = it.available ? verdictOf(it, silent).reason : it.reason;
  return (
    <>
      <Badge tone={TONES[word as keyof typeof TONES]}>{word}</Badge>
      {why && (
        <span className="ml-1.5 text-sm text-soft" title={why}>
          {why}
        </span>
      )}
    </>
  );
};
