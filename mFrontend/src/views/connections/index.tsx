/** Every connection to every venue: whether it stands, why not, and when it tries again. */
import { useMemo, useState } from "react";
import { useChoice, useParameter } from "@/app/address";
import { AsOf } from "@/parts/Age";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { useVerdict } from "@/stream/hooks";
import { Budgets } from "./Budgets";
import { Detail } from "./Detail";
import { Lanes } from "./Lanes";
import { Orders } from "./Orders";
import { Summary } from "./Summary";
import { useEntries } from "./entries";
import { type Choice, KINDS, ORDERS, SHOWN, groups, isShown } from "./lanes";

export default function Connections() {
  const { topic, health, entries } = useEntries();
  const verdict = useVerdict(topic);
  const { choice, bar } = useFilters(useMemo(() => venuesOf(entries), [entries]));
  const [lane, setLane] = useParameter("lane");
  const [current, setCurrent] = useState(lane);
  const found = useMemo(
    () =>
      groups(
        entries.filter((it) => isShown(it, choice)),
        choice.order,
      ),
    [entries, choice],
  );
  const selected = entries.find((it) => it.key === lane);
  const known = topic.held || entries.length > 0;
  const narrowed = choice.venue ? { venue: choice.venue } : {};
  return (
    <>
      <h1 className="visually-hidden">Connections</h1>
      {verdict.stale && topic.held && <Stale>{verdict.reason}</Stale>}
      <Summary entries={entries} told={known} stale={verdict.stale} />
      <div
        className={`grid items-start gap-3 ${selected ? "xl:grid-cols-[minmax(0,1fr)_25rem]" : ""}`}
      >
        <Panel
          title={known ? `Lanes (${entries.length})` : "Lanes"}
          aside={
            <>
              {known && <AsOf verdict={verdict} />}
              {bar}
            </>
          }
        >
          <div className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-1.5">
            <span className="text-sm text-soft">
              {choice.venue ? `all at ${choice.venue}:` : "all accounts and streams:"}
            </span>
            <Orders
              orders={[
                { ...narrowed, name: "reconnect", lane: "", label: "Reconnect all" },
                { ...narrowed, name: "pause", lane: "", label: "Pause all" },
                { ...narrowed, name: "resume", lane: "", label: "Resume all" },
              ]}
            />
          </div>
          {health.error && !known ? (
            <ErrorState
              what="Connections"
              error={health.error}
              retry={() => void health.refetch()}
            />
          ) : !known ? (
            <Loading what="lanes" rows={12} />
          ) : entries.length === 0 ? (
            <Empty title="No lanes">
              An actor tells of its connections once it runs; Supervision shows whether any does.
            </Empty>
          ) : found.length === 0 ? (
            <Empty title="No lane fits">
              {choice.show === "needs attention"
                ? "Nothing needs attention: all lanes are as they should be."
                : "Search and filters leave none."}
            </Empty>
          ) : (
            <Lanes
              groups={found}
              stale={verdict.stale}
              selected={lane}
              current={current}
              onCurrent={setCurrent}
              onOpen={setLane}
            />
          )}
        </Panel>
        {selected && <Detail key={selected.key} entry={selected} onClose={() => setLane("")} />}
      </div>
      <Budgets venue={choice.venue} search={choice.search} />
    </>
  );
}

const venuesOf = (entries: readonly { readonly venue: string }[]): readonly string[] =>
  [...new Set(entries.map((it) => it.venue))].toSorted();

function useFilters(venues: readonly string[]) {
  const [search, setSearch] = useParameter("search");
  const [venue, setVenue] = useParameter("venue");
  const [kind, setKind] = useChoice("kind", KINDS);
  const [show, setShow] = useChoice("show", SHOWN);
  const [order, setOrder] = useChoice("sort", ORDERS);
  const choice = useMemo(
    (): Choice => ({ search, venue, kind, show, order }),
    [search, venue, kind, show, order],
  );
  const bar = (
    <>
      <input
        className="field w-36"
        type="search"
        aria-label="Search lanes"
        placeholder="Search"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <Select
        label="Venue"
        value={venue}
        onChange={setVenue}
        choices={["", ...venues]}
        words={{ "": "all venues" }}
      />
      <Select label="Kind of lane" value={kind} onChange={setKind} choices={KINDS} />
      <Select label="Which lanes" value={show} onChange={setShow} choices={SHOWN} />
      <Select label="Sorted by" value={order} onChange={setOrder} choices={ORDERS} before="by " />
    </>
  );
  return { choice, bar };
}

interface SelectProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly T[];
  readonly onChange: (value: T) => void;
  readonly words?: Readonly<Record<string, string>>;
  readonly before?: string;
}

function Select<T extends string>(props: SelectProps<T>) {
  const { label, value, choices, onChange, words, before = "" } = props;
  return (
    <select
      className="field"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value as T)}
    >
      {choices.map((it) => (
        <option key={it} value={it}>
          {before}
          {words?.[it] ?? it}
        </option>
      ))}
    </select>
  );
}
