/** All accounts on one screen, those that need attention first; missing and stale ones named. */
import { useQuery } from "@tanstack/react-query";
import { memo, useMemo } from "react";
import { Link as To } from "wouter";
import { accountsQuery } from "@/api/queries";
import { useChoice } from "@/app/address";
import { accountPath } from "@/app/routes";
import { compare, percentOf } from "@/format/decimal";
import { Age } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Num, hover } from "@/parts/Number";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { useHeldTopic, useMoving, useTopics, useVerdict, verdictOf } from "@/stream/hooks";
import type { Child, Figures } from "@/stream/messages";
import type { TopicState } from "@/stream/store";
import { type Account, type Attention, attention } from "./attention";

const ORDERS = ["attention", "name", "equity", "margin"] as const;
/** Of this many names the rest is a number. */
const NAMED_MAX = 6;
/** Up to this many accounts there is room for whole names; 80 fit on one screen otherwise. */
const ROOMY_MAX = 24;
const ROOMY = "grid-cols-[repeat(auto-fill,minmax(min(13rem,100%),1fr))]";
const DENSE = "grid-cols-[repeat(auto-fill,minmax(8.9rem,1fr))]";

interface Entry {
  readonly account: Account;
  readonly topic: TopicState;
  readonly figures: Figures | null;
  readonly child: Child | undefined;
  readonly seen: Attention;
}

/** All accounts with what is known of them, sorted; judged with each beat, as age alone can turn. */
function useEntries(accounts: readonly Account[], by: (typeof ORDERS)[number]): readonly Entry[] {
  const topics = useTopics("account:*");
  const children = useHeldTopic("supervision").rows as unknown as readonly Child[];
  const held = useMemo(() => new Map(topics.map((it) => [it.topic, it])), [topics]);
  const reasons = useMoving(() => topics.map((it) => staleReason(it)).join("\n"));
  return useMemo(() => {
    const reasonOf = new Map(reasons.split("\n").map((reason, at) => [topics[at]?.topic, reason]));
    const running = new Map(children.map((it) => [it.actor, it]));
    const entries = accounts.map((account): Entry => {
      const topic = held.get(`account:${account.venue}:${account.account}`) ?? NONE;
      const figures = topic.data as Figures | null;
      const child = running.get(account.actor);
      const known = Boolean(figures?.as_of_us);
      const reason = reasonOf.get(topic.topic) ?? "";
      const look = {
        ratio: figures?.margin_ratio,
        stale: reason !== "",
        staleReason: reason,
        known,
      };
      return { account, topic, figures, child, seen: attention(child, look) };
    });
    return entries.toSorted((a, b) => order(by, a, b) || byName(a, b));
  }, [accounts, topics, held, children, by, reasons]);
}

/** Empty for what is fresh; without the seconds, which would sort all anew twice a second. */
function staleReason(topic: TopicState): string {
  const { stale, reason } = verdictOf(topic);
  return stale ? reason.replaceAll(/ for [\d.]+.*$/g, "") || "stale" : "";
}

const NONE: TopicState = {
  topic: "",
  data: null,
  rows: [],
  asOfUs: null,
  stale: null,
  staleReason: null,
  held: false,
};
const names = new Intl.Collator("en", { numeric: true });
const nameOf = ({ account }: Entry): string => `${account.venue}:${account.account}`;
const byName = (a: Entry, b: Entry): number => names.compare(nameOf(a), nameOf(b));

function order(by: (typeof ORDERS)[number], a: Entry, b: Entry): number {
  if (by === "attention") return b.seen.rank - a.seen.rank;
  if (by === "equity") return compare(b.figures?.equity, a.figures?.equity);
  if (by === "margin") return compare(b.figures?.margin_ratio, a.figures?.margin_ratio);
  return 0;
}

