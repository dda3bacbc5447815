/** A search field and a choice per property, all of them kept in the address. */
import { useMemo, useState } from "react";
import { changeParameters, useParameters } from "@/app/address";
import { type Chosen, type Filter, filtered, optionsOf } from "./filtering";

export interface Filtering<T> {
  readonly rows: readonly T[];
  readonly filters: readonly Filter<T>[];
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly chosen: Chosen;
  readonly search: string;
  readonly choose: (key: string, value: string) => void;
  readonly clear: () => void;
  /** How many of them are not open. */
  readonly active: number;
}

/** `filters` and `text` stand outside the component. */
export function useFilters<T>(
  rows: readonly T[],
  filters: readonly Filter<T>[],
  text: (row: T) => string,
): Filtering<T> {
  const parameters = useParameters();
  const search = parameters.get("search") ?? "";
  const chosen = useMemo(
    () =>
      new Map(
        filters.flatMap((it) => {
          const value = parameters.get(it.key);
          return value ? [[it.key, value] as const] : [];
        }),
      ),
    [filters, parameters],
  );
  return {
    rows: useMemo(
      () => filtered(rows, filters, chosen, search, text),
      [rows, filters, chosen, search, text],
    ),
    options: useMemo(() => optionsOf(rows, filters, chosen), [rows, filters, chosen]),
    filters,
    chosen,
    search,
    choose: (key, value) =>
      changeParameters((after) => (value ? after.set(key, value) : after.delete(key))),
    clear: () =>
      changeParameters((after) => {
        for (const key of ["search", ...filters.map((it) => it.key)]) after.delete(key);
      }),
    active: chosen.size + (search ? 1 : 0),
  };
}

/** On a phone the choices are behind a button, so that the table is seen. */
export function Filters<T>({
  filtering,
  what,
}: {
  readonly filtering: Filtering<T>;
  /** Of what rows these are: "positions". */
  readonly what: string;
}) {
  const [open, setOpen] = useState(false);
  const { filters, options, chosen, search, choose, clear, active } = filtering;
  return (
    <search
      className="flex flex-wrap items-center gap-2 max-sm:w-full"
      aria-label={`Filter ${what}`}
    >
      <input
        className="field w-40 max-sm:min-w-0 max-sm:grow"
        type="search"
        aria-label={`Search ${what}`}
        placeholder={`Search ${what}`}
        value={search}
        onChange={(event) => choose("search", event.target.value)}
      />
      <button
        type="button"
        className="button sm:hidden"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        Filters{chosen.size > 0 && ` (${chosen.size})`}
      </button>
      {filters.map((it) => (
        <select
          key={it.key}
          aria-label={it.title}
          className={`field w-[7.6rem] truncate px-2 max-sm:w-[calc(50%-0.25rem)] ${open ? "" : "max-sm:hidden"} ${chosen.has(it.key) ? "border-accent" : ""}`}
          value={chosen.get(it.key) ?? ""}
          onChange={(event) => choose(it.key, event.target.value)}
        >
          <option value="">{it.title}</option>
          {options.get(it.key)?.map((value) => (
            <option key={value} value={value}>
              {it.says?.(value) ?? value}
            </option>
          ))}
        </select>
      ))}
      {/* Always there, so that the first letter of a search moves nothing. */}
      <button
        type="button"
        className="button"
        aria-label={`Show all ${what}`}
        title="Clears search and filters"
        disabled={active === 0}
        onClick={clear}
      >
        <span aria-hidden="true">✕</span>
      </button>
    </search>
  );
}
