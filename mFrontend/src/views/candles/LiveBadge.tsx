/** Whether a chart shows the present; source and age of its last event by hover, focus or touch. */
import { type KeyboardEvent, useId, useState } from "react";
import { Badge } from "@/parts/Badge";
import { Facts } from "@/parts/Panel";
import { Time } from "@/parts/Age";
import { useAge } from "@/stream/hooks";
import type { Bar } from "./series";
import type { Liveness } from "./liveness";

interface LiveBadgeProps {
  readonly found: Liveness;
  readonly source: string;
  readonly last: Bar | undefined;
  readonly asOfUs: number | null;
}

export function LiveBadge(props: LiveBadgeProps) {
  const { tone, sign, word } = props.found;
  const [open, setOpen] = useState(false);
  const told = useId();
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") setOpen(false);
  };
  return (
    <span
      className="relative inline-flex"
      onMouseEnter={() => setOpen(true)}
      onMouseLeave={() => setOpen(false)}
    >
      <button
        type="button"
        aria-describedby={open ? told : undefined}
        className="inline-flex rounded"
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onClick={() => setOpen(true)}
        onKeyDown={onKeyDown}
      >
        <Badge tone={tone} sign={sign}>
          {word}
        </Badge>
      </button>
      {open && <Told id={told} {...props} />}
    </span>
  );
}

function Told({ id, found, source, last, asOfUs }: LiveBadgeProps & { readonly id: string }) {
  const age = useAge(asOfUs);
  return (
    // The padding bridges the way of the pointer from the badge.
    <span id={id} role="tooltip" className="absolute top-full right-0 z-20 pt-1">
      <span className="panel block w-80 max-w-[80vw] p-3 text-left text-sm break-words shadow-lg">
        <span className="mb-2 block">{found.says}</span>
        <Facts>
          <dt>last event</dt>
          <dd>
            {age === "now" || asOfUs === null ? age : `${age} ago`}
            {asOfUs !== null && ", "}
            {asOfUs !== null && <Time us={asOfUs} precise />}
          </dd>
          <dt>source</dt>
          <dd>{source}</dd>
          <dt>came by</dt>
          <dd>{last?.via ?? "the venue's history"}</dd>
        </Facts>
      </span>
    </span>
  );
}
