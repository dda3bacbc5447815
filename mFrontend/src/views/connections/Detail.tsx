/** All that is known of one lane, and the orders that its account can be given. */
import { useQuery } from "@tanstack/react-query";
import { Link as To } from "wouter";
import { accountPath, actorPath } from "@/app/routes";
import { percent } from "@/format/decimal";
import { accountName, accountOfActor } from "@/format/names";
import { count, milliseconds } from "@/format/quantity";
import { duration } from "@/format/time";
import { Countdown, Since, Time } from "@/parts/Age";
import { Facts, Panel } from "@/parts/Panel";
import { useInSight } from "@/parts/sight";
import { Heard, State, interval } from "./LaneRow";
import { Orders } from "./Orders";
import { type Entry, type Lane, successPercent } from "./lanes";
import { pausesQuery } from "./queries";

export function Detail({
  entry,
  onClose,
}: {
  readonly entry: Entry;
  readonly onClose: () => void;
}) {
  const { actor, kind, lane, seen } = entry;
  const place = useInSight<HTMLDivElement>();
  const account = accountOfActor(actor);
  return (
    <Panel
      title={kind === "none" ? actor : `${actor}, ${kind}`}
      aside={
        <button type="button" className="button" aria-label={`Close ${actor}`} onClick={onClose}>
          ✕
        </button>
      }
    >
      <div ref={place} className="grid scroll-mt-24 gap-3 p-3">
        <State entry={entry} />
        {seen.why && <p className="rounded bg-raised px-3 py-2 break-words">{seen.why}</p>}
        <p className="flex flex-wrap gap-x-4 gap-y-1">
          {account && (
            <To
              href={accountPath(account.venue, account.account)}
              className="text-accent underline"
            >
              its account
            </To>
          )}
          <To href={actorPath(actor)} className="text-accent underline">
            its process
          </To>
        </p>
        {account ? (
          <AccountOrders account={accountName(account)} actor={actor} />
        ) : (
          <p className="text-soft">
            Orders are given to an account, or to all. A single stream connects anew when its
            process is restarted.
          </p>
        )}
        {lane && <OfLane lane={lane} entry={entry} />}
      </div>
    </Panel>
  );
}

function AccountOrders({ account, actor }: { readonly account: string; readonly actor: string }) {
  const pauses = useQuery(pausesQuery);
  const paused = pauses.data?.actors.find((it) => it.actor === actor)?.paused_since_us;
  const reconnect = { name: "reconnect", account } as const;
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Orders
        orders={[
          { ...reconnect, lane: "", label: "Reconnect both" },
          { ...reconnect, lane: "websocket", label: "WebSocket only" },
          { ...reconnect, lane: "rest", label: "REST only" },
          paused
            ? { name: "resume", account, lane: "", label: "Resume" }
            : { name: "pause", account, lane: "", label: "Pause" },
        ]}
      />
      {paused && (
        <p className="basis-full text-soft">
          Paused by the operator since <Time us={paused} /> (<Since us={paused} />
          ).
        </p>
      )}
    </div>
  );
}

const OfLane = ({ lane, entry }: { readonly lane: Lane; readonly entry: Entry }) => (
  <Facts>
    {lane.next_retry_us && (
      <>
        <dt>next attempt</dt>
        <dd>
          in <Countdown us={lane.next_retry_us} />
        </dd>
      </>
    )}
    <dt>phase, attempt</dt>
    <dd>
      {lane.phase}, {lane.attempt}
    </dd>
    <dt>{lane.state === "connected" ? "connected" : "in this state"}</dt>
    <dd>
      <Since us={lane.since_us} />, since <Time us={lane.since_us} />
    </dd>
    <dt>connects</dt>
    <dd>{count(lane.connects)} since its process began</dd>
    <dt>last heard</dt>
    <dd>
      <Heard entry={entry} />, at <Time us={lane.last_message_us} precise />
    </dd>
    <dt>stale after</dt>
    <dd>{duration(lane.stale_after_ms)} without a message</dd>
    {lane.lane === "rest" ? <OfRest lane={lane} /> : <OfSocket lane={lane} />}
    <dt>malformed</dt>
    <dd>{count(lane.malformed)} messages that could not be read</dd>
    <dt>leaves by</dt>
    <dd>{lane.exit_address || "this machine's own address"}</dd>
    <OfClock lane={lane} />
    <dt>last error</dt>
    <dd>
      {lane.last_error ? (
        <>
          {lane.last_error} (<Time us={lane.last_error_us} />)
        </>
      ) : (
        "none since its process began"
      )}
    </dd>
  </Facts>
);

const OfRest = ({ lane }: { readonly lane: Lane }) => (
  <>
    <dt>requests</dt>
    <dd>
      {count(lane.requests)}, {count(lane.failures)} failed, {count(lane.rate_limited)} rate limited
    </dd>
    <dt>success</dt>
    <dd>{percent(successPercent(lane), 2)}</dd>
    <dt>asks each</dt>
    <dd>{lane.interval_effective_ms ? interval(lane.interval_effective_ms) : "–"}</dd>
    <dt>last answer took</dt>
    <dd>{milliseconds(lane.latency_ms)}</dd>
  </>
);

const OfSocket = ({ lane }: { readonly lane: Lane }) => (
  <>
    <dt>messages</dt>
    <dd>{count(lane.messages)}</dd>
    <dt>ping</dt>
    <dd>{milliseconds(lane.latency_ms)} there and back</dd>
  </>
);

const OfClock = ({ lane }: { readonly lane: Lane }) =>
  lane.clock_offset_ms === null || lane.clock_offset_ms === undefined ? null : (
    <>
      <dt>venue's clock</dt>
      <dd>
        {Math.abs(lane.clock_offset_ms).toFixed(0)} ms{" "}
        {lane.clock_offset_ms < 0 ? "behind" : "ahead of"} ours, ±{" "}
        {(lane.clock_uncertainty_ms ?? 0).toFixed(0)} ms
      </dd>
    </>
  );
