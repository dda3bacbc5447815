/** What a venue really sent: the last raw frames of one process, as the service masks them. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, body } from "@/api/client";
import { speech } from "@/app/speech";
import { count } from "@/format/quantity";
import { Since, Time } from "./Age";
import { Badge } from "./Badge";
import { beginning, laidOut } from "./FramesText";
import { Empty, ErrorState, Loading } from "./States";

type RawFrame = Schemas["RawFrame"];

const FRAMES_MAX = 25;

interface FramesProps {
  readonly actor: string;
  /** Whether somebody wants to see them already: nothing is asked of the process before. */
  readonly opened?: boolean;
}

export function Frames({ actor, opened = false }: FramesProps) {
  const [wanted, setWanted] = useState(opened);
  const frames = useQuery({
    queryKey: ["frames", actor, FRAMES_MAX],
    enabled: wanted,
    staleTime: Infinity,
    // A process that does not run says so at once; the reader can ask again.
    retry: false,
    refetchOnWindowFocus: false,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/frames/{actor}", {
          params: { path: { actor }, query: { limit: FRAMES_MAX } },
          signal,
        }),
      ),
  });
  const ask = (): void => {
    if (wanted) void frames.refetch();
    else setWanted(true);
  };
  return (
    <div className="grid gap-2 p-3">
      <div className="flex flex-wrap items-center gap-3">
        <button type="button" className="button" disabled={frames.isFetching} onClick={ask}>
          {wanted ? "Fetch again" : "Show the last frames"}
        </button>
        <span className="text-sm text-soft">
          {frames.data ? (
            <>
              {count(frames.data.frames.length)} frames, fetched{" "}
              <Since us={frames.dataUpdatedAt * 1000} /> ago, secrets masked
              {frames.data.cut && "; there are more than fit"}
            </>
          ) : (
            "As they came from the venue, newest first; secrets are masked by the service."
          )}
        </span>
      </div>
      {!wanted ? null : frames.error ? (
        <ErrorState what="Raw frames" error={frames.error} retry={() => void frames.refetch()} />
      ) : !frames.data ? (
        <Loading what="raw frames" rows={5} />
      ) : frames.data.frames.length === 0 ? (
        <Empty title="No frame yet">
          The process keeps its last frames in memory; since it started none came.
        </Empty>
      ) : (
        <ul className="grid gap-1">
          {frames.data.frames.map((it, at) => (
            <Frame key={`${it.at_us} ${it.lane} ${at}`} it={it} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Frame({ it }: { readonly it: RawFrame }) {
  const [open, setOpen] = useState(false);
  return (
    <li className="min-w-0 rounded border border-line">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="flex cursor-pointer flex-wrap items-baseline gap-x-3 gap-y-1 px-2 py-1">
          <span aria-hidden="true" className="w-3 text-soft">
            {open ? "▾" : "▸"}
          </span>
          <span className="text-sm text-soft">
            <Time us={it.at_us} precise />
          </span>
          <span className="w-20 text-sm">{it.lane}</span>
          {it.request && (
            <span className="text-sm">
              {it.request} {it.status}
            </span>
          )}
          {it.why && <Badge tone="bad">{it.why}</Badge>}
          <span className="min-w-40 flex-1 basis-60 truncate font-mono text-xs text-soft">
            {beginning(it.text)}
          </span>
        </summary>
        {open && <Text text={it.text} />}
      </details>
    </li>
  );
}

function Text({ text }: { readonly text: string }) {
  // A page that is not served over HTTPS or from this machine has no clipboard.
  const clipboard = globalThis.navigator.clipboard as Clipboard | undefined;
  const copy = (): void => {
    clipboard?.writeText(text).then(
      () => speech.tell("Frame copied"),
      () => speech.tell("The browser refused to copy"),
    );
  };
  return (
    <div className="relative border-t border-line">
      {clipboard && (
        <button type="button" className="button absolute top-2 right-4" onClick={copy}>
          Copy
        </button>
      )}
      <pre
        tabIndex={0}
        aria-label="Frame"
        className="max-h-96 overflow-auto bg-ground p-2 font-mono text-xs break-all whitespace-pre-wrap"
      >
        {laidOut(text)}
      </pre>
    </div>
  );
}
