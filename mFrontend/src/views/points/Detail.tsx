/** One account's points, epoch by epoch. */
import { Link as To } from "wouter";
import { accountPath } from "@/app/routes";
import { accountName } from "@/format/names";
import { Age, Time } from "@/parts/Age";
import { Num } from "@/parts/Number";
import { Facts, Panel } from "@/parts/Panel";
import { Empty } from "@/parts/States";
import { useInSight } from "@/parts/sight";
import type { Refresh } from "./refresh";
import { type AccountPoints, digitsOf, epochTitle, seasonTitle, verdictOf, words } from "./seasons";

const EXACT = { digitsMax: 6 };

interface DetailProps {
  readonly of: AccountPoints;
  readonly silent: string;
  readonly refresh: Refresh;
  readonly onClose: () => void;
}

export function Detail({ of, silent, refresh, onClose }: DetailProps) {
  const place = useInSight<HTMLDivElement>();
  const verdict = verdictOf(of, silent);
  const name = accountName(of);
  const digits = digitsOf(of.seasons.flatMap((it) => it.epochs.map((one) => one.points)));
  return (
    <Panel
      title={`${name}${of.label ? ` ${of.label}` : ""}`}
      aside={
        <>
          <button
            type="button"
            className="button"
            disabled={refresh.pending}
            onClick={() => refresh.refresh(name)}
          >
            Ask now
          </button>
          <button type="button" className="button" aria-label={`Close ${name}`} onClick={onClose}>
            ✕
          </button>
        </>
      }
    >
      <div ref={place} className="grid scroll-mt-24 gap-4 p-3">
        <Facts>
          <dt>total</dt>
          <dd className="font-semibold">
            {of.available ? <Num value={of.total} look={EXACT} verdict={verdict} /> : "–"}
          </dd>
          <dt>as of</dt>
          <dd>
            <Age verdict={verdict} /> <Time us={of.as_of_us} />
          </dd>
          {of.rank !== null && (
            <>
              <dt>rank</dt>
              <dd>{of.rank}</dd>
            </>
          )}
          {Object.entries(of.leagues).map(([what, league]) => (
            <Standing key={what} what={what} league={league} />
          ))}
          <dt>account</dt>
          <dd>
            <To
              href={accountPath(of.venue, of.account)}
              className="text-accent underline"
            >
              {name}
            </To>
          </dd>
        </Facts>
        {verdict.stale && <p className="text-warn">◷ {verdict.reason}</p>}
        {of.seasons.length === 0 ? (
          <Empty title="No points">{of.reason || "The venue told of no season."}</Empty>
        ) : (
          of.seasons.map((it) => <Season key={it.season} of={it} digits={digits} />)
        )}
      </div>
    </Panel>
  );
}

const Standing = ({ what, league }: { readonly what: string; readonly league: string }) => (
  <>
    <dt>{words(what)} league</dt>
    <dd>{league}</dd>
  </>
);

interface SeasonProps {
  readonly of: AccountPoints["seasons"][number];
  readonly digits: number;
}

const Season = ({ of, digits }: SeasonProps) => (
  <section aria-label={seasonTitle(of.season)}>
    <h3 className="flex justify-between font-semibold">
      {seasonTitle(of.season)} <Num value={of.total} look={{ digits }} />
    </h3>
    <table className="w-full">
      <thead className="visually-hidden">
        <tr>
          <th scope="col">Epoch</th>
          <th scope="col">Span</th>
          <th scope="col">Points</th>
        </tr>
      </thead>
      <tbody>
        {of.epochs.map((it) => (
          <tr key={it.epoch} className="border-t border-line">
            <td className="py-0.5 pr-3 whitespace-nowrap">{epochTitle(it.epoch)}</td>
            <td className="py-0.5 pr-3 text-sm text-soft">
              {it.start_us !== null && (
                <>
                  <Day us={it.start_us} /> – <Day us={it.end_us} />
                </>
              )}
            </td>
            <td className="py-0.5 text-right">
              <Num value={it.points} look={{ digits }} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

/** Epochs begin and end with a day of UTC. */
const Day = ({ us }: { readonly us: number | null }) => {
  if (us === null) return "now";
  const text = new Date(us / 1000).toISOString();
  return (
    <time dateTime={text} title={text} className="whitespace-nowrap">
      {text.slice(0, 10)}
    </time>
  );
};
