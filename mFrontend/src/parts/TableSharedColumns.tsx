/** The columns that tables over all accounts have in common: whose, where, which side. */
import { type OfAccount, accountName } from "@/format/names";
import type { Column } from "./Table";
import { AccountName, Confirmed, MarketName, type OfMarket, SideWord } from "./TableCells";
import { fields, timeField } from "./csv";
import type { Filter } from "./filtering";

type Sided = OfAccount & OfMarket & { readonly side: string };
type Told = {
  readonly as_of_us: number | null;
  readonly stale: boolean;
  readonly via: string | null;
};

export const SHARED_FILTERS: readonly Filter<Sided>[] = [
  { key: "venue", title: "Venue", value: (it) => it.venue },
  { key: "account", title: "Account", value: accountName },
  { key: "market", title: "Market", value: (it) => it.symbol },
  { key: "side", title: "Side", value: (it) => it.side },
];

export const ACCOUNT: Column<Sided> = {
  key: "account",
  title: "Account",
  width: "7.8rem",
  words: true,
  sort: accountName,
  csv: fields("venue", "account"),
  cell: (it) => <AccountName row={it} />,
};

export const MARKET: Column<Sided> = {
  key: "market",
  title: "Market",
  width: "minmax(5.5rem, 1fr)",
  words: true,
  sort: (it) => it.symbol,
  csv: fields("symbol", "product"),
  cell: (it) => <MarketName row={it} />,
};

export const SIDE: Column<Sided> = {
  key: "side",
  title: "Side",
  width: "4.6rem",
  words: true,
  sort: (it) => it.side,
  csv: fields("side"),
  cell: (it) => <SideWord side={it.side} />,
};

export const CONFIRMED: Column<Told> = {
  key: "confirmed",
  title: "As of",
  width: "4.4rem",
  right: true,
  hint: "When the venue last confirmed it",
  sort: (it) => it.as_of_us,
  csv: [timeField("as_of", (it) => it.as_of_us), ...fields("stale")],
  cell: () => <Confirmed />,
};

export const VIA: Column<Pick<Told, "via">> = {
  key: "via",
  title: "Via",
  width: "6rem",
  words: true,
  hidden: true,
  hint: "Which way brought what is shown: the stream, or polling",
  sort: (it) => it.via,
  csv: fields("via"),
  cell: (it) => <span className="text-soft">{it.via ?? "–"}</span>,
};

/** A name that the venue gave, for who looks something up there. */
export const identifier = <K extends string>(
  key: K,
  title: string,
): Column<Readonly<Record<K, string | null>>> => ({
  key,
  title,
  width: "13rem",
  words: true,
  hidden: true,
  sort: (it) => it[key],
  csv: fields(key),
  cell: (it) => (
    <span className="text-soft" title={it[key] ?? undefined}>
      {it[key] ?? "–"}
    </span>
  ),
});
