/** What was stored: how accounts went, what they filled, what that came to; and the store. */
import { useQuery } from "@tanstack/react-query";
import { Link as To } from "wouter";
import { accountsQuery } from "@/api/queries";
import { useParameter } from "@/app/address";
import { accountPath } from "@/app/routes";
import { Empty, ErrorState, Loading } from "@/parts/States";
import { AllAccounts } from "./AllAccounts";
import {
  AccountPicker,
  IntervalPicker,
  PeriodPicker,
  RangePicker,
  useInterval,
  useRange,
} from "./Controls";
import { Curve } from "./Curve";
import { Statistics } from "./Statistics";
import { StoreState } from "./StoreState";
import { Stored } from "./Stored";
import { storeQuery } from "./queries";
import { troubleOf } from "./store_state";

export default function History() {
  const store = useQuery(storeQuery);
  const status = store.data?.status;
  return (
    <>
      <h1 className="visually-hidden">History</h1>
      {status ? (
        status.configured ? (
          <Kept />
        ) : (
          <div className="panel">
            <Empty title="This service keeps no history">
              {status.reason}. With <code>HISTORY=1</code> it keeps snapshots, fills and more in a
              file of its own, or in PostgreSQL or Supabase; docs/history.md says how.
            </Empty>
          </div>
        )
      ) : store.error ? (
        <div className="panel">
          <ErrorState what="History" error={store.error} retry={() => void store.refetch()} />
        </div>
      ) : (
        <Loading what="history" rows={12} />
      )}
    </>
  );
}

function Kept() {
  const [account, setAccount] = useParameter("account");
  const accounts = useQuery(accountsQuery).data ?? [];
  return (
    <>
      <StoreTrouble />
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2" data-print="no">
        <AccountPicker accounts={accounts} chosen={account} onChoose={setAccount} />
        {account ? (
          <>
            <RangePicker />
            <IntervalPicker />
          </>
        ) : (
          <PeriodPicker />
        )}
      </div>
      {account ? <OfAccount name={account} /> : <AllAccounts onOpen={setAccount} />}
      <StoreState />
    </>
  );
}

function OfAccount({ name }: { readonly name: string }) {
  const [range] = useRange();
  const [choice] = useInterval();
  const [venue = "", account = ""] = name.split(/:(.*)/s);
  return (
    <>
      <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] items-start gap-3 xl:grid-cols-[minmax(0,1fr)_36rem]">
        <Curve account={name} range={range} choice={choice} />
        <Statistics account={name} />
      </div>
      <Stored account={name} range={range} choice={choice} />
      <p className="text-sm text-soft">
        What {name} holds now is on{" "}
        <To href={accountPath(venue, account)} className="text-accent underline">
          its own page
        </To>
        .
      </p>
    </>
  );
}

/** What is wrong with the store concerns everything below. */
function StoreTrouble() {
  const status = useQuery(storeQuery).data?.status;
  const trouble = status && troubleOf(status);
  if (!trouble) return null;
  return (
    <p
      role="alert"
      className={`rounded px-3 py-2 ${trouble.tone === "bad" ? "bg-bad-ground text-bad" : "bg-warn-ground text-warn"}`}
    >
      <span aria-hidden="true">{trouble.tone === "bad" ? "▲" : "◐"} </span>
      {trouble.says}
    </p>
  );
}
