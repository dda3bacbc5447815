/** How books are shown, read from the address and written there. */
import { useMemo } from "react";
import { useChoice, useParameter } from "@/app/address";
import type { Sides } from "@/parts/LadderRows";

export interface BookLook {
  /** Of each side. */
  readonly rows: number;
  readonly sides: Sides;
  readonly unit: "base" | "quote";
  readonly depth: boolean;
  readonly trades: boolean;
}

export const SIDES = ["both", "bids", "asks"] as const;
export const UNITS = ["base", "quote"] as const;
export const ROWS = ["20", "10", "40"] as const;
const EXTRAS = ["depth", "trades"] as const;
type Extra = (typeof EXTRAS)[number];

export interface Settings {
  readonly look: BookLook;
  readonly setSides: (sides: Sides) => void;
  readonly setUnit: (unit: BookLook["unit"]) => void;
  readonly setRows: (rows: (typeof ROWS)[number]) => void;
  readonly toggle: (name: Extra) => void;
}

export function useSettings(): Settings {
  const [sides, setSides] = useChoice("sides", SIDES);
  const [unit, setUnit] = useChoice("unit", UNITS);
  const [rows, setRows] = useChoice("rows", ROWS);
  const [extras, setExtras] = useParameter("with");
  const look = useMemo((): BookLook => {
    const named = extras.split(",");
    const [depth, trades] = [named.includes("depth"), named.includes("trades")];
    return { rows: Number(rows), sides, unit, depth, trades };
  }, [rows, sides, unit, extras]);
  const toggle = (name: Extra): void =>
    setExtras(EXTRAS.filter((it) => look[it] !== (it === name)).join(","));
  return { look, setSides, setUnit, setRows, toggle };
}

/** The one after this one, and after the last the first. */
export const following = <T extends string>(choices: readonly T[], value: T): T =>
  choices[(choices.indexOf(value) + 1) % choices.length] ?? value;
