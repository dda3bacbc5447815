/** How long data take from their venue to this screen, leg by leg, and who is slowest. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, body } from "@/api/client";
import { useChoice, useParameter } from "@/app/address";
import { AsOf } from "@/parts/Age";
import { Panel } from "@/parts/Panel";
import { ErrorState, Loading, Stale } from "@/parts/States";
import { useMoving, useTopic, useVerdict } from "@/stream/hooks";
import { transit } from "@/stream/transit";
import { Actors } from "./Actors";
import { Tab } from "./Tab";
import { Venues } from "./Venues";
import { Waterfall } from "./Waterfall";
import {
  LEGS,
  QUANTILES,
  type Quantile,
  type Report,
  type Row,
  type Step,
  WINDOWS,
  WINDOW_MS,
  type Window,
  figuresOf,
  rows,
  together,
} from "./legs";

/** The tab's own figures need not move faster. */
const OWN_MS = 2_000;

function useReport() {
  const topic = useTopic("latency");
  const told = topic.data as Report | null;
  // Says why there is nothing, where the stream tells nothing.
  const asked = useQuery({
    queryKey: ["latency"],
    queryFn: ({ signal }) => body(api.GET("/api/latency", { signal })),
    enabled: told === null,
  });
  const report = told ?? asked.data ?? null;
  const verdict = useVerdict(topic, report && { as_of_us: report.measured_us });
  return { report, verdict, asked };
}

export default function Latency() {
  const { report, verdict, asked } = useReport();
  const [window, setWindow] = useChoice("window", WINDOWS);
  const [quantile, setQuantile] = useChoice("at", QUANTILES);
  const [venue, setVenue] = useParameter("venue");
  const [actor, setActor] = useParameter("actor");
  const all = useMemo(() => (report ? rows(report, window) : NO_ROWS), [report, window]);
  const shown = useMemo(
    () => (venue ? all.filter((it) => it.venue === venue) : all),
    [all, venue],
  );
  const venues = [...new Set(all.map((it) => it.venue))].filter(Boolean).toSorted();
  const nowMs = useMoving(() => Math.ceil(performance.now() / OWN_MS) * OWN_MS);
  return (
    <>
      <h1 className="visually-hidden">Latency</h1>
      {report && verdict.stale && <Stale>{report.stale_reason ?? verdict.reason}</Stale>}
      <Panel
        title="The way of a datum"
        aside={
          <>
            {report && <AsOf verdict={verdict} />}
            <select
              className="field"
              aria-label="Venue"
              value={venue}
              onChange={(event) => setVenue(event.target.value)}
            >
              <option value="">all venues</option>
              {venues.map((it) => (
                <option key={it}>{it}</option>
              ))}
            </select>
            <Toggle label="Window" value={window} choices={WINDOWS} onPick={setWindow} />
            <Toggle label="Bars show" value={quantile} choices={QUANTILES} onPick={setQuantile} />
          </>
        }
      >
        {!report && asked.error ? (
          <ErrorState what="Latency" error={asked.error} retry={() => void asked.refetch()} />
        ) : !report ? (
          <Loading what="latency" rows={7} />
        ) : (
          <>
            <Whose actor={actor} venue={venue} shown={shown} onAll={() => setActor("")} />
            <Waterfall
              {...way(report, shown, { actor, window, nowMs })}
              quantile={quantile}
              stale={verdict.stale}
            />
          </>
        )}
      </Panel>
      <div className="grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_24rem]">
        <Panel
          title={report ? `Actors (${shown.length}), slowest first` : "Actors"}
          aside={<span className="text-sm text-soft">a row shows its own way above</span>}
        >
          {report ? (
            <div className={verdict.stale ? "stale" : ""}>
              <Actors
                rows={shown}
                onOpen={(row) => setActor(row.actor === actor ? "" : row.actor)}
              />
            </div>
          ) : (
            <Loading what="actors" rows={8} />
          )}
        </Panel>
        <div className="grid gap-3">
          <Tab window={window} nowMs={nowMs} />
          {report && <Venues rows={all} clocks={report.clocks} />}
        </div>
      </div>
    </>
  );
}

const NO_ROWS: readonly Row[] = [];

interface Chosen {
  readonly actor: string;
  readonly window: Window;
  readonly nowMs: number;
}

/** The five legs of the actors that are chosen, and what is measured beside them. */
function way(report: Report, shown: readonly Row[], { actor, window, nowMs }: Chosen) {
  const chosen = actor ? shown.filter((it) => it.actor === actor) : shown;
  const web = report.actors.find((it) => it.actor === report.web);
  const ofTab = WINDOW_MS[window];
  const steps: readonly Step[] = [
    { leg: LEGS.venue, figures: together(chosen.map((it) => it.fromVenue)) },
    { leg: LEGS.cache, figures: together(chosen.map((it) => it.toCache)) },
    { leg: LEGS.web, figures: figuresOf(web, LEGS.web.key, window) },
    { leg: LEGS.tab, figures: transit.toTab.figures(ofTab, nowMs) },
    { leg: LEGS.screen, figures: transit.toScreen.figures(ofTab, nowMs) },
  ];
  const beside = { leg: LEGS.client, figures: figuresOf(web, LEGS.client.key, window) };
  return { steps, beside };
}

interface WhoseProps {
  readonly actor: string;
  readonly venue: string;
  readonly shown: readonly Row[];
  readonly onAll: () => void;
}

const Whose = ({ actor, venue, shown, onAll }: WhoseProps) => (
  <div className="flex min-h-9 flex-wrap items-center gap-2 px-3 py-1 text-sm text-soft">
    {actor ? (
      <>
        <span>
          Of <b className="text-ink">{actor}</b>, then as for all.
          {!shown.some((it) => it.actor === actor) && " It has told of nothing."}
        </span>
        <button type="button" className="button" onClick={onAll}>
          Show all
        </button>
      </>
    ) : (
      <span>
        Of all {shown.length} actors{venue && ` at ${venue}`}: the middle one's p50, the slowest
        one's p90, p99 and max.
      </span>
    )}
  </div>
);

interface ToggleProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly T[];
  readonly onPick: (value: T) => void;
}

const Toggle = <T extends Window | Quantile>({ label, value, choices, onPick }: ToggleProps<T>) => (
  <div role="group" aria-label={label} className="flex gap-1">
    {choices.map((it) => (
      <button
        key={it}
        type="button"
        className="button aria-pressed:border-accent"
        aria-pressed={it === value}
        onClick={() => onPick(it)}
      >
        {it}
      </button>
    ))}
  </div>
);
