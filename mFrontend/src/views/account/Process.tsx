/** The process that looks after the account. */
import { Link as To } from "wouter";
import { actorPath } from "@/app/routes";
import { percent } from "@/format/decimal";
import { bytes, count } from "@/format/quantity";
import { Countdown, Since, Time } from "@/parts/Age";
import { StateBadge } from "@/parts/Badge";
import { Facts, Panel } from "@/parts/Panel";
import { Empty, Loading } from "@/parts/States";
import { useHeldTopic } from "@/stream/hooks";
import type { Child } from "@/stream/messages";
import { Anchor } from "./Section";

export function Process({ actor }: { readonly actor: string }) {
  const topic = useHeldTopic("supervision");
  const child = (topic.rows as unknown as readonly Child[]).find((it) => it.actor === actor);
  return (
    <Anchor name="process">
      <Panel
        title="Process"
        className="h-full"
        aside={
          child && (
            <To href={actorPath(actor)} className="text-accent underline">
              {actor}
            </To>
          )
        }
      >
        {!topic.held ? (
          <Loading what="the process" />
        ) : child ? (
          <OfChild child={child} />
        ) : (
          <Empty title="No process">The supervisor has none of this name: {actor}.</Empty>
        )}
      </Panel>
    </Anchor>
  );
}

const OfChild = ({ child }: { readonly child: Child }) => (
  <div className="grid gap-2 p-3">
    <p className="flex flex-wrap items-baseline gap-2">
      <StateBadge state={child.state} />
      {child.reason && <span className="min-w-0 break-words">{child.reason}</span>}
    </p>
    <Facts>
      {child.next_restart_us && (
        <>
          <dt>next attempt</dt>
          <dd>
            in <Countdown us={child.next_restart_us} />, phase {child.phase}, attempt{" "}
            {child.attempt}
          </dd>
        </>
      )}
      <dt>running</dt>
      <dd>
        {child.pid ? (
          <>
            <Since us={child.started_us} />, pid {child.pid}
          </>
        ) : (
          "no"
        )}
      </dd>
      <dt>restarts</dt>
      <dd>{count(child.restarts)}</dd>
      <dt>last end</dt>
      <dd>
        {child.last_exit ? (
          <>
            {child.last_exit.cause} <Time us={child.last_exit.ended_us} />
          </>
        ) : (
          "none since the service began"
        )}
      </dd>
      <dt>memory, CPU</dt>
      <dd>
        {bytes(child.private_bytes)} own, {percent(child.cpu_percent)}
      </dd>
    </Facts>
  </div>
);
