/** Why a book is not, or not to be, believed: said upon its ladder. */
import { Refused } from "@/parts/Refused";
import { Unauthorised } from "@/parts/States";
import { useLink, useRefusal } from "@/stream/hooks";
import type { Verdict } from "@/stream/verdict";
import type { BookState } from "./feed";
import type { BookStatus } from "./markets";

interface OverProps {
  readonly topic: string;
  readonly state: BookState;
  readonly verdict: Verdict;
  readonly status: BookStatus | undefined;
}

function Held({ state, verdict }: Pick<OverProps, "state" | "verdict">) {
  if (verdict.stale || !state.verified)
    return (
      <Label tone="warn">
        <span aria-hidden="true">◷ </span>
        {verdict.stale ? "stale" : "not verified"}:{" "}
        {verdict.reason || state.reason || "the service calls it so"}
      </Label>
    );
  if (state.crossed)
    return (
      <Label tone="bad">
        <span aria-hidden="true">⚠ </span>
        crossed, {state.crossed}: not shown until it is put right
      </Label>
    );
  if (state.lacks) return <Label tone="calm">This book has no {state.lacks} now.</Label>;
  return null;
}

/** What has to be said about the ladder stands upon it, so that nothing moves. */
export function Over({ topic, state, verdict, status }: OverProps) {
  const { phase, reason } = useLink();
  const refusal = useRefusal(topic);
  if (state.held) return <Held state={state} verdict={verdict} />;
  if (phase === "unauthorised")
    return (
      <div className="absolute inset-0 grid place-items-center">
        <Unauthorised />
      </div>
    );
  if (refusal)
    return (
      <Label tone="bad">
        <Refused topic={topic} reason={refusal} />
      </Label>
    );
  if (phase !== "live")
    return <Label tone="calm">Not connected to the service{reason && `: ${reason}`}</Label>;
  if (state.gone) return <Label tone="warn">{state.gone}</Label>;
  const away = status && !status.connected ? status.stale_reason || status.reason : "";
  return (
    <Label tone="calm">
      {away || "Waiting for the book. A market that nobody watched takes a few seconds."}
    </Label>
  );
}

const TONES = {
  warn: "bg-warn-ground text-warn border-warn",
  bad: "bg-bad-ground text-bad border-bad",
  calm: "bg-raised text-soft border-line",
} as const;

const Label = ({
  tone,
  children,
}: {
  readonly tone: keyof typeof TONES;
  readonly children: React.ReactNode;
}) => (
  <div className="pointer-events-none absolute inset-x-2 top-8 grid justify-items-center">
    <p className={`max-w-full rounded border px-2 py-1 text-center break-words ${TONES[tone]}`}>
      {children}
    </p>
  </div>
);
