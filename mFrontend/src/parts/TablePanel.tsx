/** A table over all accounts with what belongs to it: search, filters, columns, CSV, states. */
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { accountPath } from "@/app/routes";
import { type OfAccount, accountName } from "@/format/names";
import { count } from "@/format/quantity";
import { CsvButton } from "./CsvButton";
import { type Filtering, Filters } from "./Filters";
import { Panel } from "./Panel";
import { Empty, ErrorState, Loading } from "./States";
import { type Column, Table, type TableProps } from "./Table";
import type { useAccounts } from "./TableAccounts";
import { type OfMarket, bookPath } from "./TableCells";
import { type ColumnChoice, ColumnsButton } from "./TableColumns";
import { Missing } from "./TableMissing";
import type { Ordering } from "./TableOrder";
import type { AccountKind, AccountRows } from "./TableRows";
import { sorted } from "./sorting";

interface Shown<T> {
  readonly title: string;
  readonly kind: AccountKind;
  readonly accounts: ReturnType<typeof useAccounts>;
  readonly of: AccountRows<OfAccount>;
  /** What is drawn: the rows that fit, or what they were grouped to. */
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly ordering: Ordering;
  readonly choice: ColumnChoice<Column<T>>;
  readonly around?: NonNullable<TableProps<T>["around"]>;
  readonly arriving?: boolean;
  readonly toggles?: ReactNode;
  /** Sums of what is shown. */
  readonly sums?: ReactNode;
  readonly foot?: ReactNode;
  /** How rows come, for who sees none. */
  readonly hint: string;
}

interface TablePanelProps<T, R> extends Shown<T> {
  readonly filtering: Filtering<R>;
  readonly onOpen?: (row: T) => void;
  readonly rowShortcuts?: TableProps<T>["rowShortcuts"];
}

export function TablePanel<T, R>(props: TablePanelProps<T, R>) {
  const { kind, of, filtering, choice, ordering, rows, accounts } = props;
  const total = of.rows.length;
  const fitting = filtering.rows.length;
  const shownOf = fitting === total ? count(total) : `${count(fitting)} of ${count(total)}`;
  return (
    <Panel
      className="flex h-[calc(100dvh-8.3rem)] min-h-112 flex-col md:h-[calc(100dvh-4.3rem)]"
      title={`${props.title} (${of.topics.length ? shownOf : "–"})`}
      aside={
        <>
          <Filters filtering={filtering} what={kind} />
          {props.toggles}
          <ColumnsButton choice={choice} />
          <CsvButton
            name={kind}
            columns={choice.columns}
            rows={() => sorted(rows, choice.columns, ordering.order)}
            disabled={rows.length === 0}
          />
        </>
      }
    >
      <Missing kind={kind} accounts={concerned(accounts.query.data ?? [], filtering.chosen)} />
      {props.sums}
      {/* Takes the rest of the screen, so that a search that finds less moves nothing. */}
      <div className="min-h-0 flex-1">
        <Rows {...props} />
      </div>
      {props.foot}
    </Panel>
  );
}

/** Who filters by venue or account is not told of others. */
function concerned<A extends OfAccount>(
  accounts: readonly A[],
  chosen: ReadonlyMap<string, string>,
): readonly A[] {
  const venue = chosen.get("venue");
  const account = chosen.get("account");
  return accounts.filter(
    (it) =>
      (venue === undefined || it.venue === venue) &&
      (account === undefined || accountName(it) === account),
  );
}

function Rows<T, R>(props: TablePanelProps<T, R>) {
  const { kind, of, filtering, accounts, hint } = props;
  const { query } = accounts;
  if (of.topics.length === 0) {
    if (query.error)
      return (
        <ErrorState what={props.title} error={query.error} retry={() => void query.refetch()} />
      );
    if (query.data?.length === 0)
      return (
        <Empty title="No account is configured">
          Accounts are named in the service's environment; see docs/configuration.md.
        </Empty>
      );
    if (query.data?.every((it) => it.as_of_us === null))
      return <Empty title="No account has delivered anything yet">{hint}</Empty>;
    return <Loading what={kind} rows={12} />;
  }
  if (of.rows.length === 0) return <Empty title={`No ${kind}`}>{hint}</Empty>;
  const none = (
    <Empty title={`Of ${count(of.rows.length)} ${kind} none fits`}>
      <button type="button" className="button" onClick={filtering.clear}>
        Show all
      </button>
    </Empty>
  );
  return (
    <Table
      label={props.title}
      rows={props.rows}
      rowKey={props.rowKey}
      columns={props.choice.columns}
      ordering={props.ordering}
      {...(props.around ? { around: props.around } : {})}
      arriving={props.arriving ?? false}
      empty={none}
      height="100%"
      {...(props.onOpen ? { onOpen: props.onOpen } : {})}
      {...(props.rowShortcuts ? { rowShortcuts: props.rowShortcuts } : {})}
    />
  );
}

/** Enter opens the account of the current row, `b` the order book of its market. */
export function useRowTargets<T extends OfAccount & OfMarket>() {
  const [, go] = useLocation();
  return {
    onOpen: (row: T) => go(accountPath(row.venue, row.account)),
    rowShortcuts: [
      { keys: "b", says: "order book of the row's market", run: (row: T) => go(bookPath(row)) },
    ],
  };
}
