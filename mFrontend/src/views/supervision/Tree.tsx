/** The processes as a treegrid: arrows walk and fold it, Enter opens, letters find. */
import {
  type KeyboardEvent,
  type ReactNode,
  Fragment,
  memo,
  useMemo,
  useRef,
  useState,
} from "react";
import { percent } from "@/format/decimal";
import { bytes, count } from "@/format/quantity";
import { Countdown } from "@/parts/Age";
import { Badge, StateBadge } from "@/parts/Badge";
import { StaleMark } from "@/parts/Number";
import { Ago } from "@/parts/TableCells";
import type { Child } from "@/stream/messages";
import { ending } from "./bands";
import { type Branch, isWrong } from "./tree";

interface TreeProps {
  readonly branches: readonly Branch[];
  readonly selected: string;
  /** What is shown is what was last heard. */
  readonly stale: boolean;
  readonly onOpen: (actor: string) => void;
}

const TITLES = [
  "process",
  "state",
  "restarts",
  "up",
  "memory",
  "CPU",
  "queue",
  "pid",
  "last end",
] as const;
const RIGHT: ReadonlySet<string> = new Set(["up", "pid", "memory", "CPU", "queue", "restarts"]);
const OTHER_LETTERS_MS = 700;

export function Tree({ branches, selected, stale, onOpen }: TreeProps) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const keys = useMemo(
    () =>
      branches.flatMap((it) => [
        it.key,
        ...(folded.has(it.key) ? [] : it.children.map((child) => child.actor)),
      ]),
    [branches, folded],
  );
  const [at, setAt] = useState("");
  const current = keys.includes(at) ? at : keys.includes(selected) ? selected : (keys[0] ?? "");
  const place = useRef<HTMLTableElement>(null);
  const typed = useRef({ text: "", atMs: 0 });
  const go = (key: string | undefined): void => {
    if (key === undefined) return;
    setAt(key);
    place.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
  };
  const fold = (key: string, close: boolean): void => {
    const next = new Set(folded);
    if (close) next.add(key);
    else next.delete(key);
    setFolded(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const index = keys.indexOf(current);
    const branch = branches.find((it) => it.key === current);
    const parent = branches.find((it) => it.children.some((child) => child.actor === current));
    const acts: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(keys[Math.min(index + 1, keys.length - 1)]),
      ArrowUp: () => go(keys[Math.max(index - 1, 0)]),
      Home: () => go(keys[0]),
      End: () => go(keys.at(-1)),
      ArrowRight: () =>
        branch && folded.has(current) ? fold(current, false) : go(branch?.children[0]?.actor),
      ArrowLeft: () => (branch ? fold(current, true) : go(parent?.key)),
      Enter: () => (branch ? fold(current, !folded.has(current)) : onOpen(current)),
    };
    const act = acts[event.key];
    if (act) act();
    else if (!find(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  /** Upper-case letters in quick succession go to the first name that holds them. */
  const find = (key: string): boolean => {
    if (!/^[A-Z0-9:]$/.test(key)) return false;
    const now = performance.now();
    const text =
      (now - typed.current.atMs < OTHER_LETTERS_MS ? typed.current.text : "") + key.toLowerCase();
    typed.current = { text, atMs: now };
    go(keys.find((it) => it.toLowerCase().includes(text)) ?? current);
    return true;
  };
  return (
    <div className="overflow-x-auto">
      <table
        ref={place}
        role="treegrid"
        aria-label="Processes"
        className="w-full border-collapse"
        onKeyDown={onKeyDown}
      >
        <thead>
          <tr>
            {TITLES.map((it) => (
              <th
                key={it}
                scope="col"
                className={`px-2 py-1 text-sm font-normal whitespace-nowrap text-soft ${RIGHT.has(it) ? "text-right" : "text-left"}`}
              >
                {it}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className={stale ? "stale **:text-faint" : ""}>
          {branches.map((branch) => (
            <Fragment key={branch.key}>
              <Head
                branch={branch}
                folded={folded.has(branch.key)}
                focusable={current === branch.key}
                onFold={fold}
                onFocus={setAt}
              />
              {!folded.has(branch.key) &&
                branch.children.map((child) => (
                  <Row
                    key={child.actor}
                    child={child}
                    focusable={current === child.actor}
                    selected={selected === child.actor}
                    stale={stale}
                    onOpen={onOpen}
                    onFocus={setAt}
                  />
                ))}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** On a phone without its kind, which the branch above says. */
const Actor = ({ name }: { readonly name: string }) => {
  const cut = name.indexOf(":") + 1;
  return (
    <>
      <span className="max-sm:hidden">{name.slice(0, cut)}</span>
      {name.slice(cut)}
    </>
  );
};

interface HeadProps {
  readonly branch: Branch;
  readonly folded: boolean;
  readonly focusable: boolean;
  readonly onFold: (key: string, close: boolean) => void;
  readonly onFocus: (key: string) => void;
}

function Head({ branch, folded, focusable, onFold, onFocus }: HeadProps) {
  const wrong = branch.children.filter(isWrong).length;
  const ready = branch.children.filter((it) => it.state === "ready").length;
  return (
    <tr
      role="row"
      aria-level={1}
      aria-expanded={!folded}
      data-key={branch.key}
      tabIndex={focusable ? 0 : -1}
      className="cursor-pointer border-t border-line bg-raised"
      onFocus={() => onFocus(branch.key)}
      onClick={() => onFold(branch.key, !folded)}
    >
      <td role="gridcell" colSpan={TITLES.length} className="px-2 py-0.5">
        <span aria-hidden="true" className="mr-1 inline-block w-3 text-soft">
          {folded ? "▸" : "▾"}
        </span>
        <span className="font-semibold">{branch.name}</span>
        <span className="ml-2 mr-2 text-sm text-soft">
          {ready} of {branch.children.length} ready
        </span>
        {wrong > 0 && <Badge tone="bad">{wrong} away</Badge>}
      </td>
    </tr>
  );
}

interface RowProps {
  readonly child: Child;
  readonly focusable: boolean;
  readonly selected: boolean;
  readonly stale: boolean;
  readonly onOpen: (actor: string) => void;
  readonly onFocus: (key: string) => void;
}

const Row = memo(function Row({ child, focusable, selected, stale, onOpen, onFocus }: RowProps) {
  const cells: Readonly<Record<(typeof TITLES)[number], ReactNode>> = {
    process: (
      <>
        <Actor name={child.actor} />
        {!child.actor.endsWith(child.label) && (
          <span className="ml-1.5 text-soft">{child.label}</span>
        )}
      </>
    ),
    state: (
      <>
        <StateBadge state={child.state} title={child.reason} />
        {stale && <StaleMark />}
        {child.next_restart_us && (
          <span className="ml-2">
            in <Countdown us={child.next_restart_us} />
            <span className="text-soft">
              {" "}
              · phase {child.phase}, attempt {child.attempt}
            </span>
          </span>
        )}
      </>
    ),
    restarts: (
      <span className={child.restarts ? "font-semibold" : "text-soft"}>
        {count(child.restarts)}
      </span>
    ),
    // Whether it still runs is not known while nothing is heard.
    up: child.pid && !stale ? <Ago us={child.started_us} /> : "–",
    memory: bytes(child.private_bytes || child.rss_bytes),
    CPU: percent(child.cpu_percent),
    queue: count(child.queue_depth),
    pid: child.pid ?? "–",
    "last end": child.last_exit && (
      <span
        className="block max-w-56 truncate text-soft"
        title={child.last_exit.dump || ending(child.last_exit)}
      >
        {ending(child.last_exit)}
      </span>
    ),
  };
  return (
    <tr
      role="row"
      aria-level={2}
      aria-selected={selected}
      data-key={child.actor}
      data-state={child.state}
      tabIndex={focusable ? 0 : -1}
      className={`cursor-pointer border-t border-line aria-selected:outline aria-selected:-outline-offset-1 aria-selected:outline-accent ${isWrong(child) && !stale ? "bg-bad-ground" : "hover:bg-raised aria-selected:bg-raised"}`}
      onFocus={() => onFocus(child.actor)}
      onClick={() => onOpen(child.actor)}
    >
      {TITLES.map((title, at) => (
        <td
          key={title}
          role="gridcell"
          title={at === 0 ? child.actor : undefined}
          className={`px-2 py-0.5 whitespace-nowrap ${at === 0 ? "max-w-[42vw] truncate pl-7 sm:max-w-none" : ""} ${RIGHT.has(title) ? "text-right" : ""}`}
        >
          {cells[title]}
        </td>
      ))}
    </tr>
  );
});
