/** What may be asked of each venue by each address, who has which part, and who is throttled. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { percent } from "@/format/decimal";
import { duration } from "@/format/time";
import { Countdown } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { useMoving } from "@/stream/hooks";
import {
  type Budget,
  addressName,
  budgetKey,
  leasedPercent,
  ordered,
  shortOf,
  tightness,
  wantedPercent,
} from "./budgets";
import { budgetsQuery } from "./queries";

interface BudgetsProps {
  readonly venue: string;
  readonly search: string;
}

export function Budgets({ venue, search }: BudgetsProps) {
  const asked = useQuery(budgetsQuery);
  const budgets = asked.data?.budgets;
  // A throttling ends with time alone; the beat is needed for the order only then.
  const nowUs = useMoving((now) =>
    budgets?.some((it) => it.not_before_us && it.not_before_us > now) ? now : 0,
  );
  const shown = useMemo(
    () => (budgets ? ordered(budgets, { venue, search }, nowUs) : []),
    [budgets, venue, search, nowUs],
  );
  return (
    <Panel
      title={budgets ? `Request budgets (${budgets.length})` : "Request budgets"}
      aside={
        <span className="text-sm text-soft">
          each venue limits each address; accounts share what it allows
        </span>
      }
    >
      {asked.error && asked.data && (
        <div className="px-3 pt-2">
          <Stale>What stands below is what was last heard.</Stale>
        </div>
      )}
      {asked.error && !asked.data ? (
        <ErrorState what="Budgets" error={asked.error} retry={() => void asked.refetch()} />
      ) : budgets === undefined ? (
        <Loading what="request budgets" rows={4} />
      ) : budgets === null ? (
        <Empty title="The supervisor does not tell">
          It divides the budgets; they are shown again once it answers.
        </Empty>
      ) : shown.length === 0 ? (
        <Empty title="No budget">
          {budgets.length
            ? "Search and venue leave none."
            : "An address appears here with its first request."}
        </Empty>
      ) : (
        <ul
          tabIndex={0}
          aria-label="Request budgets"
          className="max-h-96 divide-y divide-line overflow-auto"
        >
          {shown.map((it) => (
            <Row key={budgetKey(it)} budget={it} nowUs={nowUs} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

const LOOK = {
  throttled: ["bad", "throttled"],
  divided: ["warn", "divided"],
  room: ["good", "has room"],
  unused: ["calm", "unused"],
} as const;

const SAYS = {
  throttled: "The venue asked to be left alone; nobody behind this address asks before then.",
  divided: "More is wanted than the venue allows: it is divided, and accounts ask less often.",
  room: "All who share it get what they want.",
  unused: "Nobody asks by it now.",
} as const;

function Row({ budget, nowUs }: { readonly budget: Budget; readonly nowUs: number }) {
  const { word } = tightness(budget, nowUs);
  const [tone, told] = LOOK[word];
  const leases = Object.entries(budget.leases).toSorted(
    ([a, left], [b, right]) => right.wanted_per_s - left.wanted_per_s || (a < b ? -1 : 1),
  );
  return (
    <li className="grid gap-x-3 gap-y-0.5 px-3 py-1.5 md:grid-cols-[minmax(12rem,1.4fr)_9rem_minmax(12rem,2fr)_minmax(13rem,1.6fr)] md:items-center">
      <span className="min-w-0 truncate" title={budget.exit_address || undefined}>
        <span className="font-semibold">{budget.venue}</span>{" "}
        <span className="text-soft">{addressName(budget)}</span>
      </span>
      <span className="flex items-center gap-1.5">
        <Badge tone={tone} title={SAYS[word]}>
          {told}
        </Badge>
        {word === "throttled" && budget.not_before_us && (
          <span>
            <Countdown us={budget.not_before_us} />
          </span>
        )}
      </span>
      <Meter budget={budget} />
      {leases.length ? (
        <Leases leases={leases} short={shortOf(budget)} />
      ) : (
        <span className="text-soft">no one holds a part</span>
      )}
    </li>
  );
}

const perS = (rate: number): string => `${rate.toFixed(rate < 9.95 ? 2 : 1)}/s`;

function Meter({ budget }: { readonly budget: Budget }) {
  const share = leasedPercent(budget);
  const { limit } = budget;
  const words = `${perS(budget.leased_per_s)} of ${perS(budget.rate_per_s)} leased`;
  const hint = `The venue allows ${limit.count} in ${duration(limit.period_s * 1000)}; some of it is held back. ${budget.pool.toFixed(0)} of ${budget.burst.toFixed(0)} saved up for bursts.`;
  return (
    <span className="grid gap-0.5 text-sm" title={hint}>
      <span className="flex justify-between gap-2">
        <span>{words}</span>
        <span className="text-soft">wanted {percent(wantedPercent(budget), 0)}</span>
      </span>
      <span aria-hidden="true" className="h-1.5 overflow-hidden rounded bg-raised">
        <i
          className={`block h-full ${share > 99 ? "bg-warn" : "bg-accent"}`}
          style={{ width: `${share}%` }}
        />
      </span>
      <span className="visually-hidden">{hint}</span>
    </span>
  );
}

interface LeasesProps {
  readonly leases: readonly (readonly [string, Budget["leases"][string]])[];
  readonly short: readonly string[];
}

const Leases = ({ leases, short }: LeasesProps) => (
  <details className="text-sm">
    <summary className="cursor-pointer text-soft">
      {leases.length === 1 ? (leases[0]?.[0] ?? "") : `${leases.length} share it`}
      {short.length > 0 && `, ${short.length} get less than they want`}
    </summary>
    <ul className="grid gap-0.5 py-1">
      {leases.map(([actor, lease]) => (
        <li key={actor} className="flex justify-between gap-3">
          <span className="truncate">{actor}</span>
          <span className={short.includes(actor) ? "text-warn" : "text-soft"}>
            {short.includes(actor) && "▼ "}
            {perS(lease.rate_per_s)} of {perS(lease.wanted_per_s)} wanted
          </span>
        </li>
      ))}
    </ul>
  </details>
);
