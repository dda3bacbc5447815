/** Saves rows as a CSV file: what is shown, in the order in which it is shown. */
import { CSV_TYPE, type Field, csv } from "./csv";
import { save } from "./save";

/** `:` is not allowed in the names of files everywhere. */
const fileName = (name: string): string =>
  `${name}-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}Z.csv`;

interface CsvButtonProps<T> {
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
    onClick={() => {
      const written = columns.flatMap((it) => it.csv ?? []);
      save(new Blob([csv(rows(), written)], { type: CSV_TYPE }), fileName(name));
    }}
  >
    Save CSV
  </button>
);
