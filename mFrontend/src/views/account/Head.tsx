/** Which account this is, how it fares in one line, and what an operator may order. */
import { useState } from "react";
import { Link as To, useLocation, useSearch } from "wouter";
import { ApiProblem } from "@/api/client";
import { useKeys } from "@/app/keys";
import { accountPath } from "@/app/routes";
import { accountName } from "@/format/names";
import { moment } from "@/format/time";
import { AsOf } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Confirm } from "@/parts/Confirm";
import { type Road, Via } from "@/parts/Via";
import type { Account, Attention } from "@/parts/attention";
import type { Verdict } from "@/stream/verdict";
import { ORDERS, type OrderName, useOrder, usePaused } from "./control";
import { neighbours } from "./found";

export interface HeadProps {
  readonly account: Account;
  readonly accounts: readonly Account[];
  readonly road: Road;
  readonly verdict: Verdict;
  readonly seen: Attention;
}

export const Head = ({ account, accounts, road, verdict, seen }: HeadProps) => (
  <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
    <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
      <h1 className="min-w-0 break-all">
        {accountName(account)}
        {account.label && <span className="ml-2 font-normal text-soft">{account.label}</span>}
      </h1>
      <Badge tone={seen.tone} title={seen.why}>
        {seen.word}
      </Badge>
      <Via road={road} />
      <AsOf verdict={verdict} />
    </div>
    <div className="flex flex-wrap items-center gap-2" data-print="no">
      <Orders account={accountName(account)} />
      <Neighbours account={account} accounts={accounts} />
    </div>
  </div>
);

function Orders({ account }: { readonly account: string }) {
  const [asked, setAsked] = useState<OrderName | null>(null);
  const order = useOrder();
  const control = usePaused(account);
  const give = (name: OrderName): void => {
    setAsked(null);
    order.mutate({ account, order: name });
  };
  const refused =
    order.error instanceof ApiProblem && order.error.status !== 401 ? order.error : null;
  const names: readonly OrderName[] = control?.paused
    ? ["resume", "reconnect"]
    : ["pause", "reconnect"];
  return (
    <>
      {control?.paused && (
        <span className="text-sm text-soft">
          paused{control.paused_since_us ? ` since ${moment(control.paused_since_us)}` : ""}
        </span>
      )}
      {names.map((name) => (
        <button
          key={name}
          type="button"
          className="button"
          disabled={order.isPending}
          onClick={() => (ORDERS[name].sure ? setAsked(name) : give(name))}
        >
          {ORDERS[name].verb}
        </button>
      ))}
      {refused && (
        <p role="alert" className="max-w-prose basis-full break-words text-bad">
          ▲ {refused.problem.title}: {refused.message}
        </p>
      )}
      {asked && (
        <Confirm
          title={`${ORDERS[asked].verb} ${account}?`}
          says={ORDERS[asked].sure ?? ""}
          verb={ORDERS[asked].verb}
          onYes={() => give(asked)}
          onNo={() => setAsked(null)}
        />
      )}
    </>
  );
}

/** The address keeps its parameters, so that the same span of two accounts can be compared. */
function Neighbours({ account, accounts }: Pick<HeadProps, "account" | "accounts">) {
  const [, go] = useLocation();
  const search = useSearch();
  const beside = neighbours(accounts, account);
  const pathOf = (it: Account): string =>
    accountPath(it.venue, it.account) + (search ? `?${search}` : "");
  const open = (it: Account | undefined): void => {
    if (it) go(pathOf(it));
  };
  useKeys([
    { keys: "[", says: "previous account", group: "Account", run: () => open(beside?.before) },
    { keys: "]", says: "next account", group: "Account", run: () => open(beside?.after) },
  ]);
  if (!beside) return null;
  return (
    <nav aria-label="Other accounts" className="flex gap-2">
      <To href={pathOf(beside.before)} className="button" aria-keyshortcuts="[">
        <span aria-hidden="true">‹</span>
        <span className="visually-hidden">previous: {accountName(beside.before)}</span>
      </To>
      <To href="/accounts" className="button">
        all
      </To>
      <To href={pathOf(beside.after)} className="button" aria-keyshortcuts="]">
        <span aria-hidden="true">›</span>
        <span className="visually-hidden">next: {accountName(beside.after)}</span>
      </To>
    </nav>
  );
}
