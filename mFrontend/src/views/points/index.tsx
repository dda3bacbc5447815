/** What each account earned in each season, whether that is known, and how old it is. */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { queries } from "@/api/queries";
import { useParameter } from "@/app/address";
import { accountName } from "@/format/names";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { useAnswerVerdict } from "@/stream/answer";
import { useMoving, useTopic } from "@/stream/hooks";
import type { Verdict } from "@/stream/verdict";
import { Detail } from "./Detail";
import { Sums } from "./Sums";
import { Venue } from "./Venue";
import { REFRESH_MS, SOON_MS, pointsQuery } from "./queries";
import { type Refresh, useRefresh } from "./refresh";
import { type AllPoints, byVenue, waitingFor } from "./seasons";

/** Whoever has not answered in this time will not soon. */
const PATIENCE_US = 60e6;

export default function Points() {
  const refresh = useRefresh();
  const patient = useMoving((now) => now - (refresh.asked?.atUs ?? 0) < PATIENCE_US);
  const asked = useQuery({
    ...pointsQuery,
    refetchInterval: ({ state }) =>
      patient && waitingFor(state.data?.accounts ?? [], refresh.asked).length > 0
        ? SOON_MS
        : REFRESH_MS,
  });
  const waiting = waitingFor(asked.data?.accounts ?? [], refresh.asked);
  const answer = useAnswerVerdict({ error: asked.error, askedUs: asked.data?.askedUs });
  useToldAtOnce();
  return (
    <>
      <h1 className="visually-hidden">Points</h1>
      {answer.stale && <Stale>Not asked anew: {answer.reason}</Stale>}
      {asked.data ? (
        <Told
          points={asked.data}
          answer={answer}
          refresh={refresh}
          waiting={waiting}
          patient={patient}
        />
      ) : asked.error ? (
        <div className="panel">
          <ErrorState what="Points" error={asked.error} retry={() => void asked.refetch()} />
        </div>
      ) : (
        <Loading what="points" rows={10} />
      )}
    </>
  );
}

/** New points on the stream are a reason to ask for the sums, which are the service's. */
function useToldAtOnce(): void {
  const { rows } = useTopic("points");
  useEffect(() => {
    if (rows.length === 0) return;
    void queries.invalidateQueries({ queryKey: pointsQuery.queryKey }, { cancelRefetch: false });
  }, [rows]);
}

interface ToldProps {
  readonly points: AllPoints;
  readonly answer: Verdict;
  readonly refresh: Refresh;
  readonly waiting: readonly string[];
  readonly patient: boolean;
}

function Told({ points, answer, refresh, waiting, patient }: ToldProps) {
  const [search, setSearch] = useParameter("search");
  const [account, setAccount] = useParameter("account");
  const selected = points.accounts.find((it) => accountName(it) === account);
  if (points.accounts.length === 0)
    return (
      <div className="panel">
        <Empty title="No account is configured">
          The points of each account are shown here, polled every ten minutes.
        </Empty>
      </div>
    );
  return (
    <>
      <Sums points={points} verdict={answer} />
      <div className="flex flex-wrap items-center gap-3">
        <input
          className="field w-40"
          type="search"
          aria-label="Search accounts"
          placeholder="Search"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <button
          type="button"
          className="button"
          disabled={refresh.pending || (waiting.length > 0 && patient)}
          onClick={() => refresh.refresh(null)}
        >
          Ask the venues now
        </button>
        <Progress refresh={refresh} waiting={waiting} patient={patient} />
      </div>
      <div
        className={`grid items-start gap-3 ${selected ? "xl:grid-cols-[minmax(0,1fr)_26rem]" : ""}`}
      >
        <div className="grid min-w-0 gap-3">
          {byVenue(points).map((it) => (
            <Venue
              key={it.venue}
              of={it}
              search={search}
              answer={answer}
              onOpen={setAccount}
            />
          ))}
        </div>
        {selected && (
          <Detail
            key={account}
            of={selected}
            silent={answer.reason}
            refresh={refresh}
            onClose={() => setAccount("")}
          />
        )}
      </div>
    </>
  );
}

type ProgressProps = Pick<ToldProps, "refresh" | "waiting" | "patient">;

/** How a refresh fares, in one line. */
const Progress = ({ refresh, waiting, patient }: ProgressProps) => {
  const { asked, refused, notTold } = refresh;
  const all = asked?.actors.length ?? 0;
  return (
    <div role="status" className="text-sm text-soft">
      {refused && <p className="text-bad">▲ {refused}</p>}
      {refresh.pending && <p>Asking …</p>}
      {!refused && !refresh.pending && asked && waiting.length === 0 && (
        <p>
          {all === 1 ? "The account was" : `All ${all} accounts were`} told anew.
        </p>
      )}
      {!refused && waiting.length > 0 && (
        <p className={patient ? "" : "text-warn"}>
          {patient
            ? `Asked for ${all}; waiting for some …`
            : `No answer within a minute: ${waiting.join(", ")}`}
        </p>
      )}
      {notTold.length > 0 && (
        <p className="text-warn">
          ◐ Not asked: {notTold.map((it) => `${it.actor} (${it.reason})`).join(", ")}
        </p>
      )}
    </div>
  );
};
