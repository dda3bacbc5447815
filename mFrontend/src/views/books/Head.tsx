/** A book's market and how to change it; and the steps in which its rows are grouped. */
import { decimal } from "@/format/decimal";
import { digitsOf, fromFixed, toFixed } from "@/parts/LadderFixed";
import type { BookProps } from "./Book";
import { MULTIPLES, marketOf } from "./choices";

export function Head(props: BookProps) {
  const { at, topic, current } = props;
  const { venue, symbol } = marketOf(topic);
  return (
    <header
      className={`flex h-9 items-center gap-1.5 rounded-t-lg border-b border-line px-2 ${current ? "bg-raised" : ""}`}
    >
      <h2 className="min-w-0 grow">
        <button
          type="button"
          className="flex max-w-full items-baseline gap-1.5 rounded hover:text-accent"
          title={`${topic}; choose another market`}
          onClick={() => props.onPick(at)}
        >
          <span className="max-w-full flex-none truncate">{symbol}</span>
          <span className="truncate text-sm font-normal text-soft">{venue}</span>
          <span aria-hidden="true" className="text-xs text-soft">
            ▾
          </span>
        </button>
      </h2>
      {props.onRemove && (
        <button
          type="button"
          className="size-6 flex-none rounded text-soft hover:text-ink"
          aria-label={`Remove ${symbol} at ${venue}`}
          onClick={() => props.onRemove?.(at)}
        >
          ✕
        </button>
      )}
    </header>
  );
}

export function Grouping(props: BookProps & { readonly tick: string }) {
  const { at, topic, multiple, tick } = props;
  const { venue, symbol } = marketOf(topic);
  return (
    <select
      className="h-6 max-w-20 min-w-0 rounded border border-line bg-surface text-sm text-soft"
      aria-label={`Rows of ${symbol} at ${venue} in steps of`}
      title="grouping: what one row covers ([ finer, ] coarser)"
      value={multiple}
      onChange={(event) => props.onGroup(at, Number(event.target.value))}
    >
      {MULTIPLES.map((it) => (
        <option key={it} value={it}>
          {tick ? stepOf(tick, it) : `×${it}`}
        </option>
      ))}
    </select>
  );
}

function stepOf(tick: string, multiple: number): string {
  const digits = digitsOf(tick);
  const step = fromFixed(toFixed(tick, digits) * BigInt(multiple), digits);
  return decimal(step, { digitsMax: digits });
}
