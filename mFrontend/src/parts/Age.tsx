/** How long ago something was confirmed, moving by itself; and moments and countdowns. */
import { memo } from "react";
import { duration, moment, timeOfDay, utc } from "@/format/time";
import { useAge, useMoving } from "@/stream/hooks";
import type { Verdict } from "@/stream/verdict";
import { StaleMark, hover } from "./Number";

/** The age of a datum by its verdict. */
export const Age = memo(function Age({
  verdict,
  mark = true,
}: {
  readonly verdict: Verdict;
  readonly mark?: boolean;
}) {
  const text = useAge(verdict.asOfUs);
  return (
    <span
      className={`whitespace-nowrap ${verdict.stale ? "stale" : "text-soft"}`}
      title={hover(verdict)}
    >
      {text}
      {verdict.stale && mark && <StaleMark />}
    </span>
  );
});

/** "as of 4s" for the head of a panel. */
export const AsOf = ({ verdict }: { readonly verdict: Verdict }) => (
  <span className="text-sm text-soft">
    as of <Age verdict={verdict} />
  </span>
);

/** A moment in the reader's zone, UTC on hover. */
export function Time({
  us,
  precise,
}: {
  readonly us: number | null | undefined;
  readonly precise?: boolean;
}) {
  const text = precise ? timeOfDay(us, true) : moment(us);
  return us ? (
    <time dateTime={utc(us)} title={utc(us)} className="whitespace-nowrap">
      {text}
    </time>
  ) : (
    <span>{text}</span>
  );
}

/** How long something goes on already, such as a process. */
export function Since({ us }: { readonly us: number | null | undefined }) {
  const text = useMoving((now) => duration(us ? (now - us) / 1000 : null));
  return (
    <span className="whitespace-nowrap" title={us ? `since ${moment(us)} (${utc(us)})` : undefined}>
      {text}
    </span>
  );
}

/** How long it is until something happens; `now` once it is due. */
export function Countdown({ us }: { readonly us: number }) {
  const text = useMoving((now) => (us - now > 50_000 ? duration((us - now) / 1000) : "now"));
  return (
    <span className="whitespace-nowrap" title={`at ${moment(us)} (${utc(us)})`}>
      {text}
    </span>
  );
}
