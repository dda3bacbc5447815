/** The roads to the venue: how each lane of the account fares, and when it tries again. */
import { percent } from "@/format/decimal";
import { count, milliseconds } from "@/format/quantity";
import { duration } from "@/format/time";
import { Countdown, Since, Time } from "@/parts/Age";
import { Badge, StateBadge, wordOf } from "@/parts/Badge";
import { Facts, Panel } from "@/parts/Panel";
import { Empty, Loading } from "@/parts/States";
import { useHeldTopic } from "@/stream/hooks";
import { type Child, type Connection, isAway } from "@/stream/messages";
import { Anchor } from "./Section";

const NAMES: Readonly<Record<string, string>> = { rest: "REST polling", websocket: "WebSocket" };

export interface LanesProps {
  readonly actor: string;
  readonly child: Child | undefined;
}

export function Lanes({ actor, child }: LanesProps) {
  const away = isAway(child);
  const topic = useHeldTopic("connections");
  const lanes = (topic.rows as unknown as readonly Connection[]).filter((it) => it.actor === actor);
  return (
    <Anchor name="connections">
      <Panel title="Connections" className="h-full">
        {!topic.held ? (
          <Loading what="connections" rows={6} />
        ) : lanes.length === 0 ? (
          <Empty title="No connection yet">
            Its process has opened none; what it does is told beside.
          </Empty>
        ) : (
          <div className="grid gap-x-6 sm:grid-cols-2">
            {lanes.map((it) => (
              <Lane key={it.lane} it={it} away={away} />
            ))}
          </div>
        )}
      </Panel>
    </Anchor>
  );
}

interface LaneProps {
  readonly it: Connection;
  readonly away: boolean;
}

const Lane = ({ it, away }: LaneProps) => (
  <section aria-label={NAMES[it.lane] ?? it.lane} className="grid content-start gap-2 p-3">
    <h3 className="flex items-center gap-2 font-semibold">
      {NAMES[it.lane] ?? it.lane}{" "}
      {away ? (
        <Badge tone="bad" title={`It was ${wordOf(it.state)} when its process ended.`}>
          process away
        </Badge>
      ) : (
        <StateBadge state={it.state} />
      )}
    </h3>
    <Facts>
      {it.next_retry_us && !away && (
        <>
          <dt>next attempt</dt>
          <dd>
            in <Countdown us={it.next_retry_us} />, phase {it.phase}, attempt {it.attempt}
          </dd>
        </>
      )}
      <dt>in this state</dt>
      <dd>{it.since_us && !away ? <Since us={it.since_us} /> : "–"}</dd>
      <dt>last message</dt>
      <dd>
        {it.last_message_us ? (
          <>
            <Since us={it.last_message_us} /> ago
          </>
        ) : (
          "none yet"
        )}
      </dd>
      {it.requests > 0 ? <Polled it={it} /> : <Streamed it={it} />}
      <dt>latency</dt>
      <dd>{milliseconds(it.latency_ms)}</dd>
      <dt>connected</dt>
      <dd>{it.connects === 1 ? "once" : `${count(it.connects)} times`}</dd>
      <dt>last error</dt>
      <dd>
        {it.last_error ? (
          <>
            {it.last_error}{" "}
            <span className="text-soft">
              <Time us={it.last_error_us} />
            </span>
          </>
        ) : (
          "none"
        )}
      </dd>
    </Facts>
  </section>
);

const Polled = ({ it }: { readonly it: Connection }) => (
  <>
    <dt>success</dt>
    <dd>
      {percent((100 * (it.requests - it.failures)) / it.requests)} of {count(it.requests)} requests
      {it.rate_limited > 0 && `, ${count(it.rate_limited)} rate limited`}
    </dd>
    <dt>interval</dt>
    <dd>{it.interval_effective_ms > 0 ? duration(it.interval_effective_ms) : "–"}</dd>
  </>
);

const Streamed = ({ it }: { readonly it: Connection }) => (
  <>
    <dt>messages</dt>
    <dd>
      {count(it.messages)}
      {it.malformed > 0 && `, ${count(it.malformed)} malformed`}
    </dd>
    <dt>fresh for</dt>
    <dd>{duration(it.stale_after_ms)} after the last word</dd>
  </>
);
