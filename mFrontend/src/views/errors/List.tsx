/** The groups, one below the other; it stands still while somebody reads it. */
import { type KeyboardEvent, memo, useRef, useState } from "react";
import { useKeys } from "@/app/keys";
import { count } from "@/format/quantity";
import { moment, utc } from "@/format/time";
import { useAge } from "@/stream/hooks";
import { Bars, type Span } from "./Bars";
import { Level } from "./Level";
import type { Group } from "./groups";
import { steady } from "./steady";

interface ListProps {
  /** Newest first. */
  readonly groups: readonly Group[];
  readonly selected: string;
  readonly span: Span;
  readonly onOpen: (key: string) => void;
}

export function List({ groups, selected, span, onOpen }: ListProps) {
  const place = useRef<HTMLUListElement>(null);
  const [order, setOrder] = useState<readonly string[] | null>(null);
  const { shown, fresh } = steady(groups, order);
  const hold = (): void => setOrder((held) => held ?? groups.map((it) => it.key));
  const release = (): void => {
    const list = place.current;
    const read = list && (list.scrollTop > 0 || list.matches(":hover, :focus-within"));
    if (!read && !selected) setOrder(null);
  };
  const show = (): void => {
    setOrder(groups.map((it) => it.key));
    place.current?.scrollTo({ top: 0 });
  };
  const go = (step: number): void => {
    const buttons = [...(place.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    const at = buttons.findIndex((it) => it === document.activeElement);
    buttons[Math.min(buttons.length - 1, Math.max(0, at + step))]?.focus();
  };
  const keys = [
    { keys: "j", says: "next row", group: "Tables", run: () => go(1) },
    { keys: "k", says: "previous row", group: "Tables", run: () => go(-1) },
    { keys: "n", says: "show what is new", group: "Errors", run: show },
  ];
  useKeys(keys, place);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    go(step);
  };
  return (
    <>
      {/* Keeps its place, so that nothing moves when something comes. */}
      <div className="flex min-h-9 items-center gap-3 border-b border-line px-3 py-0.5 text-sm text-soft">
        {fresh > 0 ? (
          <button type="button" className="button" onClick={show}>
            <span aria-hidden="true">↑</span> {fresh} new, show <kbd className="key">n</kbd>
          </button>
        ) : (
          <span>
            {order === null
              ? "newest first, moves as they come"
              : "stands still while you read; counts go on"}
          </span>
        )}
      </div>
      <ul
        ref={place}
        aria-label="Groups of errors"
        className="max-h-[max(20rem,calc(100dvh-14rem))] overflow-auto"
        onPointerEnter={hold}
        onPointerLeave={release}
        onFocus={hold}
        onBlur={release}
        onScroll={hold}
        onKeyDown={onKeyDown}
      >
        {shown.map((it) => (
          <Row
            key={it.key}
            group={it}
            span={span}
            selected={it.key === selected}
            onOpen={onOpen}
          />
        ))}
      </ul>
    </>
  );
}

interface RowProps {
  readonly group: Group;
  readonly span: Span;
  readonly selected: boolean;
  readonly onOpen: (key: string) => void;
}

const Row = memo(function Row({ group, span, selected, onOpen }: RowProps) {
  const [first] = group.actors;
  const more = group.actors.length - 1;
  return (
    <li className="border-b border-line [contain-intrinsic-size:auto_3.4rem] [content-visibility:auto]">
      <button
        type="button"
        aria-pressed={selected}
        className="grid w-full grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-0.5 px-3 py-1.5 text-left -outline-offset-2 hover:bg-raised aria-pressed:bg-raised md:grid-cols-[minmax(0,1fr)_7.5rem_8rem_3.5rem]"
        onClick={() => onOpen(group.key)}
      >
        <span className="grid min-w-0 gap-0.5">
          <span className="flex min-w-0 items-center gap-2">
            <Level level={group.level} />
            <span className="min-w-0 truncate font-semibold">{group.kind}</span>
            <span className="min-w-0 shrink-[99] truncate text-sm text-soft">
              {first?.actor}
              {more > 0 && ` and ${more} more`}
            </span>
          </span>
          <span className="truncate text-soft" title={group.message}>
            {group.message}
          </span>
        </span>
        <span className="max-md:hidden">
          <Bars atUs={group.atUs} span={span} />
        </span>
        <span className="text-right text-sm max-md:hidden">
          <Ago us={group.lastUs} /> ago
          <br />
          <span className="text-soft">
            first <Ago us={group.firstUs} /> ago
          </span>
        </span>
        <span className="text-right text-lg font-semibold" title="how often">
          {count(group.count)}
          <span className="visually-hidden"> times</span>
          <span className="block text-sm font-normal text-soft md:hidden">
            <Ago us={group.lastUs} />
          </span>
        </span>
      </button>
    </li>
  );
}, sameRow);

const Ago = ({ us }: { readonly us: number }) => {
  const age = useAge(us);
  return <span title={`${moment(us)} (${utc(us)})`}>{age}</span>;
};

/** Groups are made anew with every fault; most of them say the same. */
function sameRow(a: RowProps, b: RowProps): boolean {
  return (
    a.span === b.span &&
    a.selected === b.selected &&
    a.onOpen === b.onOpen &&
    a.group.key === b.group.key &&
    a.group.count === b.group.count &&
    a.group.lastUs === b.group.lastUs &&
    a.group.atUs.length === b.group.atUs.length
  );
}
