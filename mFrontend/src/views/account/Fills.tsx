/** Executions, newest first: those of the stream at once, older ones from history on request. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { api, body } from "@/api/client";
import { retryHistory } from "@/api/history";
import { FILL_COLUMNS } from "@/parts/FillColumns";
import { HistoryProblem } from "@/parts/HistoryProblem";
import { Empty } from "@/parts/States";
import { Table } from "@/parts/Table";
import { picked } from "@/parts/TableColumns";
import { fillKey } from "@/parts/fills";
import { useHeldTopic, useVerdict } from "@/stream/hooks";
import type { Fill } from "@/stream/messages";
import { merged, torn } from "./fills";
import { Section } from "./Section";

const PAGE_ROWS = 500;

const COLUMNS = picked(FILL_COLUMNS, [
  ...["time", "market", "side", "price", "size", "notional", "fee", "liquidity", "type"],
  "order_id",
]);

const useOlder = (account: string) =>
  useInfiniteQuery({
    queryKey: ["history", "trades", account],
    // Asked for by the button: most readers never want them.
    enabled: false,
    retry: retryHistory,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      body(
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
        rowKey={fillKey}
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
