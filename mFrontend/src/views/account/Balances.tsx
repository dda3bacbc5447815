/** What the account has of each asset. */
import { useMemo } from "react";
import { Empty } from "@/parts/States";
import { type Column, Table } from "@/parts/Table";
import { Figure, Judged } from "@/parts/TableCells";
import { useHeldTopic, useVerdict } from "@/stream/hooks";
import type { Figures } from "@/stream/messages";
import { Section } from "./Section";

type Balance = Figures["balances"][number];

const SIZE = { digitsMax: 8 };
const MONEY = { digits: 2 };

const COLUMNS: readonly Column<Balance>[] = [
  {
    key: "asset",
    title: "Asset",
    words: true,
    width: "minmax(4rem, 1fr)",
    sort: (it) => it.asset,
    cell: (it) => <span className="font-semibold">{it.asset}</span>,
  },
  {
    key: "total",
    title: "Total",
    right: true,
    width: "9.5rem",
    sort: (it) => it.total,
    cell: (it) => <Figure value={it.total} look={SIZE} />,
  },
  {
    key: "free",
    title: "Free",
    right: true,
    width: "9.5rem",
    sort: (it) => it.free,
    cell: (it) => <Figure value={it.free} look={SIZE} />,
  },
  {
    key: "locked",
    title: "Locked",
    right: true,
    width: "6rem",
    sort: (it) => it.locked,
    cell: (it) => <Figure value={it.locked} look={SIZE} />,
  },
  {
    key: "usd",
    title: "In USD",
    right: true,
    width: "7rem",
    hint: "Where the venue tells what it is worth",
    sort: (it) => it.value_usd,
    cell: (it) => <Figure value={it.value_usd} look={MONEY} />,
  },
];

/** Columns of which the venue tells nothing would only make the others narrow. */
const columnsOf = (rows: readonly Balance[]): readonly Column<Balance>[] =>
  COLUMNS.filter(
    (it) =>
      (it.key !== "locked" || rows.some((row) => row.locked !== null)) &&
      (it.key !== "usd" || rows.some((row) => row.value_usd !== null)),
  );

const NO_ROWS: readonly Balance[] = [];

export function Balances({ account }: { readonly account: string }) {
  const topic = useHeldTopic(`account:${account}`);
  const figures = topic.data as Figures | null;
  const verdict = useVerdict(topic, figures);
  const rows = figures?.balances ?? NO_ROWS;
  const columns = useMemo(() => columnsOf(rows), [rows]);
  return (
    <Section
      name="balances"
      topic={topic}
      verdict={verdict}
      many={rows.length}
      empty={<Empty title="No balances">What the account has of each asset stands here.</Empty>}
    >
      <Judged verdict={verdict}>
        <Table
          label="Balances"
          rows={rows}
          rowKey={(it) => it.asset}
          columns={columns}
          height="20rem"
          empty={null}
        />
      </Judged>
    </Section>
  );
}
