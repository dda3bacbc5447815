/** What is looked at: which account, which span of time, how finely; all kept in the address. */
import { useId, useState } from "react";
import { useChoice, useParameter } from "@/app/address";
import type { Schemas } from "@/api/client";
import { accountName } from "@/format/names";
import { clock } from "@/stream/clock";
import { PERIODS, PERIOD_TITLES, type PeriodName } from "./periods";
import {
  type Draft,
  FIRST_SPAN,
  INTERVAL_CHOICES,
  type IntervalChoice,
  type Range,
  SPANS,
  autoInterval,
  boundsOf,
  localText,
  rangeOf,
  readRange,
  secondsOf,
  spellRange,
} from "./range";

type Account = Schemas["Account"];

export function useRange(): [Range, (range: Range) => void] {
  const [text, write] = useParameter("range", FIRST_SPAN);
  return [readRange(text), (range) => write(spellRange(range))];
}

export const useInterval = (): [IntervalChoice, (choice: IntervalChoice) => void] =>
  useChoice("interval", INTERVAL_CHOICES);

export const usePeriod = (): [PeriodName, (period: PeriodName) => void] =>
  useChoice("period", PERIODS);

interface AccountPickerProps {
  readonly accounts: readonly Account[];
  readonly chosen: string;
  readonly onChoose: (name: string) => void;
}

/** By venue; one that is not configured (any more) stays choosable while it is in the address. */
export function AccountPicker({ accounts, chosen, onChoose }: AccountPickerProps) {
  const venues = [...new Set(accounts.map((it) => it.venue))];
  const known = accounts.some((it) => accountName(it) === chosen);
  return (
    <label className="flex items-center gap-2 text-sm text-soft max-sm:w-full">
      account
      <select
        className="field min-w-0 text-base text-ink max-sm:grow"
        value={chosen}
        onChange={(event) => onChoose(event.target.value)}
      >
        <option value="">All accounts</option>
        {chosen && !known && <option value={chosen}>{chosen}</option>}
        {venues.map((venue) => (
          <optgroup key={venue} label={venue}>
            {accounts
              .filter((it) => it.venue === venue)
              .map((it) => (
                <option key={it.account} value={accountName(it)}>
                  {accountName(it)} {it.label}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

export function RangePicker() {
  const [range, setRange] = useRange();
  const [own, setOwn] = useState(range.kind === "own");
  return (
    <>
      <div role="group" aria-label="Span of time" className="flex flex-wrap gap-1">
        {SPANS.map((span) => (
          <button
            key={span}
            type="button"
            className="button aria-pressed:border-accent aria-pressed:text-accent"
            aria-pressed={!own && range.kind === "last" && range.span === span}
            onClick={() => {
              setOwn(false);
              setRange({ kind: "last", span });
            }}
          >
            {span.replace(/(\d+)/, "$1\u202f")}
          </button>
        ))}
        <button
          type="button"
          className="button aria-pressed:border-accent aria-pressed:text-accent"
          aria-pressed={own}
          onClick={() => setOwn(true)}
        >
          From – to
        </button>
      </div>
      {own && <OwnRange key={spellRange(range)} range={range} onRange={setRange} />}
    </>
  );
}

interface OwnRangeProps {
  readonly range: Range;
  readonly onRange: (range: Range) => void;
}

/** Two moments in the reader's zone; shown at once where they make sense, else said why not. */
function OwnRange({ range, onRange }: OwnRangeProps) {
  const id = useId();
  const [draft, setDraft] = useState<Draft>(() => {
    const { fromUs, toUs } = boundsOf(range, clock.serverUs());
    return { from: localText(fromUs), to: localText(toUs) };
  });
  const meant = rangeOf(draft, clock.beatUs());
  const fault = "says" in meant ? meant : null;
  const end = (at: keyof Draft) => (
    <label className="flex items-center gap-2 text-sm text-soft">
      {at}
      <input
        className="field text-ink aria-invalid:border-bad"
        type="datetime-local"
        required
        value={draft[at]}
        max={at === "from" ? localText(clock.beatUs()) : undefined}
        aria-invalid={fault?.at === at}
        aria-describedby={fault?.at === at ? `${id}-fault` : undefined}
        onChange={(event) => setDraft({ ...draft, [at]: event.target.value })}
      />
    </label>
  );
  return (
    <form
      className="order-last flex w-full flex-wrap items-center gap-2"
      aria-label="From – to"
      onSubmit={(event) => {
        event.preventDefault();
        if (!("says" in meant)) onRange(meant);
      }}
    >
      {end("from")}
      {end("to")}
      <button type="submit" className="button" disabled={fault !== null}>
        Show
      </button>
      <span id={`${id}-fault`} role="status" className="text-sm text-bad">
        {fault && `▲ ${fault.says}`}
      </span>
    </form>
  );
}

const SAID: Readonly<Record<string, string>> = { each: "every snapshot" };

export function IntervalPicker() {
  const [range] = useRange();
  const [choice, choose] = useInterval();
  const auto = autoInterval(secondsOf(range));
  return (
    <label
      className="flex items-center gap-2 text-sm text-soft"
      title="Of each interval its last snapshot"
    >
      snapshots each
      <select
        className="field text-base text-ink"
        value={choice}
        onChange={(event) => choose(event.target.value as IntervalChoice)}
      >
        {INTERVAL_CHOICES.map((it) => (
          <option key={it} value={it}>
            {it === "auto" ? `auto (${auto})` : (SAID[it] ?? it)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Of all accounts only the service's own periods are summed. */
export function PeriodPicker() {
  const [period, choose] = usePeriod();
  return (
    <div role="group" aria-label="Period" className="flex flex-wrap gap-1">
      {PERIODS.map((it) => (
        <button
          key={it}
          type="button"
          className="button aria-pressed:border-accent aria-pressed:text-accent"
          aria-pressed={it === period}
          onClick={() => choose(it)}
        >
          {PERIOD_TITLES[it]}
        </button>
      ))}
    </div>
  );
}
