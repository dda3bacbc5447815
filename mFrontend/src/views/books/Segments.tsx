/** A choice of one out of a few, all of them seen. */

interface SegmentsProps<T extends string> {
  readonly name: string;
  readonly choices: readonly T[];
  readonly value: T;
  readonly onChoose: (value: T) => void;
  /** The key that does the same. */
  readonly shortcut?: string;
}

export const Segments = <T extends string>(props: SegmentsProps<T>) => (
  <div
    role="group"
    aria-label={props.name}
    aria-keyshortcuts={props.shortcut}
    title={props.shortcut ? `${props.name} (${props.shortcut})` : props.name}
    className="inline-flex overflow-hidden rounded-md border border-edge"
  >
    {props.choices.map((it) => (
      <button
        key={it}
        type="button"
        aria-pressed={it === props.value}
        onClick={() => props.onChoose(it)}
        className="min-h-7 min-w-8 bg-surface px-2 text-soft -outline-offset-2 hover:text-ink aria-pressed:bg-accent aria-pressed:font-semibold aria-pressed:text-on-accent pointer-coarse:min-h-10"
      >
        {it}
      </button>
    ))}
  </div>
);

interface SwitchProps {
  readonly name: string;
  readonly on: boolean;
  readonly onSwitch: () => void;
  readonly shortcut: string;
}

export const Switch = ({ name, on, onSwitch, shortcut }: SwitchProps) => (
  <button
    type="button"
    aria-pressed={on}
    aria-keyshortcuts={shortcut}
    title={`${name} (${shortcut})`}
    onClick={onSwitch}
    className="min-h-7 rounded-md border border-edge bg-surface px-2 text-soft hover:text-ink aria-pressed:border-accent aria-pressed:text-ink pointer-coarse:min-h-10"
  >
    <span aria-hidden="true">{on ? "☑ " : "☐ "}</span>
    {name}
  </button>
);
