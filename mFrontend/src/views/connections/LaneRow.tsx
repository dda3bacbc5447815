/** One lane as the cells of a row; drawn anew only when something of it changed. */
import { type ReactNode, memo } from "react";
import { percent } from "@/format/decimal";
import { count, milliseconds } from "@/format/quantity";
import { duration, moment, utc } from "@/format/time";
import { Countdown } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { StaleMark } from "@/parts/Number";
import { useAge } from "@/stream/hooks";
import { type Entry, type Lane, isUp, successPercent } from "./lanes";

interface Column {
  readonly title: string;
  readonly least: string;
  /** Its part of the room that is left. */
  readonly grow: number;
  readonly hint: string;
  readonly right?: boolean;
  readonly cell: (entry: Entry) => ReactNode;
}

/** A cell that only a lane that was told of can fill. */
const ofLane =
  (cell: (lane: Lane) => ReactNode) =>
  ({ lane }: Entry): ReactNode =>
    lane ? cell(lane) : "–";

const KIND_WORDS: Readonly<Record<string, string>> = { websocket: "WS", rest: "REST", none: "–" };

export const COLUMNS: readonly Column[] = [
  {
    title: "actor and lane",
    least: "min(24rem, 50vw)",
    grow: 2,
    hint: "Which process, and which of its connections to the venue: WebSocket or REST",
    cell: ({ actor, kind }) => (
      <span className="flex min-w-0 items-center gap-2" title={`${actor}, ${kind}`}>
        <span className="w-9 flex-none rounded border border-line text-center text-xs text-soft">
          {KIND_WORDS[kind] ?? kind}
        </span>
        <Actor name={actor} />
      </span>
    ),
  },
  {
    title: "state",
    least: "14rem",
    grow: 1.6,
    hint: "What the lane does; in back-off: time to the next attempt",
    cell: (entry) => <State entry={entry} />,
  },
  {
    title: "heard",
    least: "4.6rem",
    grow: 0.5,
    hint: "How long ago its last message, or good answer, came",
    right: true,
    cell: (entry) => <Heard entry={entry} />,
  },
  {
    title: "success",
    least: "6rem",
    grow: 0.6,
    hint: "Share of its requests that succeeded since its process began; a WebSocket makes none",
    right: true,
    cell: ofLane((lane) => <Success lane={lane} />),
  },
  {
    title: "interval",
    least: "5.2rem",
    grow: 0.6,
    hint: "How often it really asks; longer than configured where the budget is divided",
    right: true,
    cell: ofLane((lane) =>
      lane.interval_effective_ms ? interval(lane.interval_effective_ms) : "–",
    ),
  },
  {
    title: "latency",
    least: "5.8rem",
    grow: 0.6,
    hint: "REST: how long its last answer took. WebSocket: its last ping there and back",
    right: true,
    cell: ofLane((lane) => milliseconds(lane.latency_ms)),
  },
  {
    title: "up",
    least: "3.4rem",
    grow: 0.4,
    hint: "How long it has been connected",
    right: true,
    cell: ({ lane, seen }) => (lane && isUp(seen) ? <Up us={lane.since_us} /> : "–"),
  },
  {
    title: "connects",
    least: "5.3rem",
    grow: 0.4,
    hint: "How often it has connected since its process began",
    right: true,
    cell: ofLane((lane) => count(lane.connects)),
  },
  {
    title: "received",
    least: "5.4rem",
    grow: 0.6,
    hint: "Messages of a WebSocket, requests of a REST lane, since its process began",
    right: true,
    cell: ofLane((lane) => count(lane.lane === "rest" ? lane.requests : lane.messages)),
  },
  {
    title: "last error",
    least: "14rem",
    grow: 3,
    hint: "What went wrong last, and when",
    cell: ({ lane, seen }) => {
      const said = isUp(seen) ? lane?.last_error : seen.why || lane?.last_error;
      if (!said) return <span className="text-faint">–</span>;
      return (
        <span className="truncate" title={said}>
          {lane?.last_error_us && lane.last_error === said && (
            <span className="mr-1.5 text-soft"><ErrorAge us={lane.last_error_us} /></span>
          )}
          {said}
        </span>
      );
    },
  },
];

