/** The positions of all accounts, one by one or added up by market. */
import { useMemo } from "react";
import { useLocation } from "wouter";
import { useChoice } from "@/app/address";
import { accountName } from "@/format/names";
import { useFilters } from "@/parts/Filters";
import { POSITION_COLUMNS, aroundPosition, positionKey } from "@/parts/PositionColumns";
import { useAccounts } from "@/parts/TableAccounts";
import { bookPath } from "@/parts/TableCells";
import { useColumns } from "@/parts/TableColumns";
import { useOrdering } from "@/parts/TableOrder";
import { TablePanel, useRowTargets } from "@/parts/TablePanel";
import { useAccountRows } from "@/parts/TableRows";
import { SHARED_FILTERS } from "@/parts/TableSharedColumns";
import { wordsOnce } from "@/parts/filtering";
import type { Position } from "@/stream/messages";
import { SumsLine } from "./SumsLine";
import { MARKET_COLUMNS, aroundMarket, marketKey } from "./marketColumns";
import { type Market, byMarket } from "./sums";

const GROUPS = ["each", "market"] as const;
const SAYS = { each: "one by one", market: "by market" } as const;
const LARGEST = { key: "notional", down: true };
const LARGEST_MARKET = { key: "gross_notional", down: true };
const HINT = "A position is shown as soon as its venue tells of it.";

export default function Positions() {
  const accounts = useAccounts();
  const of = useAccountRows<Position>("positions");
  const { known } = accounts;
  const words = useMemo(
    () =>
      wordsOnce<Position>(
        (it) =>
          `${accountName(it)} ${known.get(accountName(it))?.label ?? ""} ${it.symbol} ${it.product} ${it.side}`,
      ),
    [known],
  );
  const filtering = useFilters(of.rows, SHARED_FILTERS, words);
  const [group, setGroup] = useChoice("group", GROUPS);
  const common = {
    ...({ title: "Positions", kind: "positions", hint: HINT } as const),
    ...{ accounts, of, filtering },
    toggles: (
      <select
        className="field"
        aria-label="Rows"
        value={group}
        onChange={(event) => setGroup(event.target.value as typeof group)}
      >
        {GROUPS.map((it) => (
          <option key={it} value={it}>
            {SAYS[it]}
          </option>
        ))}
      </select>
    ),
    sums: (
      <SumsLine positions={filtering.rows} settleOf={(it) => known.get(it)?.settle ?? undefined} />
    ),
  };
  return (
    <>
      <h1 className="visually-hidden">Positions</h1>
      {group === "each" ? <Each {...common} /> : <Markets {...common} />}
    </>
  );
}

type Common = Pick<
  Parameters<typeof TablePanel<Position, Position>>[0],
  "title" | "kind" | "hint" | "accounts" | "of" | "filtering" | "toggles" | "sums"
>;

function Each(common: Common) {
  const ordering = useOrdering("sort", LARGEST);
  const choice = useColumns("positions", POSITION_COLUMNS);
  const targets = useRowTargets<Position>();
  const { rows } = common.filtering;
  return (
    <TablePanel
      {...common}
      {...targets}
      {...{ rows, ordering, choice }}
      rowKey={positionKey}
      around={aroundPosition}
    />
  );
}

function Markets(common: Common) {
  const ordering = useOrdering("sort", LARGEST_MARKET);
  const choice = useColumns("markets", MARKET_COLUMNS);
  const [, go] = useLocation();
  const rows = useMemo(() => byMarket(common.filtering.rows), [common.filtering.rows]);
  return (
    <TablePanel<Market, Position>
      {...common}
      {...{ rows, ordering, choice }}
      rowKey={marketKey}
      around={aroundMarket}
      onOpen={(it) => go(bookPath(it))}
    />
  );
}
