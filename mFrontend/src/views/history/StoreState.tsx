/** How the store of history fares: where it is, what waits for it, what was lost, what it said. */
import { useQuery } from "@tanstack/react-query";
import { count, bytes } from "@/format/quantity";
import { AsOf, Since, Time } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Facts, Panel } from "@/parts/Panel";
import { ErrorState, Loading, Stale } from "@/parts/States";
import { useAnswerVerdict } from "@/stream/answer";
import { storeQuery, supabaseQuery } from "./queries";
import { type StoreStatus, kindOf, losses } from "./store_state";

export function StoreState() {
  const asked = useQuery(storeQuery);
  const verdict = useAnswerVerdict({ error: asked.error, askedUs: asked.data?.askedUs });
  const status = asked.data?.status;
  return (
    <Panel
      title="Store"
      aside={
        <>
          {status && <Connected status={status} />}
          <AsOf verdict={verdict} />
        </>
      }
    >
      {verdict.stale && <Stale>Not asked anew: {verdict.reason}</Stale>}
      {status ? (
        <div className="grid gap-x-8 gap-y-4 p-3 lg:grid-cols-2">
          <Told status={status} />
          <Supabase />
        </div>
      ) : asked.error ? (
        <ErrorState what="Store" error={asked.error} retry={() => void asked.refetch()} />
      ) : (
        <Loading what="the store's state" rows={4} />
      )}
    </Panel>
  );
}

const Connected = ({ status }: { readonly status: StoreStatus }) =>
  !status.configured ? (
    <Badge tone="calm">not configured</Badge>
  ) : status.connected ? (
    <Badge tone="good">connected</Badge>
  ) : (
    <Badge tone="bad">away</Badge>
  );

const Told = ({ status }: { readonly status: StoreStatus }) => (
  <Facts>
    <dt>kept in</dt>
    <dd>{kindOf(status.kind)}</dd>
    {status.reason && (
      <>
        <dt>reason</dt>
        <dd>{status.reason}</dd>
      </>
    )}
    <dt>last write</dt>
    <dd>
      {status.last_write_us ? (
        <>
          <Since us={status.last_write_us} /> ago, <Time us={status.last_write_us} />
        </>
      ) : (
        "–"
      )}
    </dd>
    <dt>written</dt>
    <dd>
      {count(status.rows_written)} rows
      {status.since_us && (
        <>
          {" "}
          since <Time us={status.since_us} />
        </>
      )}
    </dd>
    <dt>waiting</dt>
    <dd>{count(status.queue_length)} events</dd>
    <dt>spool</dt>
    <dd>
      {bytes(status.spool_bytes)} of {bytes(status.spool_bytes_max)}
      {status.spool_failing && <span className="text-bad"> ▲ cannot be written</span>}
    </dd>
    <dt>lost</dt>
    <dd>
      {losses(status).length === 0
        ? status.configured && status.gaps !== null
          ? "nothing"
          : "–"
        : losses(status).map((it) => (
            <p key={it} className="text-warn">
              ◐ {it}
            </p>
          ))}
    </dd>
    <dt>last error</dt>
    <dd>
      {status.last_error ? (
        <>
          {status.last_error}, <Time us={status.last_error_us} />
        </>
      ) : status.last_error === "" ? (
        "none"
      ) : (
        "–"
      )}
    </dd>
  </Facts>
);

function Supabase() {
  const { data, error } = useQuery(supabaseQuery);
  return (
    <Facts>
      <dt>Supabase</dt>
      <dd>
        {data ? (
          data.configured ? (
            <Connected status={data} />
          ) : (
            <>
              <Badge tone="calm">not in use</Badge>
              <span className="block text-sm text-soft">{data.reason}</span>
            </>
          )
        ) : error ? (
          <span className="text-warn">not known: {error.message}</span>
        ) : (
          "…"
        )}
      </dd>
    </Facts>
  );
}
