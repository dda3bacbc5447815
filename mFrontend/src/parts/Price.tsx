/** A price that was averaged or worked out: as many digits as say something, all on hover. */
import { type Look, parse } from "@/format/decimal";
import { Figure, type FigureProps } from "./TableCells";

/** Digits after the point by the digits before it: seven that matter. */
const LOOKS: readonly Look[] = [8, 6, 5, 4, 3, 2, 1].map((digitsMax) => ({ digitsMax }));
const LARGE: Look = { digitsMax: 0 };

const lookOf = (value: string | null | undefined): Look =>
  LOOKS[parse(value)?.whole.length ?? 0] ?? LARGE;

export const Price = ({ value, flash = false }: Pick<FigureProps, "value" | "flash">) => (
  <Figure value={value} look={lookOf(value)} flash={flash} />
);
