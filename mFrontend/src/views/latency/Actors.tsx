/** All actors by how long their data take, the slowest first; a row chooses whose way is shown. */
import { count } from "@/format/quantity";
import { Empty } from "@/parts/States";
import { type Column, Table } from "@/parts/Table";
import type { Row } from "./legs";
import { Spread } from "./Spread";
import { Took } from "./Waterfall";

const took = (
  key: string,
  title: string,
  hint: string,
  read: (row: Row) => number | null,
): Column<Row> => ({
  key,
  title,
  hint,
  right: true,
  width: "minmax(5.6rem, 0.7fr)",
  sort: read,
  cell: (row) => {
    const ms = read(row);
    return ms === null ? <span className="text-faint">–</span> : <Took ms={ms} />;
  },
});

const COLUMNS: readonly Column<Row>[] = [
  {
    key: "actor",
    title: "actor",
    width: "minmax(min(20.5rem, 44vw), 2fr)",
    sort: (row) => row.actor,
    words: true,
    cell: (row) => <span title={row.actor}>{row.actor}</span>,
  },
  took("slowest", "p99, both", "p99 of both legs added", (row) => row.slowestMs),
  {
    key: "spread",
    title: "venue → actor, 0.1 ms … 10 s",
    hint: "From p50 over p99 to max, each decade as wide as the other",
    width: "minmax(11rem, 1.6fr)",
    cell: (row) => <Spread figures={row.fromVenue} />,
  },
  took("venue50", "venue p50", "venue → actor: half took no longer", (it) => it.fromVenue.p50_ms),
  took("venue90", "p90", "venue → actor: nine of ten took no longer", (it) => it.fromVenue.p90_ms),
  took("venue99", "p99", "venue → actor: 99 of 100 took no longer", (it) => it.fromVenue.p99_ms),
  took("venueMax", "max", "venue → actor: the longest one", (it) => it.fromVenue.max_ms),
  took("cache50", "cache p50", "actor → cache: half took no longer", (it) => it.toCache.p50_ms),
  took("cache99", "p99", "actor → cache: 99 of 100 took no longer", (it) => it.toCache.p99_ms),
  took("cacheMax", "max", "actor → cache: the longest one", (it) => it.toCache.max_ms),
  {
    key: "count",
    title: "count",
    hint: "How many messages were measured on the way to the cache",
    right: true,
    width: "minmax(4.6rem, 0.6fr)",
    sort: (row) => row.toCache.count,
    cell: (row) => count(row.toCache.count),
  },
];

const SLOWEST_FIRST = { key: "slowest", down: true };

interface ActorsProps {
  readonly rows: readonly Row[];
  readonly onOpen: (row: Row) => void;
}

export const Actors = ({ rows, onOpen }: ActorsProps) => (
  <Table
    label="Latency by actor"
    rows={rows}
    rowKey={(row) => row.actor}
    columns={COLUMNS}
    first={SLOWEST_FIRST}
    onOpen={onOpen}
    height="36rem"
    empty={
      <Empty title="No actor fits">
        An actor is here once it has sent something within 15 minutes.
      </Empty>
    }
  />
);
