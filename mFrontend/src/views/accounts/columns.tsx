/** The columns of the list of accounts; each number is judged by its own account. */
import { Link as To } from "wouter";
import { accountPath } from "@/app/routes";
import { type Look, NOTHING } from "@/format/decimal";
import { Age } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { MarginMeter } from "@/parts/MarginMeter";
import { Num } from "@/parts/Number";
import type { Column } from "@/parts/Table";
import { Via } from "@/parts/Via";
import { useHeldTopic, useVerdict } from "@/stream/hooks";
import type { Verdict } from "@/stream/verdict";
import type { Entry } from "./entries";

const MONEY: Look = { digits: 2 };
const TIMES: Look = { digits: 2 };

const useEntryVerdict = ({ name, figures }: Entry): Verdict =>
  useVerdict(useHeldTopic(`account:${name}`), figures);

interface MoneyProps {
  readonly of: Entry;
  readonly value: string | null | undefined;
  readonly look?: Look;
  readonly unit?: string;
  readonly trend?: boolean;
}

/** The age in the last column carries the mark of staleness. */
const Figure = ({ of, value, look = MONEY, ...more }: MoneyProps) => (
  <Num value={value} look={look} verdict={useEntryVerdict(of)} mark={false} {...more} />
);
const Meter = ({ of }: { readonly of: Entry }) => (
  <MarginMeter ratio={of.figures?.margin_ratio} verdict={useEntryVerdict(of)} />
);
const AgeOf = ({ of }: { readonly of: Entry }) => <Age verdict={useEntryVerdict(of)} />;

function Many({ of, value }: { readonly of: Entry; readonly value: number | null }) {
  const { stale } = useEntryVerdict(of);
  return <span className={stale ? "stale" : value ? "" : "text-faint"}>{value ?? NOTHING}</span>;
}

export const COLUMNS: readonly Column<Entry>[] = [
  {
    key: "account",
    title: "Account",
    words: true,
    width: "minmax(8.5rem, 1fr)",
    sort: (it) => it.name,
    cell: (it) => (
      <To
        href={accountPath(it.account.venue, it.account.account)}
        className="flex h-[1.4em] min-w-0 flex-wrap overflow-hidden hover:underline"
        tabIndex={-1}
        title={`${it.name} ${it.account.label}`}
      >
        {/* The label shows whole or, wrapped out of sight, not at all. */}
        <span className="mr-2 font-semibold">{it.name}</span>
        {it.account.label && <span className="text-soft">{it.account.label}</span>}
      </To>
    ),
  },
  {
    key: "state",
    title: "State",
    width: "7.2rem",
    hint: "Sorted by how much it needs attention",
    sort: (it) => it.seen.rank,
    cell: (it) => (
      <Badge tone={it.seen.tone} title={it.seen.why || it.account.reason}>
        {it.seen.word}
      </Badge>
    ),
  },
  {
    key: "equity",
    title: "Equity",
    right: true,
    width: "9.5rem",
    sort: (it) => it.figures?.equity,
    cell: (it) => <Figure of={it} value={it.figures?.equity} unit={it.figures?.settle ?? ""} />,
  },
  {
    key: "free",
    title: "Free",
    right: true,
    width: "8rem",
    sort: (it) => it.figures?.free,
    cell: (it) => <Figure of={it} value={it.figures?.free} />,
  },
  {
    key: "margin",
    title: "Margin ratio",
    width: "12rem",
    hint: "Maintenance margin of equity, with lines at 70, 80, 90 and 95 %",
    sort: (it) => it.figures?.margin_ratio,
    cell: (it) => <Meter of={it} />,
  },
  {
    key: "leverage",
    title: "Leverage",
    right: true,
    width: "5.5rem",
    hint: "Exposure of equity",
    sort: (it) => it.figures?.leverage,
    cell: (it) => <Figure of={it} value={it.figures?.leverage} look={TIMES} unit="×" />,
  },
  {
    key: "pnl",
    title: "Unrealised PnL",
    right: true,
    width: "8rem",
    sort: (it) => it.figures?.unrealized_pnl,
    cell: (it) => <Figure of={it} value={it.figures?.unrealized_pnl} trend />,
  },
  {
    key: "positions",
    title: "Positions",
    right: true,
    width: "5.5rem",
    sort: (it) => it.positions,
    cell: (it) => <Many of={it} value={it.positions} />,
  },
  {
    key: "orders",
    title: "Orders",
    right: true,
    width: "5rem",
    hint: "Open orders",
    sort: (it) => it.orders,
    cell: (it) => <Many of={it} value={it.orders} />,
  },
  {
    key: "via",
    title: "Via",
    width: "3.2rem",
    hint: "⚡ the venue's stream, ⟳ polling, ○ neither",
    cell: (it) => <Via road={it.road} short />,
  },
  {
    key: "age",
    title: "As of",
    right: true,
    width: "4rem",
    hint: "Since the venue last confirmed the figures",
    sort: (it) => it.figures?.as_of_us,
    cell: (it) => <AgeOf of={it} />,
  },
];
