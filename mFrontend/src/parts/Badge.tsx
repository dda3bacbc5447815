/** A state in one word, with colour and a sign that is not colour. */
import type { ReactNode } from "react";

export type Tone = "good" | "warn" | "bad" | "calm";

const LOOK: Readonly<Record<Tone, readonly [string, string]>> = {
  good: ["bg-good-ground text-good", "●"],
  warn: ["bg-warn-ground text-warn", "◐"],
  bad: ["bg-bad-ground text-bad", "▲"],
  calm: ["bg-raised text-soft", "○"],
};

interface BadgeProps {
  readonly tone: Tone;
  readonly children: ReactNode;
  readonly title?: string | undefined;
  /** Instead of the tone's own. */
  readonly sign?: string;
}

export const Badge = ({ tone, children, title, sign }: BadgeProps) => (
  <span
    className={`inline-flex items-center gap-1 whitespace-nowrap rounded px-1.5 py-px text-[0.85rem] ${LOOK[tone][0]}`}
    title={title}
  >
    <span aria-hidden="true" className="text-[0.7em]">
      {sign ?? LOOK[tone][1]}
    </span>
    {children}
  </span>
);

/** States of processes and lanes, as the service spells them. */
const TONES: Readonly<Record<string, Tone>> = {
  ready: "good",
  connected: "good",
  ok: "good",
  new: "calm",
  starting: "warn",
  connecting: "warn",
  stopping: "warn",
  paused: "calm",
  stopped: "calm",
  backoff: "bad",
  exited: "bad",
  quarantined: "bad",
  hung: "bad",
  over_memory: "bad",
  rejected: "bad",
  degraded: "warn",
  down: "bad",
};

export const toneOf = (state: string): Tone => TONES[state] ?? "warn";
const WORDS: Readonly<Record<string, string>> = { backoff: "back-off", over_memory: "over memory" };
export const wordOf = (state: string): string => WORDS[state] ?? state;

export const StateBadge = ({
  state,
  title,
}: {
  readonly state: string;
  readonly title?: string | undefined;
}) => (
  <Badge tone={toneOf(state)} title={title}>
    {wordOf(state)}
  </Badge>
);
