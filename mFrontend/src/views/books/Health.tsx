/** Whether a book is proven whole, with the counts that say how often it was not. */
import { Time } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Facts } from "@/parts/Panel";
import { count } from "@/format/quantity";
import { duration } from "@/format/time";
import type { BookState } from "./feed";
import type { BookStatus } from "./markets";

export function Verified({ state, stale }: { readonly state: BookState; readonly stale: boolean }) {
  if (!state.held) return <Badge tone="calm">no book yet</Badge>;
  if (!state.verified || state.crossed)
    return (
      <Badge tone="bad" title={state.crossed || state.reason}>
        {state.crossed ? "crossed" : "not verified"}
      </Badge>
    );
  const says = "No gap in its sequence since its snapshot; checksums held where the venue has them.";
  return (
    <Badge tone={stale ? "calm" : "good"} sign="✓" title={says}>
      verified
    </Badge>
  );
}

const LATELY_US = 5 * 60_000_000;

const plural = (many: number, name: string): string =>
  `${count(many)} ${name}${many === 1 ? "" : "s"}`;

/** One line, and all counts behind it. */
export function Counts({ status }: { readonly status: BookStatus | undefined }) {
  if (!status)
    return <p className="h-7 border-t border-line px-2 text-sm leading-7 text-soft">no counts yet</p>;
  const faults = status.gaps + status.checksum_failures + status.crossed + status.malformed;
  const lately =
    status.last_gap_us !== null && (status.as_of_us ?? 0) - status.last_gap_us < LATELY_US;
  return (
    <details className="border-t border-line text-sm">
      <summary className={`h-7 truncate px-2 leading-7 ${lately ? "text-warn" : "text-soft"}`}>
        {lately && <span aria-hidden="true">⚠ </span>}
        {plural(faults, "fault")}, {plural(status.resyncs, "resync")}
        <span className="@max-xs:hidden"> in {plural(status.updates, "update")}</span>
      </summary>
      <div className="px-2 pb-2">
        <Facts>
          <dt>Updates</dt>
          <dd>{count(status.updates)}</dd>
          <dt>Snapshots</dt>
          <dd>{count(status.snapshots)}</dd>
          <dt>Gaps</dt>
          <dd>{count(status.gaps)}</dd>
          <dt>Resyncs</dt>
          <dd>{count(status.resyncs)}</dd>
          <dt>Checksum failures</dt>
          <dd>{count(status.checksum_failures)}</dd>
          <dt>Crossed</dt>
          <dd>{count(status.crossed)}</dd>
          <dt>Malformed</dt>
          <dd>{count(status.malformed)}</dd>
          <dt>Last gap</dt>
          <dd>{status.last_gap_us ? <Time us={status.last_gap_us} /> : "none"}</dd>
          <dt>Longest outage</dt>
          <dd>{duration(status.longest_outage_ms)}</dd>
          <dt>Stream</dt>
          <dd>
            {status.state}
            {status.connected ? ", connected" : ", not connected"}
          </dd>
        </Facts>
      </div>
    </details>
  );
}
