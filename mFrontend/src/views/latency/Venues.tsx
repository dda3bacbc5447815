/** Each venue's figures, and how far its clock is from ours. */
import { milliseconds } from "@/format/quantity";
import { Badge } from "@/parts/Badge";
import { Panel } from "@/parts/Panel";
import { Empty } from "@/parts/States";
import { useAge } from "@/stream/hooks";
import { type Clock, type Row, clockWords, together } from "./legs";
import { Took } from "./Waterfall";

interface VenuesProps {
  readonly rows: readonly Row[];
  readonly clocks: readonly Clock[];
}

export function Venues({ rows, clocks }: VenuesProps) {
  const venues = [...new Set([...rows.map((it) => it.venue), ...clocks.map((it) => it.venue)])]
    .filter(Boolean)
    .toSorted();
  return (
    <Panel title="Venues and their clocks">
      {venues.length === 0 ? (
        <Empty title="No venue">Its clock is measured with its first REST answer.</Empty>
      ) : (
        <div className="grid gap-3 p-3">
          {venues.map((venue) => (
            <Venue
              key={venue}
              venue={venue}
              rows={rows.filter((it) => it.venue === venue)}
              clock={clocks.find((it) => it.venue === venue)}
            />
          ))}
          <details className="text-sm text-soft">
            <summary className="cursor-pointer">How sure is that?</summary>
            <p className="pt-1">
              A REST answer carries the venue's time in whole seconds, and took a while itself: that
              is the uncertainty, and many answers narrow it. As long as it allows both clocks to be
              right, they are taken for right; else <em>venue → actor</em> is corrected by the least
              that it demands. Where a figure there is below 0, the clocks disagree by that much.
            </p>
          </details>
        </div>
      )}
    </Panel>
  );
}

interface VenueProps {
  readonly venue: string;
  readonly rows: readonly Row[];
  readonly clock: Clock | undefined;
}

function Venue({ venue, rows, clock }: VenueProps) {
  const figures = together(rows.map((it) => it.fromVenue));
  const slowest = rows.toSorted(
    (a, b) => (b.fromVenue.p99_ms ?? -Infinity) - (a.fromVenue.p99_ms ?? -Infinity),
  )[0];
  return (
    <section aria-label={venue} className="grid gap-1">
      <h3 className="flex justify-between gap-2 font-semibold">
        {venue} <span className="text-sm font-normal text-soft">{rows.length} actors</span>
      </h3>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-0.5 [&>dd]:min-w-0 [&>dt]:text-soft">
        <dt title="venue → actor, of the middle actor">p50</dt>
        <dd>
          <Took ms={figures.p50_ms} />
        </dd>
        <dt title="venue → actor, of the slowest actor">p99</dt>
        <dd className="truncate" title={slowest?.actor}>
          <Took ms={figures.p99_ms} />
          {figures.count > 0 && <span className="text-soft"> {slowest?.actor}</span>}
        </dd>
        <dt>clock</dt>
        <dd>{clock ? <Offset clock={clock} /> : "not measured yet"}</dd>
      </dl>
    </section>
  );
}

function Offset({ clock }: { readonly clock: Clock }) {
  const { agrees, words } = clockWords(clock);
  const age = useAge(clock.measured_us);
  const sign = clock.offset_ms < 0 ? "−" : "+";
  return (
    <span className="grid gap-0.5" title={`measured by ${clock.source}, ${age} ago; as far as it can be measured`}>
      <span>
        {sign}
        {milliseconds(Math.abs(clock.offset_ms))}{" "}
        <span className="text-soft">± {milliseconds(clock.uncertainty_ms)}</span>
      </span>
      <span className="[&>span]:whitespace-normal">
        <Badge tone={agrees ? "good" : "warn"}>{words}</Badge>
      </span>
    </span>
  );
}
