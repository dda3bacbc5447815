/** What the venue really sent to an actor last, on demand. */
import { useQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { Time } from "@/parts/Age";
import { ErrorState, Loading } from "@/parts/States";

const FRAMES_MAX = 5;

export function Frames({ actor }: { readonly actor: string }) {
  const params = { path: { actor }, query: { limit: FRAMES_MAX } };
  const asked = useQuery({
    queryKey: ["frames", actor, FRAMES_MAX],
    queryFn: ({ signal }) => body(api.GET("/api/frames/{actor}", { params, signal })),
    retry: false,
  });
  if (asked.error && !asked.data)
    return <ErrorState what="Frames" error={asked.error} retry={() => void asked.refetch()} />;
  if (!asked.data) return <Loading what="raw frames" />;
  const { frames } = asked.data;
  if (frames.length === 0)
    return <p className="text-soft">Its process holds none; they go when it restarts.</p>;
  return (
    <div className="grid gap-2">
      {frames.map((it, at) => (
        <figure key={`${it.at_us} ${at}`} className="grid min-w-0 gap-0.5">
          <figcaption className="text-sm text-soft">
            <Time us={it.at_us} precise /> {it.lane} {it.request} {it.status}
            {it.why && <span className="text-bad"> ▲ {it.why}</span>}
          </figcaption>
          <pre
            tabIndex={0}
            aria-label="Raw frame"
            className="max-h-32 overflow-auto rounded bg-ground p-2 font-mono text-xs break-all whitespace-pre-wrap"
          >
            {it.text}
          </pre>
        </figure>
      ))}
    </div>
  );
}
