/** Names the accounts whose rows are missing from a table, or may be old. */
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { accountName } from "@/format/names";
import { clock } from "@/stream/clock";
import { useMoving, verdictOf } from "@/stream/hooks";
import { store } from "@/stream/store";
import { Stale } from "./States";
import { type AccountKind, topicOf } from "./TableRows";
import { type Trouble, sentencesOf } from "./troubles";

type Account = Schemas["Account"];

interface MissingProps {
  readonly kind: AccountKind;
  readonly accounts: readonly Account[];
}

/** What was asked for a moment ago may still be on its way. */
const PATIENCE_MS = 5_000;

function troubleOf(kind: AccountKind, account: Account, patient: boolean): Trouble[] {
  const topic = store.topic(topicOf(kind, account));
  const name = accountName(account);
  if (!topic.held) {
    if (patient && account.state === "ready") return [];
    const state = account.state === "ready" ? "nothing received yet" : `process ${account.state}`;
    return [{ account: name, reason: account.reason || state }];
  }
  const { stale, reason } = verdictOf(topic);
  return stale ? [{ account: name, reason }] : [];
}

export function Missing({ kind, accounts }: MissingProps) {
  const [sinceMs] = useState(() => clock.localMs());
  const told = useMoving(() =>
    sentencesOf(
      accounts.flatMap((it) => troubleOf(kind, it, clock.localMs() - sinceMs < PATIENCE_MS)),
      accounts.length,
    ).join("\n"),
  );
  if (!told) return null;
  return (
    <div className="grid gap-1 p-2">
      {told.split("\n").map((it) => (
        <Stale key={it}>
          Missing or old {kind} of {it}
        </Stale>
      ))}
    </div>
  );
}