export function AccountsGrid() {
  const accounts = useQuery(accountsQuery);
  const [by, setBy] = useChoice("sort", ORDERS);
  const entries = useEntries(accounts.data ?? NO_ACCOUNTS, by);
  const title = accounts.data ? `Accounts (${accounts.data.length})` : "Accounts";
  return (
    <Panel
      title={title}
      aside={
        <label className="flex items-center gap-2 text-sm text-soft">
          sorted by
          <select
            className="field"
            value={by}
            onChange={(event) => setBy(event.target.value as typeof by)}
          >
            {ORDERS.map((it) => (
              <option key={it}>{it}</option>
            ))}
          </select>
        </label>
      }
    >
      <Troubles entries={entries} />
      {accounts.error && !accounts.data ? (
        <ErrorState what="Accounts" error={accounts.error} retry={() => void accounts.refetch()} />
      ) : !accounts.data ? (
        <Loading what="accounts" rows={6} />
      ) : entries.length === 0 ? (
        <Empty title="No account is configured">
          Accounts are named in the service's environment; see docs/configuration.md.
        </Empty>
      ) : (
        <ul className={`grid gap-1.5 p-2 ${entries.length > ROOMY_MAX ? DENSE : ROOMY}`}>
          {entries.map((it) => (
            <Tile key={nameOf(it)} {...it} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

const MONEY = { digits: 2 };
const NO_ACCOUNTS: readonly Account[] = [];

function Troubles({ entries }: { readonly entries: readonly Entry[] }) {
  const wrong = entries.filter((it) => it.seen.rank >= 60);
  if (wrong.length === 0) return null;
  const named = wrong
    .slice(0, NAMED_MAX)
    .map((it) => `${nameOf(it)} (${it.seen.word})`)
    .join(", ");
  const more = wrong.length - NAMED_MAX;
  return (
    <div className="px-2 pt-2">
      <Stale>
        {named}
        {more > 0 && ` and ${more} more`}
      </Stale>
    </div>
  );
}

const EDGE = { bad: "border-l-bad", warn: "border-l-warn", good: "border-l-good" } as const;

const Tile = memo(function Tile({ account, topic, figures, child, seen }: Entry) {
  const verdict = useVerdict(topic, figures);
  const whose = `${account.venue}:${account.account}`;
  const positions = useHeldTopic(`positions:${whose}`);
  const orders = useHeldTopic(`orders:${whose}`);
  const many = (part: TopicState): string => (part.held ? String(part.rows.length) : "–");
  return (
    <li
      className={`rounded border border-l-3 border-line ${EDGE[seen.tone]} ${seen.rank ? "bg-raised" : "bg-surface"}`}
    >
      <To
        href={accountPath(account.venue, account.account)}
        className="grid grid-cols-1 px-1.5 py-1"
        title={hover(verdict)}
      >
        <span className="flex items-center justify-between gap-1">
          {/* Where it is tight the label goes first, then the venue, never the number. */}
          <span className="flex min-w-0">
            <span className="min-w-5 shrink truncate font-semibold">{account.venue}</span>
            <span className="flex-none font-semibold">:{account.account}</span>
            {account.label && (
              <span className="ml-1 min-w-0 shrink-[99] truncate text-soft">{account.label}</span>
            )}
          </span>
          {seen.rank > 0 && (
            <Badge tone={seen.tone} title={seen.why || child?.reason}>
              {seen.word}
            </Badge>
          )}
        </span>
        <span className="flex items-baseline justify-between gap-1">
          <Num value={figures?.equity} look={MONEY} verdict={verdict} flash />
          <span className="text-sm">
            <Age verdict={verdict} mark={false} />
          </span>
        </span>
        <span className="flex min-h-[1.4em] items-baseline justify-between gap-1 overflow-hidden text-sm whitespace-nowrap text-soft">
          <Num value={figures?.unrealized_pnl} look={MONEY} trend verdict={verdict} mark={false} />
          <span title="margin ratio">{percentOf(figures?.margin_ratio, 0)}</span>
          <span title={`${many(positions)} positions, ${many(orders)} open orders`}>
            {many(positions)}
            <span aria-hidden="true">p</span>
            <span className="visually-hidden"> positions,</span> {many(orders)}
            <span aria-hidden="true">o</span>
            <span className="visually-hidden"> open orders</span>
          </span>
        </span>
      </To>
    </li>
  );
}, sameEntry);

/** Entries are made anew with every change of any account; most of them say the same. */
function sameEntry(a: Entry, b: Entry): boolean {
  return (
    a.topic === b.topic &&
    a.account.label === b.account.label &&
    a.seen.rank === b.seen.rank &&
    a.seen.why === b.seen.why &&
    a.child?.reason === b.child?.reason
  );
}
