/** What the account holds. */
import { POSITION_COLUMNS, aroundPosition, positionKey } from "@/parts/PositionColumns";
import { Empty } from "@/parts/States";
import { Table } from "@/parts/Table";
import { picked } from "@/parts/TableColumns";
import { useHeldTopic, useVerdict } from "@/stream/hooks";
import type { Position } from "@/stream/messages";
import { Section } from "./Section";

const COLUMNS = picked(POSITION_COLUMNS, [
  ...["market", "side", "size", "notional", "unrealised", "entry", "mark", "liquidation"],
  ...["distance", "realised", "margin", "leverage", "opened", "confirmed"],
]);

export function Positions({ account }: { readonly account: string }) {
  const topic = useHeldTopic(`positions:${account}`);
  const verdict = useVerdict(topic);
  const rows = topic.rows as unknown as readonly Position[];
  return (
    <Section
      name="positions"
      topic={topic}
      verdict={verdict}
      many={rows.length}
      empty={<Empty title="No open positions">What the account holds stands here, live.</Empty>}
    >
      <Table
        label="Positions"
        rows={rows}
        rowKey={positionKey}
        columns={COLUMNS}
        around={aroundPosition}
        first={{ key: "notional", down: true }}
        height="40vh"
        empty={null}
      />
    </Section>
  );
}
