/** The fills of all accounts, the newest first. */
import { useMemo } from "react";
import { accountName } from "@/format/names";
import { FILL_COLUMNS, FILL_FILTERS } from "@/parts/FillColumns";
import { useFilters } from "@/parts/Filters";
import { useAccounts } from "@/parts/TableAccounts";
import { useColumns } from "@/parts/TableColumns";
import { useOrdering } from "@/parts/TableOrder";
import { TablePanel, useRowTargets } from "@/parts/TablePanel";
import { type FillRow, fillKey } from "@/parts/fills";
import { wordsOnce } from "@/parts/filtering";
import { Older } from "./Older";
import { useFills } from "./useFills";

const NEWEST = { key: "time", down: true };

export default function Fills() {
  const accounts = useAccounts();
  const fills = useFills();
  const { known } = accounts;
  const words = useMemo(
    () =>
      wordsOnce<FillRow>((it) =>
        [
          ...[accountName(it), known.get(accountName(it))?.label, it.symbol, it.product, it.side],
          ...[it.liquidity, it.trade_type, it.order_id, it.fill_id, it.client_order_id],
        ].join(" "),
      ),
    [known],
  );
  const filtering = useFilters(fills.rows, FILL_FILTERS, words);
  const ordering = useOrdering("sort", NEWEST);
  const choice = useColumns("fills", FILL_COLUMNS);
  const targets = useRowTargets<FillRow>();
  const concerned = useMemo(() => {
    const [venue, account] = ["venue", "account"].map((it) => filtering.chosen.get(it));
    return [...fills.pasts.keys()].filter(
      (it) => (!venue || it.startsWith(`${venue}:`)) && (!account || it === account),
    );
  }, [fills.pasts, filtering.chosen]);
  return (
    <>
      <h1 className="visually-hidden">Fills</h1>
      <TablePanel
        title="Fills"
        kind="fills"
        hint="A fill is shown as soon as its venue tells of it."
        of={fills}
        rows={filtering.rows}
        rowKey={fillKey}
        arriving
        foot={<Older fills={fills} accounts={concerned} />}
        {...targets}
        {...{ accounts, filtering, ordering, choice }}
      />
    </>
  );
}