/** Where it is tight its kind goes first, on a phone altogether. */
const Actor = ({ name }: { readonly name: string }) => {
  const cut = name.indexOf(":") + 1;
  return (
    <span className="flex min-w-0">
      <span className="min-w-0 shrink-[99] truncate text-soft max-sm:hidden">{name.slice(0, cut)}</span>
      <span className="min-w-0 truncate">{name.slice(cut)}</span>
    </span>
  );
};

export const TEMPLATE = COLUMNS.map((it) => `minmax(${it.least}, ${it.grow}fr)`).join(" ");
/** Head and rows are grids of their own; equally wide, their columns are aligned. */
export const LEAST = `calc(${COLUMNS.map((it) => it.least).join(" + ")})`;

export const LaneRow = memo(
  function LaneRow({ entry }: { readonly entry: Entry }) {
    return COLUMNS.map((it, at) => (
      <div
        key={it.title}
        role="gridcell"
        className={`truncate px-2 ${it.right ? "text-right" : ""} ${at === 0 ? "sticky left-0 bg-inherit" : ""}`}
      >
        {it.cell(entry)}
      </div>
    ));
  },
  // Entries are made anew with every change of any lane.
  (a, b) =>
    a.entry.lane === b.entry.lane &&
    a.entry.seen.word === b.entry.seen.word &&
    a.entry.seen.why === b.entry.seen.why &&
    a.entry.seen.nextUs === b.entry.seen.nextUs,
);

export const State = ({ entry }: { readonly entry: Entry }) => {
  const { seen, lane } = entry;
  return (
    <span className="flex items-center gap-1.5">
      <Badge tone={seen.tone} title={seen.why}>
        {seen.word}
      </Badge>
      {seen.nextUs ? (
        <span className="truncate">
          in <Countdown us={seen.nextUs} />
        </span>
      ) : null}
      {lane && lane.phase > 0 && lane.next_retry_us === seen.nextUs ? (
        <span className="text-sm text-soft" title="phase and attempt of its back-off">
          {lane.phase}.{lane.attempt}
        </span>
      ) : null}
    </span>
  );
};

/** When a lane was last heard of; stale unless it goes on. */
export function Heard({ entry }: { readonly entry: Entry }) {
  const { lane, seen } = entry;
  const age = useAge(lane?.last_message_us);
  if (!lane) return <>–</>;
  const at = lane.last_message_us;
  const when = at ? `${moment(at)} (${utc(at)})` : "nothing yet";
  const stale = !isUp(seen);
  return (
    <span
      className={stale ? "stale" : ""}
      title={`${when}; its data are stale after ${duration(lane.stale_after_ms)}`}
    >
      {age}
      {stale && <StaleMark />}
    </span>
  );
}

/** From here on it is worth a look. */
const SUCCESS_PERCENT_MIN = 99;

function Success({ lane }: { readonly lane: Lane }) {
  const share = successPercent(lane);
  if (share === null) return <span className="text-faint">–</span>;
  const low = share < SUCCESS_PERCENT_MIN;
  const limited = lane.rate_limited ? `, ${count(lane.rate_limited)} of them rate limited` : "";
  return (
    <span
      className={low ? "font-semibold text-warn" : ""}
      title={`${count(lane.failures)} of ${count(lane.requests)} requests failed${limited}`}
    >
      {low && <span aria-hidden="true">▼ </span>}
      {percent(share, share === 100 ? 0 : 1)}
    </span>
  );
}

/** A second and more is not told in thousandths. */
export const interval = (ms: number): string => (ms < 1_000 ? milliseconds(ms) : duration(ms));

const Up = ({ us }: { readonly us: number | null | undefined }) => {
  const age = useAge(us);
  return <span title={us ? `since ${moment(us)} (${utc(us)})` : undefined}>{age}</span>;
};

const ErrorAge = ({ us }: { readonly us: number }) => <>{useAge(us)}</>;
