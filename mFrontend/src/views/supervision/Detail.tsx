/** All that is known of one process, and the orders that an operator may give it. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ApiProblem } from "@/api/client";
import { historyOfActor } from "@/api/queries";
import { useChoice } from "@/app/address";
import { bytes, count, milliseconds } from "@/format/quantity";
import { percent } from "@/format/decimal";
import { duration } from "@/format/time";
import { Countdown, Since, Time } from "@/parts/Age";
import { StateBadge } from "@/parts/Badge";
import { Confirm } from "@/parts/Confirm";
import { Facts, Panel } from "@/parts/Panel";
import { StaleMark } from "@/parts/Number";
import { ErrorState, Loading } from "@/parts/States";
import { useInSight } from "@/parts/sight";
import type { Child } from "@/stream/messages";
import type { Verdict } from "@/stream/verdict";
import { ORDERS, type OrderName, ordersOf, useOrder } from "./actions";
import { type Incarnation, ending } from "./bands";
import { SPANS, type Span, Timeline } from "./Timeline";

const CHOICES = Object.keys(SPANS) as [Span, ...Span[]];

export function Detail({
  child,
  verdict,
  onClose,
}: {
  readonly child: Child;
  readonly verdict: Verdict;
  readonly onClose: () => void;
}) {
  const [span, setSpan] = useChoice("span", CHOICES);
  const place = useInSight<HTMLDivElement>();
  return (
    <Panel
      title={child.actor}
      aside={
        <>
          <StateBadge state={child.state} title={child.reason} />
          {verdict.stale && <StaleMark />}
          <button
            type="button"
            className="button"
            aria-label={`Close ${child.actor}`}
            onClick={onClose}
          >
            ✕
          </button>
        </>
      }
    >
      <div ref={place} className="grid scroll-mt-24 gap-4 p-3">
        <Orders child={child} />
        {child.reason && <p className="break-words rounded bg-raised px-3 py-2">{child.reason}</p>}
        <section aria-label="Restart timeline" className="grid gap-2">
          <div className="flex items-center justify-between gap-2">
            <h3 className="font-semibold">Restarts</h3>
            <div role="group" aria-label="Time span" className="flex gap-1">
              {CHOICES.map((it) => (
                <button
                  key={it}
                  type="button"
                  className="button aria-pressed:border-accent"
                  aria-pressed={it === span}
                  onClick={() => setSpan(it)}
                >
                  {it}
                </button>
              ))}
            </div>
          </div>
          <Timeline child={child} span={span} heardUs={verdict.stale ? verdict.asOfUs : null} />
        </section>
        <div className={verdict.stale ? "stale **:text-faint" : ""}>
          <OfProcess child={child} stale={verdict.stale} />
        </div>
        <History actor={child.actor} endedUs={child.last_exit?.ended_us} />
      </div>
    </Panel>
  );
}

function Orders({ child }: { readonly child: Child }) {
  const [asked, setAsked] = useState<OrderName | null>(null);
  const order = useOrder();
  const give = (name: OrderName): void => {
    setAsked(null);
    order.mutate({ actor: child.actor, order: name });
  };
  const refused =
    order.error instanceof ApiProblem && order.error.status !== 401 ? order.error : null;
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap gap-2">
        {ordersOf(child.state).map((name) => (
          <button
            key={name}
            type="button"
            className="button"
            disabled={order.isPending}
            onClick={() => (ORDERS[name].sure ? setAsked(name) : give(name))}
          >
            {ORDERS[name].verb}
          </button>
        ))}
      </div>
      {refused && (
        <p role="alert" className="break-words text-bad">
          ▲ {refused.problem.title}: {refused.message}
        </p>
      )}
      {order.data?.note && <p className="break-words text-soft">{order.data.note}</p>}
      {asked && (
        <Confirm
          title={`${ORDERS[asked].verb} ${child.actor}?`}
          says={ORDERS[asked].sure ?? ""}
          verb={ORDERS[asked].verb}
          onYes={() => give(asked)}
          onNo={() => setAsked(null)}
        />
      )}
    </div>
  );
}

const OfProcess = ({ child, stale }: { readonly child: Child; readonly stale: boolean }) => (
  <Facts>
    {child.next_restart_us && (
      <>
        <dt>next attempt</dt>
        <dd>
          in <Countdown us={child.next_restart_us} />, phase {child.phase}, attempt {child.attempt}
        </dd>
      </>
    )}
    <dt>pid, epoch</dt>
    <dd>
      {child.pid ?? "–"}, {child.epoch}
    </dd>
    <dt>started</dt>
    <dd>
      <Time us={child.started_us} />
      {child.pid && !stale ? (
        <>
          {" "}
          (<Since us={child.started_us} />)
        </>
      ) : null}
    </dd>
    <dt>memory</dt>
    <dd>
      {bytes(child.private_bytes)} own, {bytes(child.rss_bytes)} with what is shared
    </dd>
    <dt>CPU</dt>
    <dd>{percent(child.cpu_percent)}</dd>
    <dt>queue</dt>
    <dd>{count(child.queue_depth)}</dd>
    <dt>last frame</dt>
    <dd>
      {child.last_frame_age_ms === null
        ? "–"
        : `${milliseconds(child.last_frame_age_ms)} before its last heartbeat`}
    </dd>
    <dt>restarts</dt>
    <dd>{count(child.restarts)}</dd>
  </Facts>
);

function History({
  actor,
  endedUs,
}: {
  readonly actor: string;
  readonly endedUs: number | null | undefined;
}) {
  const { data, error, refetch } = useQuery({
    ...historyOfActor(actor, endedUs),
    placeholderData: keepPreviousData,
  });
  if (error && !data)
    return <ErrorState what="Earlier incarnations" error={error} retry={() => void refetch()} />;
  if (!data) return <Loading what="earlier incarnations" />;
  return (
    <section aria-label="Earlier incarnations" className="grid gap-2">
      <h3 className="font-semibold">Earlier incarnations</h3>
      {data.incarnations.length === 0 && (
        <p className="text-soft">None: it runs since it was first started.</p>
      )}
      {data.incarnations.map((it) => (
        <Ended key={`${it.epoch} ${it.started_us}`} it={it} />
      ))}
    </section>
  );
}

const Ended = ({ it }: { readonly it: Incarnation }) => (
  <details className="rounded border border-line px-3 py-1">
    <summary className="cursor-pointer">
      <Time us={it.ended_us} />: {ending(it)}, after {duration(it.uptime_ms)}
    </summary>
    <div className="grid gap-2 py-2">
      <Facts>
        <dt>pid, epoch</dt>
        <dd>
          {it.pid}, {it.epoch}
        </dd>
        <dt>memory</dt>
        <dd>{bytes(it.rss_bytes)}</dd>
        <dt>CPU time</dt>
        <dd>{milliseconds(it.cpu_ms)}</dd>
      </Facts>
      <Dump name="Dump" text={it.dump} />
      <Dump name="Last lines" text={(it.last_lines ?? []).join("\n")} />
    </div>
  </details>
);

const Dump = ({ name, text }: { readonly name: string; readonly text: string }) =>
  text ? (
    <pre
      tabIndex={0}
      aria-label={name}
      className="max-h-60 overflow-auto rounded bg-ground p-2 font-mono text-xs whitespace-pre-wrap"
    >
      {text}
    </pre>
  ) : null;
