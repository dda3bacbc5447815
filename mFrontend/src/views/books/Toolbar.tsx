/** How all books are shown. */
import { Segments, Switch } from "./Segments";
import { GRIDS } from "./choices";
import { ROWS, SIDES, type Settings, UNITS } from "./settings";
import type { ShownBooks } from "./shown";

export interface ToolbarProps {
  readonly settings: Settings;
  readonly books: ShownBooks;
}

export function Toolbar({ settings, books }: ToolbarProps) {
  const { look, setSides, setUnit, setRows, toggle } = settings;
  const hidden = books.byDefault ? 0 : books.chosen.length - books.shown.length;
  return (
    <div
      role="group"
      aria-label="How books are shown"
      className="flex flex-wrap items-center gap-2 text-sm"
    >
      <Segments
        name="Books side by side"
        choices={GRIDS}
        value={books.size}
        onChoose={books.setSize}
      />
      <Segments name="Sides" choices={SIDES} value={look.sides} onChoose={setSides} shortcut="b" />
      <Segments name="Sizes in" choices={UNITS} value={look.unit} onChoose={setUnit} shortcut="u" />
      <label className="flex items-center gap-1.5 text-soft">
        rows
        <select
          className="min-h-7 rounded-md border border-edge bg-surface px-1 text-ink pointer-coarse:min-h-10"
          value={look.rows}
          onChange={(event) => setRows(event.target.value as (typeof ROWS)[number])}
        >
          {ROWS.toSorted().map((it) => (
            <option key={it}>{it}</option>
          ))}
        </select>
      </label>
      <Switch name="Depth" on={look.depth} onSwitch={() => toggle("depth")} shortcut="d" />
      <Switch name="Trades" on={look.trades} onSwitch={() => toggle("trades")} shortcut="l" />
      {hidden > 0 && (
        <span className="text-soft">{hidden} more chosen than the grid has places</span>
      )}
    </div>
  );
}
