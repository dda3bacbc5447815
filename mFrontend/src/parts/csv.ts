/** Rows as CSV (RFC 4180): exact texts, ISO times, nothing that a spreadsheet would carry out. */
import { utc } from "@/format/time";

export const CSV_TYPE = "text/csv;charset=utf-8";

type CsvValue = string | number | boolean | null | undefined;

export interface Field<T> {
  /** The title of the column in the file. */
  readonly name: string;
  readonly value: (row: T) => CsvValue;
}

/** Fields that are written as they are, under their own names. */
export const fields = <K extends string>(
  ...names: readonly K[]
): readonly Field<Readonly<Record<K, CsvValue>>>[] =>
  names.map((name) => ({ name, value: (row) => row[name] }));

/** A moment in microseconds, as ISO 8601 in UTC. */
export const timeField = <T>(
  name: string,
  us: (row: T) => number | null | undefined,
): Field<T> => ({
  name,
  value: (row) => {
    const at = us(row);
    return at ? utc(at) : null;
  },
});

/** What programs that open CSV take for the beginning of a formula, spaces before it or not. */
const FORMULA = /^ *[=+\-@\t\r\n|%]/;
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/** A value as text: nothing for what is unknown; what could be a formula gets an apostrophe. */
export function csvCell(value: CsvValue): string {
  if (value === null || value === undefined) return "";
  const text = String(value);
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv<T>(rows: readonly T[], columns: readonly Field<T>[]): string {
  const lines = rows.map((row) => columns.map((it) => csvCell(it.value(row))).join(","));
  return [columns.map((it) => csvCell(it.name)).join(","), ...lines]
    .map((it) => `${it}\r\n`)
    .join("");
}
