/** The lanes in groups, as a grid walked by keyboard; only the rows in sight are drawn. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useId, useMemo, useRef } from "react";
import { useKeys } from "@/app/keys";
import { Badge } from "@/parts/Badge";
import { COLUMNS, LEAST, LaneRow, TEMPLATE } from "./LaneRow";
import { type Entry, type Group, WRONG_RANK, isUp } from "./lanes";

const ROW_PX = 28;
const OVERSCAN = 14;
const PAGE_ROWS = 10;

export interface LanesProps {
  readonly groups: readonly Group[];
  readonly stale: boolean;
  /** The key of the entry that is shown beside. */
  readonly selected: string;
  readonly current: string;
  readonly onCurrent: (key: string) => void;
  readonly onOpen: (key: string) => void;
}

type Line = { readonly group: Group } | { readonly entry: Entry };

export function Lanes({ groups, stale, selected, current, onCurrent, onOpen }: LanesProps) {
  const place = useRef<HTMLDivElement>(null);
  const id = useId();
  const lines = useMemo(
    () =>
      groups.flatMap((group): Line[] => [{ group }, ...group.entries.map((entry) => ({ entry }))]),
    [groups],
  );
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
  });
  const at = lines.findIndex((it) => "entry" in it && it.entry.key === current);
  const go = (from: number, way: 1 | -1): void => {
    for (let to = from; to >= 0 && to < lines.length; to += way) {
      const line = lines[to];
      if (!line || !("entry" in line)) continue;
      onCurrent(line.entry.key);
      virtual.scrollToIndex(to);
      return;
    }
  };
  const open = (): void => {
    if (at >= 0) onOpen(current);
  };
  const keys = [
    { keys: "j", says: "next row", group: "Tables", run: () => go(at + 1, 1) },
    { keys: "k", says: "previous row", group: "Tables", run: () => go(at - 1, -1) },
    { keys: "Enter", says: "open the row", group: "Tables", run: open },
  ];
  useKeys(keys, place);
  const onKeyDown = (event: KeyboardEvent): void => {
    const last = lines.length - 1;
    const steps: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(at + 1, 1),
      ArrowUp: () => go(at - 1, -1),
      Home: () => go(0, 1),
      End: () => go(last, -1),
      PageDown: () => go(Math.min(last, at + PAGE_ROWS), -1),
      PageUp: () => go(Math.max(0, at - PAGE_ROWS), 1),
    };
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step();
  };
  const items = virtual.getVirtualItems();
  const drawn = items.some((it) => it.index === at);
  return (
    <div
      ref={place}
      role="grid"
      aria-label="Lanes"
      aria-rowcount={lines.length + 1}
      aria-colcount={COLUMNS.length}
      aria-activedescendant={drawn ? `${id}-${at}` : undefined}
      tabIndex={0}
      className="relative max-h-[max(20rem,calc(100dvh-22rem))] overflow-auto"
      onKeyDown={onKeyDown}
    >
      <Head />
      <div
        role="rowgroup"
        className={`relative ${stale ? "stale **:text-faint" : ""}`}
        style={{ height: virtual.getTotalSize(), minWidth: LEAST }}
      >
        {items.map((item) => {
          const line = lines[item.index];
          if (!line) return null;
          const style = { height: ROW_PX, transform: `translateY(${item.start}px)` };
          if ("group" in line)
            return <GroupRow key={item.key} group={line.group} index={item.index} style={style} />;
          const { entry } = line;
          return (
            <div
              key={entry.key}
              id={`${id}-${item.index}`}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={entry.key === selected}
              data-current={item.index === at || undefined}
              data-state={entry.seen.word}
              className={`group absolute left-0 grid w-full cursor-pointer items-center border-t border-line data-current:outline-2 data-current:-outline-offset-2 data-current:outline-accent ${entry.seen.rank >= WRONG_RANK ? EDGE[entry.seen.tone] : "bg-surface hover:bg-raised aria-selected:bg-raised"}`}
              style={{ ...style, gridTemplateColumns: TEMPLATE }}
              onClick={() => {
                onCurrent(entry.key);
                onOpen(entry.key);
              }}
            >
              <LaneRow entry={entry} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

const EDGE: Readonly<Record<string, string>> = {
  bad: "bg-bad-ground",
  warn: "bg-warn-ground",
  good: "bg-surface",
  calm: "bg-surface",
};

const Head = () => (
  <div
    role="rowgroup"
    className="sticky top-0 z-10 border-b border-line bg-surface"
    style={{ minWidth: LEAST }}
  >
    <div role="row" aria-rowindex={1} className="grid" style={{ gridTemplateColumns: TEMPLATE }}>
      {COLUMNS.map((it, at) => (
        <div
          key={it.title}
          role="columnheader"
          title={it.hint}
          className={`truncate bg-surface px-2 py-1 text-sm text-soft ${it.right ? "text-right" : ""} ${at === 0 ? "sticky left-0" : ""}`}
        >
          {it.title}
        </div>
      ))}
    </div>
  </div>
);

interface GroupRowProps {
  readonly group: Group;
  readonly index: number;
  readonly style: Readonly<Record<string, string | number>>;
}

function GroupRow({ group, index, style }: GroupRowProps) {
  const up = group.entries.filter((it) => isUp(it.seen)).length;
  const many = group.entries.length;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className="absolute left-0 flex w-full items-center border-t border-line bg-raised"
      style={style}
    >
      <div
        role="gridcell"
        aria-colspan={COLUMNS.length}
        className="sticky left-0 flex items-center gap-2 px-2"
      >
        <span className="font-semibold">{group.name}</span>
        {group.wrong ? (
          <Badge tone="bad">{many === 1 ? "1 lane" : `${many} lanes`}</Badge>
        ) : (
          <span className="text-sm text-soft">
            {up} of {many} connected
          </span>
        )}
      </div>
    </div>
  );
}
