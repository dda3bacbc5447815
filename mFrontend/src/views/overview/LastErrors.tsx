/** The last five faults, newest first. */
import { Time } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Panel } from "@/parts/Panel";
import { Empty, Loading } from "@/parts/States";
import { useHeldTopic } from "@/stream/hooks";
import type { Fault } from "@/stream/messages";

const SHOWN_MAX = 5;

export function LastErrors() {
  const topic = useHeldTopic("errors");
  const faults = topic.rows.slice(-SHOWN_MAX).toReversed() as unknown as readonly Fault[];
  return (
    <Panel title="Last errors">
      {!topic.held ? (
        <Loading what="errors" />
      ) : faults.length === 0 ? (
        <Empty title="No errors">What goes wrong is told here, newest first.</Empty>
      ) : (
        <ul className="grid gap-1 p-3">
          {faults.map((it, at) => (
            <li key={`${it.at_us} ${at}`} className="flex min-w-0 items-baseline gap-2">
              <span className="text-sm text-soft">
                <Time us={it.at_us} />
              </span>
              <Badge tone={it.level === "warning" ? "warn" : "bad"}>{it.kind}</Badge>
              <span className="min-w-0 truncate" title={`${it.actor}: ${it.message}`}>
                <span className="text-soft">{it.actor}</span> {it.message}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
