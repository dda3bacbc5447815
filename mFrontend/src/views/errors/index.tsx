/** What went wrong, faults of one cause as one, newest first. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { queries } from "@/api/queries";
import { useChoice, useParameter } from "@/app/address";
import { Time } from "@/parts/Age";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { useTopic, useVerdict } from "@/stream/hooks";
import { SPANS, type Span } from "./Bars";
import { Clear } from "./Clear";
import { Detail } from "./Detail";
import { List } from "./List";
import { errorsQuery } from "./actions";
import { GROUPINGS, type Heard, choicesOf, groups, isShown } from "./groups";

const SPAN_CHOICES = Object.keys(SPANS) as [Span, ...Span[]];
const GROUPING_WORDS = { cause: "by cause", actor: "by actor and kind" } as const;
const NONE: readonly never[] = [];

/** All groups: what the service holds, and what the stream told since. */
function useGroups(by: (typeof GROUPINGS)[number]) {
  const topic = useTopic("errors");
  const told = useQuery(errorsQuery);
  const many = topic.rows.length;
  const before = useRef(many);
  useEffect(() => {
    // Fewer than before: somebody has cleared them, here or elsewhere.
    if (many < before.current)
      void queries.invalidateQueries({ queryKey: errorsQuery.queryKey });
    before.current = many;
  }, [many]);
  const found = useMemo(
    () => groups(told.data?.errors ?? NONE, topic.rows as unknown as readonly Heard[], by),
    [told.data, topic.rows, by],
  );
  return { topic, told, found };
}

export default function Errors() {
  const [by, setBy] = useChoice("group", GROUPINGS);
  const { topic, told, found } = useGroups(by);
  const verdict = useVerdict(topic);
  const [span, setSpan] = useChoice("span", SPAN_CHOICES);
  const [open, setOpen] = useParameter("open");
  const [search, setSearch] = useParameter("search");
  const [source, setSource] = useParameter("source");
  const [kind, setKind] = useParameter("kind");
  const [level, setLevel] = useParameter("level");
  const choices = useMemo(() => choicesOf(found), [found]);
  const shown = useMemo(
    () => found.filter((it) => isShown(it, { search, source, kind, level })),
    [found, search, source, kind, level],
  );
  const selected = found.find((it) => it.key === open);
  const toggle = useCallback(
    (key: string) => setOpen(key === open ? "" : key),
    [open, setOpen],
  );
  const held = topic.held || told.data !== undefined;
  const total = found.reduce((sum, it) => sum + it.count, 0);
  return (
    <>
      <h1 className="visually-hidden">Errors</h1>
      {verdict.stale && topic.held && (
        <Stale>{verdict.reason}; what goes wrong meanwhile is not shown.</Stale>
      )}
      <div
        className={`grid items-start gap-3 ${selected ? "xl:grid-cols-[minmax(0,1fr)_28rem]" : ""}`}
      >
        <Panel
          title={headline(held ? found.length : 0, total)}
          aside={
            <>
              <input
                className="field w-40"
                type="search"
                aria-label="Search errors"
                placeholder="Search"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
              />
              <Pick
                label="Level"
                value={level}
                all="all levels"
                choices={choices.levels}
                onPick={setLevel}
              />
              <Pick
                label="Kind"
                value={kind}
                all="all kinds"
                choices={choices.kinds}
                onPick={setKind}
              />
              <Pick
                label="Source"
                value={source}
                all="all sources"
                choices={choices.sources}
                onPick={setSource}
              />
              <Pick
                label="Grouped"
                value={by}
                choices={GROUPINGS}
                words={GROUPING_WORDS}
                onPick={setBy}
              />
              <Pick
                label="Bars over"
                value={span}
                choices={SPAN_CHOICES}
                onPick={setSpan}
              />
              <Clear many={total} />
            </>
          }
        >
          {told.error && !held ? (
            <ErrorState what="Errors" error={told.error} retry={() => void told.refetch()} />
          ) : !held ? (
            <Loading what="errors" rows={6} />
          ) : found.length === 0 ? (
            <AllWell clearedUs={told.data?.cleared_us ?? null} />
          ) : shown.length === 0 ? (
            <Empty title="No error fits">Search and filters leave none of {found.length}.</Empty>
          ) : (
            <List
              // Other filters are another list; nothing of it is new.
              key={[by, search, source, kind, level].join("\n")}
              groups={shown}
              selected={open}
              span={span}
              onOpen={toggle}
            />
          )}
        </Panel>
        {selected && (
          <Detail key={selected.key} group={selected} span={span} onClose={() => setOpen("")} />
        )}
      </div>
    </>
  );
}

const headline = (many: number, total: number): string =>
  many ? `Errors (${total} in ${many === 1 ? "1 group" : `${many} groups`})` : "Errors";

/** Nothing to see is what everybody hopes for. */
const AllWell = ({ clearedUs }: { readonly clearedUs: number | null }) => (
  <div className="flex min-h-40 flex-col items-center justify-center gap-2 p-6 text-center">
    <span aria-hidden="true" className="text-3xl text-good">
      ✓
    </span>
    <p className="font-semibold">Nothing went wrong</p>
    <p className="max-w-prose text-soft">
      {clearedUs ? (
        <>
          since an operator cleared all errors at <Time us={clearedUs} />.
        </>
      ) : (
        "No actor has told of a fault. One that comes is shown here at once."
      )}
    </p>
  </div>
);

interface PickProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly T[];
  readonly onPick: (value: T) => void;
  /** What stands for no choice. */
  readonly all?: string;
  readonly words?: Readonly<Record<string, string>>;
}

function Pick<T extends string>({ label, value, choices, onPick, all, words }: PickProps<T>) {
  // What the address names stays to be seen, though nothing has it now.
  const offered = value && !choices.includes(value) ? [value, ...choices] : choices;
  return (
    <select
      className="field max-w-44"
      aria-label={label}
      value={value}
      onChange={(event) => onPick(event.target.value as T)}
    >
      {all && <option value="">{all}</option>}
      {offered.map((it) => (
        <option key={it} value={it}>
          {words?.[it] ?? it}
        </option>
      ))}
    </select>
  );
}
