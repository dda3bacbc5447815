/** What cells of tables over all accounts are made of. */
import { type ReactNode, createContext, use } from "react";
import { Link as To } from "wouter";
import { accountPath } from "@/app/routes";
import type { Look } from "@/format/decimal";
import { type OfAccount, accountName } from "@/format/names";
import { moment, utc } from "@/format/time";
import { useAge, useHeldTopic, useVerdict } from "@/stream/hooks";
import type { Fresh } from "@/stream/messages";
import type { Verdict } from "@/stream/verdict";
import { Age } from "./Age";
import { Num, StaleMark, hover } from "./Number";
import { type AccountKind, topicOf } from "./TableRows";

/** The verdict on the row that a cell belongs to. */
const RowVerdict = createContext<Verdict | undefined>(undefined);

export const Judged = ({
  verdict,
  children,
}: {
  readonly verdict: Verdict;
  readonly children: ReactNode;
}) => <RowVerdict value={verdict}>{children}</RowVerdict>;

/** Judges a row by its account's topic, for all of its cells at once. */
export function JudgedRow({
  kind,
  row,
  children,
}: {
  readonly kind: AccountKind;
  readonly row: OfAccount & Fresh;
  readonly children: ReactNode;
}) {
  const verdict = useVerdict(useHeldTopic(topicOf(kind, row)), row);
  return <Judged verdict={verdict}>{children}</Judged>;
}

export interface FigureProps {
  readonly value: string | null | undefined;
  readonly look?: Look;
  readonly unit?: string | undefined;
  readonly trend?: boolean;
  readonly flash?: boolean;
}

/** Of what is stale, for cells that are no plain number. */
export const useStaleClass = (): string => (use(RowVerdict)?.stale ? "stale" : "");

/** A number of the row; the row's first cell carries the mark of what is stale. */
export function Figure({ unit, ...rest }: FigureProps) {
  return <Num {...rest} {...(unit ? { unit } : {})} verdict={use(RowVerdict)} mark={false} />;
}

/** The mark of a stale row, beside what names it. */
export const StaleSign = () => (use(RowVerdict)?.stale ? <StaleMark /> : null);

/** When the venue last confirmed the row. */
export function Confirmed() {
  const verdict = use(RowVerdict);
  return verdict ? <Age verdict={verdict} /> : null;
}

/** How long ago something began, in one unit; the moment itself on hover. */
export function Ago({ us }: { readonly us: number | null | undefined }) {
  const text = useAge(us);
  return <span title={us ? `${moment(us)} (${utc(us)})` : undefined}>{text}</span>;
}

/** Links are reached by Enter and letters on the current row: Tab passes a table quickly. */
export const RowLink = ({
  href,
  children,
  title,
}: {
  readonly href: string;
  readonly children: ReactNode;
  readonly title?: string | undefined;
}) => (
  <To
    href={href}
    tabIndex={-1}
    title={title}
    className="min-w-0 truncate decoration-edge underline-offset-3 hover:underline"
  >
    {children}
  </To>
);

/** The account's name, with the mark of staleness: it leads every row. */
export function AccountName({ row, label }: { readonly row: OfAccount; readonly label?: string }) {
  const verdict = use(RowVerdict);
  return (
    <span className="flex min-w-0 items-center" title={hover(verdict, label)}>
      <RowLink href={accountPath(row.venue, row.account)}>{accountName(row)}</RowLink>
      <StaleSign />
    </span>
  );
}

export interface OfMarket {
  readonly venue: string;
  readonly product: string;
  readonly symbol: string;
}

export const bookPath = ({ venue, product, symbol }: OfMarket): string =>
  `/books?markets=${encodeURIComponent(`orderbook:${venue}:${product}:${symbol}`)}`;

export const MarketName = ({ row }: { readonly row: OfMarket }) => (
  <RowLink href={bookPath(row)} title={`${row.venue} ${row.product} ${row.symbol}: order book`}>
    {row.symbol}
  </RowLink>
);

const UP: ReadonlySet<string> = new Set(["buy", "long"]);
const DOWN: ReadonlySet<string> = new Set(["sell", "short"]);

/** The side in a word, with colour and a sign that is not colour. */
export const SideWord = ({ side }: { readonly side: string }) => {
  const [colour, cue] = UP.has(side)
    ? ["text-up", "▲"]
    : DOWN.has(side)
      ? ["text-down", "▼"]
      : ["text-soft", ""];
  return (
    <span className={colour}>
      {cue && (
        <span aria-hidden="true" className="mr-1 text-[0.7em]">
          {cue}
        </span>
      )}
      {side}
    </span>
  );
};
