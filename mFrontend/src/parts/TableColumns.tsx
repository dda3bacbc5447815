/** Which columns of a table are shown: the reader's choice, kept in this browser. */
import { useMemo, useState } from "react";
import { Dialog } from "./Dialog";

interface Choosable {
  readonly key: string;
  readonly title: string;
  readonly hint?: string;
  readonly hidden?: boolean;
}

export interface ColumnChoice<C> {
  readonly columns: readonly C[];
  readonly all: readonly C[];
  /** The keys of the columns that are not as they are by themselves. */
  readonly turned: ReadonlySet<string>;
  readonly turn: (key: string) => void;
  readonly reset: () => void;
}

/** The first column names the row and cannot be hidden. */
export const isShown = (column: Choosable, at: number, turned: ReadonlySet<string>): boolean =>
  at === 0 || Boolean(column.hidden) === turned.has(column.key);

/** Some of the columns, in another order: for tables that are not the home of such rows. */
export const picked = <C extends Choosable>(
  all: readonly C[],
  keys: readonly string[],
): readonly C[] => keys.flatMap((key) => all.filter((it) => it.key === key));

const storageKey = (name: string): string => `broadcaster.columns.${name}`;

function kept(name: string): ReadonlySet<string> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(storageKey(name)) ?? "[]");
    return new Set(Array.isArray(found) ? found.filter((it) => typeof it === "string") : []);
  } catch {
    // Storage may be closed to us; the choice then lasts as long as the view.
    return new Set();
  }
}

function keep(name: string, turned: ReadonlySet<string>): void {
  try {
    localStorage.setItem(storageKey(name), JSON.stringify([...turned]));
  } catch {
    // As above.
  }
}

/** `name` must not change while the component is there. */
export function useColumns<C extends Choosable>(name: string, all: readonly C[]): ColumnChoice<C> {
  const [turned, setTurned] = useState(() => kept(name));
  const columns = useMemo(() => all.filter((it, at) => isShown(it, at, turned)), [all, turned]);
  const choose = (next: ReadonlySet<string>): void => {
    keep(name, next);
    setTurned(next);
  };
  const turn = (key: string): void => {
    const next = new Set(turned);
    if (!next.delete(key)) next.add(key);
    choose(next);
  };
  return { columns, all, turned, turn, reset: () => choose(new Set()) };
}

/** A button that opens the list of columns. */
export function ColumnsButton<C extends Choosable>({
  choice,
}: {
  readonly choice: ColumnChoice<C>;
}) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        Columns
      </button>
      {open && (
        <Dialog title="Columns" onClose={() => setOpen(false)}>
          <ul className="grid grid-cols-2 gap-x-4">
            {choice.all.map((it, at) => (
              <li key={it.key}>
                <label className="flex min-h-8 items-center gap-2" title={it.hint}>
                  <input
                    type="checkbox"
                    className="size-4 accent-accent"
                    checked={isShown(it, at, choice.turned)}
                    disabled={at === 0}
                    onChange={() => choice.turn(it.key)}
                  />
                  {it.title}
                </label>
              </li>
            ))}
          </ul>
          <div className="mt-3 flex justify-end gap-2">
            <button
              type="button"
              className="button"
              disabled={choice.turned.size === 0}
              onClick={choice.reset}
            >
              As at first
            </button>
            <button type="button" className="button button-strong" onClick={() => setOpen(false)}>
              Done
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
