/** The rows themselves: stored fills and snapshots of the span, page by page, and as a file. */
import { type InfiniteData, useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { queries } from "@/api/queries";
import { useChoice } from "@/app/address";
import { count } from "@/format/quantity";
import { moment } from "@/format/time";
import { AsOf } from "@/parts/Age";
import { FILL_COLUMNS } from "@/parts/FillColumns";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { type Column, Table } from "@/parts/Table";
import { picked } from "@/parts/TableColumns";
import { type FillRow, fillKey } from "@/parts/fills";
import { useAnswerVerdict } from "@/stream/answer";
import type { Verdict } from "@/stream/verdict";
import { Export } from "./Export";
import { SNAPSHOT_COLUMNS } from "./columns";
import type { Snapshot } from "./curve";
import { PAGE_ROWS, fillPages, snapshotPages } from "./queries";
import { type IntervalChoice, type Range, secondsOf, tableInterval } from "./range";

const KINDS = ["fills", "snapshots"] as const;
const STORED_FILL_COLUMNS = picked(FILL_COLUMNS, [
  ...["time", "market", "side", "price", "size", "notional", "fee", "liquidity", "type"],
]);
const TITLES = { fills: "Fills", snapshots: "Snapshots" } as const;

interface Props {
  readonly account: string;
  readonly range: Range;
  readonly choice: IntervalChoice;
}

export function Stored(props: Props) {
  const [kind, setKind] = useChoice("rows", KINDS);
  const kinds = (
    <div role="group" aria-label="Which rows" className="flex gap-1">
      {KINDS.map((it) => (
        <button
          key={it}
          type="button"
          className="button aria-pressed:border-accent aria-pressed:text-accent"
          aria-pressed={it === kind}
          onClick={() => setKind(it)}
        >
          {TITLES[it]}
        </button>
      ))}
    </div>
  );
  return kind === "fills" ? (
    <Fills {...props} kinds={kinds} />
  ) : (
    <Snapshots {...props} kinds={kinds} />
  );
}

interface KindProps extends Props {
  readonly kinds: ReactNode;
}

function Fills({ account, range, kinds }: KindProps) {
  const options = fillPages(account, range);
  const asked = useInfiniteQuery(options);
  return (
    <Rows<FillRow>
      {...{ account, range, kinds, asked }}
      kind="fills"
      queryKey={options.queryKey}
      interval={null}
      columns={STORED_FILL_COLUMNS}
      rowKey={fillKey}
      rowTitle={(it) => `fill ${it.fill_id}, order ${it.order_id}, by ${it.via}`}
    />
  );
}

function Snapshots({ account, range, choice, kinds }: KindProps) {
  const interval = tableInterval(choice, secondsOf(range));
  const options = snapshotPages(account, range, interval);
  const asked = useInfiniteQuery(options);
  return (
    <Rows<Snapshot>
      {...{ account, range, kinds, asked, interval }}
      kind="snapshots"
      queryKey={options.queryKey}
      columns={SNAPSHOT_COLUMNS}
      rowKey={(it) => String(it.at_us)}
      rowTitle={(it) =>
        it.balances.map((one) => `${one["asset"] ?? ""} ${one["total"] ?? "–"}`).join("\n")
      }
    />
  );
}

interface Page<T> {
  readonly items: readonly T[];
  readonly fromUs: number;
  readonly toUs: number;
  readonly askedUs: number;
}

interface RowsProps<T> {
  readonly account: string;
  readonly range: Range;
  readonly kinds: ReactNode;
  readonly kind: (typeof KINDS)[number];
  readonly interval: ReturnType<typeof tableInterval>;
  readonly queryKey: readonly unknown[];
  readonly columns: readonly Column<T>[];
  readonly rowKey: (row: T) => string;
  readonly rowTitle: (row: T) => string;
  readonly asked: {
    readonly data: InfiniteData<Page<T>, unknown> | undefined;
    readonly error: Error | null;
    readonly hasNextPage: boolean;
    readonly isFetching: boolean;
    readonly fetchNextPage: () => Promise<unknown>;
    readonly refetch: () => Promise<unknown>;
  };
}

function Rows<T>(props: RowsProps<T>) {
  const { asked, kind, account, range } = props;
  const pages = asked.data?.pages;
  const first = pages?.[0];
  const rows = useMemo(() => pages?.flatMap((page) => page.items) ?? [], [pages]);
  const columns = useMemo(
    () => (asked.hasNextPage ? props.columns.map(unsortable) : props.columns),
    [props.columns, asked.hasNextPage],
  );
  const verdict = useAnswerVerdict(
    { error: asked.error, askedUs: first?.askedUs },
    range.kind === "own" || (pages?.length ?? 0) > 1,
  );
  return (
    <Panel
      title={TITLES[kind]}
      aside={<Actions {...props} verdict={verdict} empty={rows.length === 0} />}
    >
      {verdict.stale && <Stale>Not asked anew: {verdict.reason}</Stale>}
      {asked.error && !first ? (
        <ErrorState what={TITLES[kind]} error={asked.error} retry={() => void asked.refetch()} />
      ) : !first ? (
        <Loading what={kind} rows={10} />
      ) : (
        <>
          <Table
            label={`Stored ${kind} of ${account}`}
            rows={rows}
            rowKey={props.rowKey}
            rowTitle={props.rowTitle}
            columns={columns}
            height="26rem"
            empty={
              <Empty title={`No ${kind} in this span`}>
                {moment(first.fromUs)} to {moment(first.toUs)}. Perhaps another span has some.
              </Empty>
            }
          />
          {rows.length > 0 && <Foot {...props} shown={rows.length} />}
        </>
      )}
    </Panel>
  );
}

interface ActionsProps<T> extends RowsProps<T> {
  readonly verdict: Verdict;
  readonly empty: boolean;
}

function Actions<T>(props: ActionsProps<T>) {
  const { asked, kind, account, range, interval, queryKey } = props;
  return (
    <>
      {props.kinds}
      <AsOf verdict={props.verdict} />
      {range.kind === "last" && (
        <button
          type="button"
          className="button"
          disabled={asked.isFetching}
          onClick={() => readAnew(queryKey, asked.refetch)}
        >
          Refresh
        </button>
      )}
      <Export
        key={`${kind} ${account}`}
        {...{ kind, account, range, interval }}
        disabled={props.empty}
      />
    </>
  );
}

/** Sorting what is loaded alone would look like an order of the whole. */
function unsortable<T>(column: Column<T>): Column<T> {
  const { sort: _sort, ...rest } = column;
  return rest;
}

/** Back to the first page of a span that ends now. */
function readAnew(queryKey: readonly unknown[], refetch: () => Promise<unknown>): void {
  queries.setQueryData<InfiniteData<unknown>>(
    queryKey,
    (held) =>
      held && { pages: held.pages.slice(0, 1), pageParams: held.pageParams.slice(0, 1) },
  );
  void refetch();
}

function Foot<T>({ asked, kind, shown }: RowsProps<T> & { readonly shown: number }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-2 border-t border-line px-3 py-1.5 text-sm text-soft">
      <span role="status">
        {asked.hasNextPage
          ? `The newest ${count(shown)} ${kind}; sorting works once all are loaded`
          : `All ${count(shown)} ${kind} of the span`}
      </span>
      {asked.hasNextPage && (
        <button
          type="button"
          className="button"
          disabled={asked.isFetching}
          onClick={() => void asked.fetchNextPage()}
        >
          {asked.isFetching ? "Loading …" : `Load ${PAGE_ROWS} older`}
        </button>
      )}
    </div>
  );
}
