/** All that is known of one group of faults, and the ways to what it touched. */
import { useState } from "react";
import { Link as To } from "wouter";
import { accountPath, actorPath } from "@/app/routes";
import { accountOfActor } from "@/format/names";
import { count } from "@/format/quantity";
import { Since, Time } from "@/parts/Age";
import { Frames } from "@/parts/Frames";
import { Facts, Panel } from "@/parts/Panel";
import { useInSight } from "@/parts/sight";
import { Bars, type Span } from "./Bars";
import { Level } from "./Level";
import type { Group } from "./groups";

const MESSAGES_MAX = 5;
const ACTORS_MAX = 20;

export interface DetailProps {
  readonly group: Group;
  readonly span: Span;
  readonly onClose: () => void;
}

export function Detail({ group, span, onClose }: DetailProps) {
  const place = useInSight<HTMLDivElement>();
  return (
    <Panel
      title={group.kind}
      aside={
        <>
          <Level level={group.level} />
          <button
            type="button"
            className="button"
            aria-label={`Close ${group.kind}`}
            onClick={onClose}
          >
            ✕
          </button>
        </>
      }
    >
      <div ref={place} className="grid scroll-mt-24 gap-4 p-3">
        <Messages messages={group.messages} />
        <Facts>
          <dt>how often</dt>
          <dd>{count(group.count)}</dd>
          <dt>last</dt>
          <dd>
            <Time us={group.lastUs} precise />, <Since us={group.lastUs} /> ago
          </dd>
          <dt>first</dt>
          <dd>
            <Time us={group.firstUs} />, <Since us={group.firstUs} /> ago
          </dd>
        </Facts>
        <figure className="grid gap-1">
          <Bars atUs={group.atUs} span={span} tall />
          <figcaption className="flex justify-between gap-2 text-xs text-soft">
            <span>{span} ago</span>
            <span title="The newest are told one by one; of older ones only their number is known.">
              {count(group.atUs.length)} of {count(group.count)} told one by one
            </span>
            <span>now</span>
          </figcaption>
        </figure>
        <Actors group={group} />
      </div>
    </Panel>
  );
}

const Messages = ({ messages }: { readonly messages: readonly string[] }) => (
  <div className="grid gap-2">
    {messages.slice(0, MESSAGES_MAX).map((it) => (
      <pre
        key={it}
        tabIndex={0}
        aria-label="Message"
        className="max-h-52 overflow-auto rounded bg-raised px-3 py-2 font-sans break-words whitespace-pre-wrap"
      >
        {it}
      </pre>
    ))}
    {messages.length > MESSAGES_MAX && (
      <p className="text-soft">and {messages.length - MESSAGES_MAX} more wordings</p>
    )}
  </div>
);

function Actors({ group }: { readonly group: Group }) {
  const [framesOf, setFramesOf] = useState("");
  const more = group.actors.length - ACTORS_MAX;
  return (
    <section aria-label="Affected" className="grid gap-1">
      <h3 className="font-semibold">Affected ({group.actors.length})</h3>
      <ul className="grid gap-1">
        {group.actors.slice(0, ACTORS_MAX).map(({ actor, count: many }) => (
          <li key={actor} className="grid gap-1 rounded border border-line px-2 py-1">
            <span className="flex justify-between gap-2">
              <span className="min-w-0 break-words">{actor}</span>
              <span className="text-soft">{count(many)}×</span>
            </span>
            <span className="flex flex-wrap gap-x-4">
              <To href={actorPath(actor)} className="text-accent underline">
                process
              </To>
              <OfAccount actor={actor} />
              <button
                type="button"
                className="text-accent underline"
                aria-expanded={framesOf === actor}
                onClick={() => setFramesOf(framesOf === actor ? "" : actor)}
              >
                raw frames
              </button>
            </span>
            {framesOf === actor && <Frames actor={actor} opened />}
          </li>
        ))}
      </ul>
      {more > 0 && <p className="text-soft">and {more} more</p>}
    </section>
  );
}

function OfAccount({ actor }: { readonly actor: string }) {
  const found = accountOfActor(actor);
  if (!found) return null;
  return (
    <To href={accountPath(found.venue, found.account)} className="text-accent underline">
      account
    </To>
  );
}
