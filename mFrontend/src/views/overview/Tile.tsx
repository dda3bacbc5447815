/** One account of the overview: where it stands in three lines. */
import { memo } from "react";
import { Link as To } from "wouter";
import { accountPath } from "@/app/routes";
import { percentOf } from "@/format/decimal";
import type { AccountEntry } from "@/parts/AccountEntries";
import { Age } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Num, hover } from "@/parts/Number";
import type { Attention } from "@/parts/attention";
import { useHeldTopic, useVerdict } from "@/stream/hooks";
import type { TopicState } from "@/stream/store";

const MONEY = { digits: 2 };
const EDGE = { bad: "border-l-bad", warn: "border-l-warn", good: "border-l-good" } as const;

interface TileProps {
  readonly entry: AccountEntry;
  /** `dense` has no room for a word beside the name, `wide` takes two places. */
  readonly room: "roomy" | "wide" | "dense";
}

/** On a phone there is room below rather than beside. */
function spanOf(room: TileProps["room"], wrong: boolean): string {
  if (room === "wide") return "col-span-2";
  return room === "roomy" && wrong ? "max-sm:col-span-2" : "";
}

export const Tile = memo(function Tile({ entry, room }: TileProps) {
  const { name, account, figures, seen } = entry;
  const verdict = useVerdict(useHeldTopic(`account:${name}`), figures);
  return (
    <li
      className={`rounded border border-l-3 border-line ${EDGE[seen.tone]} ${seen.rank ? "bg-raised" : "bg-surface"} ${spanOf(room, seen.rank > 0)}`}
    >
      <To
        href={accountPath(account.venue, account.account)}
        className={`grid grid-cols-1 px-1.5 ${room === "roomy" ? "py-1" : "py-0.5"}`}
        title={[`${name} ${account.label}`.trim(), hover(verdict)].filter(Boolean).join("\n")}
      >
        <span className="flex items-center justify-between gap-1">
          {/* The name is never cut; the label shows whole or, wrapped out of sight, not at all. */}
          <span className="flex h-[1.4em] min-w-0 flex-wrap overflow-hidden">
            <span className="mr-1 font-semibold">{name}</span>
            {account.label && <span className="text-soft">{account.label}</span>}
          </span>
          {seen.rank > 0 && <Trouble seen={seen} why={account.reason} word={room !== "dense"} />}
        </span>
        <span className="flex items-baseline justify-between gap-1">
          <Num value={figures?.equity} look={MONEY} verdict={verdict} flash={room === "roomy"} />
          <span className="text-sm">
            <Age verdict={verdict} mark={false} />
          </span>
        </span>
        <span className="flex min-h-[1.4em] items-baseline justify-between gap-1 overflow-hidden text-sm whitespace-nowrap text-soft">
          <Num value={figures?.unrealized_pnl} look={MONEY} trend verdict={verdict} mark={false} />
          <span title="margin ratio" className={verdict.stale ? "stale" : ""}>
            {percentOf(figures?.margin_ratio, 0)}
          </span>
          <Counts whose={name} stale={verdict.stale} />
        </span>
      </To>
    </li>
  );
});

/** Without room for its word the sign stands alone; a screen reader is told the word as well. */
const Trouble = ({
  seen,
  why,
  word,
}: {
  readonly seen: Attention;
  readonly why: string | undefined;
  readonly word: boolean;
}) => (
  <Badge tone={seen.tone} title={[seen.word, seen.why || why].filter(Boolean).join(": ")}>
    <span className={word ? "" : "visually-hidden"}>{seen.word}</span>
  </Badge>
);

function Counts({ whose, stale }: { readonly whose: string; readonly stale: boolean }) {
  const positions = useHeldTopic(`positions:${whose}`);
  const orders = useHeldTopic(`orders:${whose}`);
  const many = (part: TopicState): string => (part.held ? String(part.rows.length) : "–");
  return (
    <span
      title={`${many(positions)} positions, ${many(orders)} open orders`}
      className={stale ? "stale" : ""}
    >
      {many(positions)}
      <span aria-hidden="true">p</span>
      <span className="visually-hidden"> positions,</span> {many(orders)}
      <span aria-hidden="true">o</span>
      <span className="visually-hidden"> open orders</span>
    </span>
  );
}
