/** One account: what it is worth, holds and does, how it fares, and what the venue sends. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link as To, useParams } from "wouter";
import { accountsQuery } from "@/api/queries";
import { accountPath } from "@/app/routes";
import { accountName } from "@/format/names";
import { Countdown } from "@/parts/Age";
import { Frames } from "@/parts/Frames";
import { Panel } from "@/parts/Panel";
import { ErrorState, Loading, Stale } from "@/parts/States";
import { isPaused, roadOf } from "@/parts/Via";
import { type Account, attention, laneTrouble } from "@/parts/attention";
import { useHeldTopic, useVerdict, useWant } from "@/stream/hooks";
import type { Child, Connection, Figures as Held } from "@/stream/messages";
import { Balances } from "./Balances";
import { Curve } from "./Curve";
import { Figures } from "./Figures";
import { Fills } from "./Fills";
import { Head } from "./Head";
import { Lanes } from "./Lanes";
import { Orders } from "./Orders";
import { Points } from "./Points";
import { Positions } from "./Positions";
import { Process } from "./Process";
import { Anchor, Contents, NeverDelivered } from "./Section";
import { Statistics } from "./Statistics";
import { decoded, found } from "./found";

export default function View() {
  const asked = decoded(useParams<{ account: string }>().account);
  const accounts = useQuery(accountsQuery);
  if (!accounts.data)
    return (
      <>
        <h1>{asked}</h1>
        <div className="panel">
          {accounts.error ? (
            <ErrorState what={asked} error={accounts.error} retry={() => void accounts.refetch()} />
          ) : (
            <Loading what={asked} rows={12} />
          )}
        </div>
      </>
    );
  const result = found(accounts.data, asked);
  if (result.kind !== "one")
    return (
      <>
        <h1>{asked}</h1>
        <NotOne
          asked={asked}
          several={result.kind === "several"}
          candidates={result.kind === "several" ? result.candidates : accounts.data}
        />
      </>
    );
  const { account } = result;
  return <Page key={accountName(account)} account={account} accounts={accounts.data} />;
}

interface NotOneProps {
  readonly asked: string;
  readonly several: boolean;
  readonly candidates: readonly Account[];
}

/** An address that fits no account, or more than one: those that there are. */
const NotOne = ({ asked, several, candidates }: NotOneProps) => (
  <Panel title={several ? "Several accounts fit" : "There is no such account"}>
    <div className="grid gap-3 p-3">
      <p className="text-soft">
        {several
          ? `“${asked}” fits each of these; choose one.`
          : `The service has no account “${asked}”. It has ${candidates.length === 0 ? "none at all" : "these"}:`}
      </p>
      <ul className="flex flex-wrap gap-2">
        {candidates.map((it) => (
          <li key={accountName(it)}>
            <To href={accountPath(it.venue, it.account)} className="button">
              {accountName(it)} <span className="text-soft">{it.label}</span>
            </To>
          </li>
        ))}
      </ul>
    </div>
  </Panel>
);

interface PageProps {
  readonly account: Account;
  readonly accounts: readonly Account[];
}

function Page({ account, accounts }: PageProps) {
  const name = accountName(account);
  const wanted = useMemo(
    () => [
      ...["account", "positions", "orders", "fills"].map((kind) => `${kind}:${name}`),
      "connections",
      "supervision",
      "points",
    ],
    [name],
  );
  useWant(wanted);
  const topic = useHeldTopic(`account:${name}`);
  const figures = topic.data as Held | null;
  const verdict = useVerdict(topic, figures);
  const children = useHeldTopic("supervision");
  const child = (children.rows as unknown as readonly Child[]).find(
    (it) => it.actor === account.actor,
  );
  const lanes = useHeldTopic("connections").rows as unknown as readonly Connection[];
  const own = lanes.filter((it) => it.actor === account.actor);
  const road = verdict.stale ? "none" : roadOf(own, child);
  const seen = attention(child ?? account, {
    ratio: figures?.margin_ratio,
    stale: verdict.stale,
    staleReason: verdict.reason,
    known: verdict.asOfUs !== null,
    paused: isPaused(own),
    lane: laneTrouble(own),
  });
  const why = seen.why || child?.reason || account.reason;
  return (
    <NeverDelivered value={account.as_of_us === null}>
      <Head account={account} accounts={accounts} road={road} verdict={verdict} seen={seen} />
      {(topic.held || account.as_of_us === null) && seen.rank > 0 && (
        <Trouble seen={seen.word} why={why} known={verdict.asOfUs !== null} child={child} />
      )}
      <Contents />
      <Anchor name="figures">
        <Figures figures={figures} verdict={verdict} />
      </Anchor>
      <div className="grid gap-3 xl:grid-cols-[minmax(0,5fr)_minmax(0,3fr)]">
        <Curve account={name} />
        <Balances account={name} />
      </div>
      <Positions account={name} />
      <Orders account={name} />
      <Fills account={name} />
      <div className="grid gap-3 xl:grid-cols-[minmax(0,5fr)_minmax(0,3fr)]">
        <Statistics account={name} />
        <Points account={account} />
        <Lanes actor={account.actor} child={child} />
        <Process actor={account.actor} />
      </div>
      <Anchor name="frames">
        <Panel title="Raw frames">
          <Frames actor={account.actor} />
        </Panel>
      </Anchor>
    </NeverDelivered>
  );
}

interface TroubleProps {
  readonly seen: string;
  readonly why: string;
  readonly known: boolean;
  readonly child: Child | undefined;
}

/** What is wrong, why, and when it is tried again. */
const Trouble = ({ seen, why, known, child }: TroubleProps) => (
  <Stale>
    {seen}
    {why && `: ${why}`}
    {!known && "; no figure of it is known"}
    {child?.next_restart_us && (
      <>
        ; next attempt in <Countdown us={child.next_restart_us} />
      </>
    )}
  </Stale>
);
