/** What all accounts come to together in one period, per settlement asset, and who is not in it. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { accountName } from "@/format/names";
import { count } from "@/format/quantity";
import { inZone } from "@/format/time";
import { AsOf, Time } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { useAnswerVerdict } from "@/stream/answer";
import { Sum } from "./Statistics";
import { FIGURES, PERIOD_TITLES, type PeriodName, type PeriodSum } from "./periods";
import { summaryQuery } from "./queries";

export function Summary({ period }: { readonly period: PeriodName }) {
  const asked = useQuery(summaryQuery);
  const verdict = useAnswerVerdict({ error: asked.error, askedUs: asked.data?.askedUs });
  const settles = asked.data?.periods.find((it) => it.period === period)?.settles ?? [];
  return (
    <Panel
      title={`All accounts, ${PERIOD_TITLES[period]?.toLowerCase() ?? period}`}
      aside={<AsOf verdict={{ ...verdict, asOfUs: asked.data?.as_of_us ?? null }} />}
    >
      {verdict.stale && <Stale>Not asked anew: {verdict.reason}</Stale>}
      {asked.error && !asked.data ? (
        <ErrorState what="Sums" error={asked.error} retry={() => void asked.refetch()} />
      ) : !asked.data ? (
        <Loading what="the sums" rows={3} />
      ) : (
        <>
          {settles.length === 0 ? (
            <Empty title="Nothing is counted yet">
              Sums are counted from stored fills; they appear when an account has some.
            </Empty>
          ) : (
            <Sums settles={settles} />
          )}
          <Counting {...asked.data} />
          <NotCounted missing={asked.data.missing} counting={asked.data.counting} />
        </>
      )}
    </Panel>
  );
}

const Sums = ({ settles }: { readonly settles: readonly PeriodSum[] }) => (
  <div
    className="relative overflow-x-auto"
    tabIndex={0}
    role="group"
    aria-label="Sums of all accounts"
  >
    <table className="w-full min-w-max text-right">
      <thead className="border-b border-line text-sm text-soft">
        <tr>
          <th scope="col" className="px-3 py-1 text-left font-normal">
            Asset
          </th>
          <th scope="col" className="px-3 py-1 font-normal">
            Accounts
          </th>
          {FIGURES.map((it) => (
            <th key={it.key} scope="col" className="px-3 py-1 font-normal" title={it.hint}>
              {it.title}
            </th>
          ))}
          <th scope="col" className="px-3 py-1 text-left font-normal">
            History
          </th>
        </tr>
      </thead>
      <tbody>
        {settles.map((it) => (
          <tr key={it.settle} className="border-b border-line last:border-0">
            <th scope="row" className="px-3 py-1 text-left font-semibold">
              {it.settle || "?"}
            </th>
            <td className="px-3 py-1">{count(it.accounts)}</td>
            {FIGURES.map((figure) => (
              <td
                key={figure.key}
                className={`px-3 py-1 ${figure.key === "pnl" ? "font-semibold" : ""}`}
              >
                <Partly without={it.unknown[figure.key] ?? []} of={it.accounts}>
                  <Sum figure={figure} of={it} why={without(it.unknown[figure.key] ?? [])} />
                </Partly>
              </td>
            ))}
            <td className="px-3 py-1 text-left">
              {it.incomplete.length === 0 ? (
                <Badge tone="good">complete</Badge>
              ) : (
                <Badge tone="warn" title={`History begins later: ${it.incomplete.join(", ")}`}>
                  {it.incomplete.length === it.accounts
                    ? "partial"
                    : `${it.incomplete.length} of ${it.accounts} partial`}
                </Badge>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const without = (names: readonly string[]): string => `without ${names.join(", ")}`;

interface PartlyProps {
  readonly without: readonly string[];
  readonly of: number;
  readonly children: ReactNode;
}

/** A sum that lacks some accounts says of how many it is. */
const Partly = ({ without: names, of, children }: PartlyProps) =>
  names.length === 0 || names.length >= of ? (
    children
  ) : (
    <span title={without(names)}>
      {children}
      <span className="block text-xs font-normal text-warn">
        of {of - names.length} of {of}
      </span>
    </span>
  );

const NAMED_MAX = 5;
const told = (names: readonly string[]): string =>
  names.length > NAMED_MAX ? `${count(names.length)} accounts` : names.join(", ");

type Counted = Pick<Schemas["Summary"], "missing" | "counting">;

interface CountingProps extends Counted {
  readonly as_of_us: number | null;
}

const Counting = ({ missing, counting, as_of_us: asOfUs }: CountingProps) => {
  const first = missing.filter((it) => counting.includes(accountName(it))).map(accountName);
  const older = counting.filter((it) => !first.includes(it));
  return (
    <>
      {older.length > 0 && (
        <Stale>
          Newer sums are still being counted; of {told(older)} the last are added up. The
          oldest are of <Time us={asOfUs} />.
        </Stale>
      )}
      {first.length > 0 && (
        <Stale>Counted for the first time, and not in the sums yet: {told(first)}.</Stale>
      )}
    </>
  );
};

const NotCounted = ({ missing, counting }: Counted) => {
  const others = missing.filter((it) => !counting.includes(accountName(it)));
  if (others.length === 0) return null;
  const reasons = [...new Set(others.map((it) => it.reason))];
  return (
    <div className="grid gap-1 border-t border-line px-3 py-2 text-sm text-warn">
      {reasons.map((reason) => (
        <p key={reason}>
          ◐ Not in the sums:{" "}
          {others
            .filter((it) => it.reason === reason)
            .map(accountName)
            .join(", ")}
          : {inZone(reason)}
        </p>
      ))}
    </div>
  );
};
