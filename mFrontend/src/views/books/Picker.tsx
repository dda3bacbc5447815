/** Chooses a market: type a few letters, arrows, Enter. What runs already stands first. */
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { marketsQuery } from "@/api/queries";
import { Badge } from "@/parts/Badge";
import { Dialog } from "@/parts/Dialog";
import { ErrorState, Loading } from "@/parts/States";
import { type Choice, choices, fitting, statusesQuery } from "./markets";

const LISTED_MAX = 60;

interface PickerProps {
  readonly onChoose: (topic: string) => void;
  readonly onClose: () => void;
  /** Shown in other places already. */
  readonly taken: ReadonlySet<string>;
}

export function Picker({ onChoose, onClose, taken }: PickerProps) {
  const instruments = useQuery(marketsQuery);
  const statuses = useQuery(statusesQuery);
  const [search, setSearch] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const all = useMemo(
    () => choices(instruments.data?.markets ?? [], statuses.data ?? []),
    [instruments.data, statuses.data],
  );
  const found = useMemo(() => fitting(all, search), [all, search]);
  const shown = found.slice(0, LISTED_MAX);
  const current = Math.min(at, shown.length - 1);
  const choose = (choice: Choice | undefined): void => {
    if (!choice) return;
    onChoose(choice.topic);
    onClose();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((current + step + shown.length) % Math.max(1, shown.length));
    else if (event.key === "Enter") choose(shown[current]);
    else return;
    event.preventDefault();
  };
  const place = useRef<HTMLUListElement>(null);
  useEffect(() => {
    place.current?.children[current]?.scrollIntoView({ block: "nearest" });
  }, [current]);
  return (
    <Dialog title="Choose a market" onClose={onClose}>
      <input
        className="field w-full"
        role="combobox"
        aria-label="Search markets"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={shown[current] ? `${list}-${current}` : undefined}
        placeholder="Venue, symbol or asset"
        autoFocus
        autoComplete="off"
        spellCheck={false}
        value={search}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setSearch(event.target.value);
          setAt(0);
        }}
      />
      <ul
        ref={place}
        id={list}
        role="listbox"
        aria-label="Markets"
        className="mt-3 max-h-[50dvh] min-h-48 overflow-auto"
      >
        {shown.map((it, index) => (
          <Option
            key={it.topic}
            id={`${list}-${index}`}
            choice={it}
            current={index === current}
            taken={taken.has(it.topic)}
            onPoint={() => setAt(index)}
            onChoose={() => choose(it)}
          />
        ))}
      </ul>
      {shown.length === 0 && <Nothing {...{ instruments, search }} />}
      <p className="mt-2 text-sm text-soft">
        {found.length > LISTED_MAX
          ? `${LISTED_MAX} of ${found.length}; more letters find the others. `
          : ""}
        A market that nobody watches yet is started when it is chosen, and ends 30 s after the last
        one has left it.
      </p>
    </Dialog>
  );
}

interface OptionProps {
  readonly id: string;
  readonly choice: Choice;
  readonly current: boolean;
  readonly taken: boolean;
  readonly onPoint: () => void;
  readonly onChoose: () => void;
}

const Option = ({ id, choice, current, taken, onPoint, onChoose }: OptionProps) => (
  <li
    id={id}
    role="option"
    aria-selected={current}
    className="flex cursor-pointer items-center gap-3 rounded px-2 py-1 aria-selected:bg-raised aria-selected:outline aria-selected:-outline-offset-1 aria-selected:outline-accent"
    onPointerMove={onPoint}
    onClick={onChoose}
  >
    <span className="w-24 flex-none truncate text-soft">{choice.venue}</span>
    <span className="min-w-0 grow truncate font-semibold">{choice.symbol}</span>
    <span className="text-sm text-soft max-sm:hidden">{choice.product}</span>
    {taken && <span className="text-sm text-soft">shown</span>}
    {choice.running ? <Badge tone="good">running</Badge> : <Badge tone="calm">starts</Badge>}
  </li>
);

interface NothingProps {
  readonly instruments: {
    readonly error: unknown;
    readonly isPending: boolean;
    readonly refetch: () => unknown;
  };
  readonly search: string;
}

function Nothing({ instruments, search }: NothingProps) {
  if (instruments.error)
    return (
      <ErrorState
        what="Markets"
        error={instruments.error}
        retry={() => void instruments.refetch()}
      />
    );
  if (instruments.isPending) return <Loading what="markets" />;
  return (
    <p className="px-2 text-soft">
      {search ? "No market is called so." : "No venue has told its markets yet."}
    </p>
  );
}
