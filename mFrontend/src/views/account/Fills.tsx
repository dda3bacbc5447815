/** Executions, newest first: those of the stream at once, older ones from history on request. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { api } from "@/api/client";
import { Time } from "@/parts/Age";
import { Num } from "@/parts/Number";
import { Empty } from "@/parts/States";
import { type Column, Table } from "@/parts/Table";
import { MARKET, SIDE } from "@/parts/TableSharedColumns";
import { useHeldTopic, useVerdict } from "@/stream/hooks";
import type { Fill } from "@/stream/messages";
import { type FillRow, merged, torn } from "./fills";
import { HistoryProblem } from "./HistoryProblem";
import { retryHistory, trades } from "./history";
import { Section } from "./Section";
import { worded } from "./terms";

const PAGE_ROWS = 500;
const MONEY = { digits: 2 };
const EXACT = { digitsMax: 10 };
const FEE = { digitsMax: 6 };

const COLUMNS: readonly Column<FillRow>[] = [
  {
    key: "at",
    title: "Time",
    width: "10.5rem",
    sort: (it) => it.atUs,
    cell: (it) => <Time us={it.atUs} />,
  },
  { ...MARKET, width: "minmax(7rem, 1.2fr)" },
  SIDE,
  {
    key: "price",
    title: "Price",
    right: true,
    width: "minmax(6.5rem, 1fr)",
    sort: (it) => it.price,
    cell: (it) => <Num value={it.price} look={EXACT} />,
  },
  {
    key: "size",
    title: "Size",
    right: true,
    sort: (it) => it.quantity,
    cell: (it) => <Num value={it.quantity} look={EXACT} />,
  },
  {
    key: "notional",
    title: "Notional",
    right: true,
    width: "minmax(6.5rem, 1fr)",
    sort: (it) => it.notional,
    cell: (it) => <Num value={it.notional} look={MONEY} />,
  },
  {
    key: "fee",
    title: "Fee",
    right: true,
    width: "minmax(7.5rem, 1fr)",
    hint: "Above zero: paid",
    sort: (it) => it.fee,
    cell: (it) => <Num value={it.fee} look={FEE} unit={it.feeAsset ?? ""} />,
  },
  {
    key: "liquidity",
    title: "Role",
    words: true,
    width: "5rem",
    hint: "Maker or taker",
    sort: (it) => it.liquidity,
    cell: (it) => it.liquidity,
  },
  {
    key: "type",
    title: "Type",
    words: true,
    width: "6rem",
    sort: (it) => it.type,
    cell: (it) => <span className="text-soft">{worded(it.type)}</span>,
  },
  {
    key: "order",
    title: "Order",
    words: true,
    width: "minmax(7rem, 1fr)",
    sort: (it) => it.orderId,
    cell: (it) => (
      <span className="text-soft" title={`order id ${it.orderId}\nfill id ${it.id}`}>
        {it.orderId}
      </span>
    ),
  },
];

const useOlder = (account: string) =>
  useInfiniteQuery({
    queryKey: ["history", "trades", account],
    // Asked for by the button: most readers never want them.
    enabled: false,
    retry: retryHistory,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      trades(
        api.GET("/api/history/trades/{index}", {
          params: {
            path: { index: account },
            query: { limit: PAGE_ROWS, ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
  });

export function Fills({ account }: { readonly account: string }) {
  const topic = useHeldTopic(`fills:${account}`);
  const verdict = useVerdict(useHeldTopic(`account:${account}`));
  const live = topic.rows as unknown as readonly Fill[];
  const { data, error, isFetching, hasNextPage, fetchNextPage, refetch } = useOlder(account);
  const stored = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const rows = useMemo(() => merged(live, stored), [live, stored]);
  const hole = torn(live, stored);
  useEffect(() => {
    if (hole && !isFetching && !error) void refetch();
  }, [hole, isFetching, error, refetch]);
  const older = (): void => void (data ? fetchNextPage() : refetch());
  return (
    <Section
      name="fills"
      topic={topic}
      verdict={verdict}
      many={rows.length}
      empty={
        <Empty title="No fills yet">
          Executions stand here as they happen, newest first.
          <Older all={false} busy={isFetching} onOlder={older} />
        </Empty>
      }
    >
      <Table
        label="Fills"
        rows={rows}
        rowKey={(it) => it.id}
        columns={COLUMNS}
        arriving
        height="26rem"
        empty={null}
      />
      <div className="border-t border-line p-2">
        {error ? (
          <HistoryProblem what="Older fills" error={error} retry={older} />
        ) : (
          <Older all={data !== undefined && !hasNextPage} busy={isFetching} onOlder={older} />
        )}
      </div>
    </Section>
  );
}

interface OlderProps {
  readonly all: boolean;
  readonly busy: boolean;
  readonly onOlder: () => void;
}

const Older = ({ all, busy, onOlder }: OlderProps) =>
  all ? (
    <p className="px-1 text-sm text-soft">That is all that history has.</p>
  ) : (
    <button type="button" className="button" disabled={busy} onClick={onOlder}>
      {busy ? "Reading history…" : "Older fills from history"}
    </button>
  );
