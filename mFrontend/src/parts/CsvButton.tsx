/** Saves rows as a CSV file: what is shown, in the order in which it is shown. */
import { type Field, csv } from "./csv";

/** `:` is not allowed in the names of files everywhere. */
const fileName = (name: string): string =>
  `${name}-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}Z.csv`;

function save(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export interface CsvButtonProps<T> {
  readonly name: string;
  readonly columns: readonly { readonly csv?: readonly Field<T>[] }[];
  /** Asked for when the button is pressed. */
  readonly rows: () => readonly T[];
  readonly disabled?: boolean;
}

export const CsvButton = <T,>({ name, columns, rows, disabled = false }: CsvButtonProps<T>) => (
  <button
    type="button"
    className="button"
    disabled={disabled}
    title="Saves the rows and columns shown, in this order, with exact numbers and times in UTC"
    onClick={() =>
      save(
        fileName(name),
        csv(
          rows(),
          columns.flatMap((it) => it.csv ?? []),
        ),
      )
    }
  >
    Save CSV
  </button>
);
