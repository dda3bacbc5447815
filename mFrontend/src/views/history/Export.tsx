/** The whole span as a CSV file, with its progress, and a way to end it. */
import { useEffect, useRef, useState } from "react";
import { ApiProblem } from "@/api/client";
import { speech } from "@/app/speech";
import { count } from "@/format/quantity";
import { askForTokenThen } from "@/parts/TokenDialog";
import { save } from "@/parts/save";
import { clock } from "@/stream/clock";
import { fileName, gather } from "./export";
import { csvPage } from "./queries";
import { type Interval, type Range, boundsOf } from "./range";

interface Props {
  readonly kind: "fills" | "snapshots";
  readonly account: string;
  readonly range: Range;
  readonly interval: Interval | null;
  readonly disabled: boolean;
}

export function Export(props: Props) {
  const { rows, error, start, end } = useExport(props);
  return (
    <>
      {rows === null ? (
        <button
          type="button"
          className="button"
          disabled={props.disabled}
          title="Every row of the span, not only those that are loaded"
          onClick={start}
        >
          Save CSV
        </button>
      ) : (
        <span className="flex items-center gap-2 text-sm">
          <progress className="w-16" aria-label="Export" />
          <span className="text-soft">{count(rows)} rows</span>
          <button type="button" className="button" onClick={end}>
            Cancel
          </button>
        </span>
      )}
      {error && (
        <span role="alert" className="w-full text-sm text-bad">
          ▲ No file: {error}
        </span>
      )}
    </>
  );
}

/** `rows`: how many have come; null while none is asked for. */
function useExport({ kind, account, range, interval }: Props) {
  const [rows, setRows] = useState<number | null>(null);
  const [error, setError] = useState("");
  const running = useRef<AbortController | null>(null);
  const end = (): void => running.current?.abort();
  useEffect(() => () => running.current?.abort(), []);
  const start = async (): Promise<void> => {
    const control = new AbortController();
    const { signal } = control;
    running.current = control;
    setError("");
    setRows(0);
    const bounds = boundsOf(range, clock.serverUs());
    try {
      const ask = (cursor: string | null) =>
        csvPage(kind, account, bounds, interval, cursor, signal);
      const file = await gather(ask, setRows, signal);
      const name = fileName(kind, account, bounds);
      save(file.blob, name);
      speech.tell(`${name} saved, ${file.rows} rows`);
    } catch (fault) {
      if (signal.aborted) return;
      if (fault instanceof ApiProblem && fault.unauthorised) askForTokenThen(() => void start());
      else setError(fault instanceof Error ? fault.message : String(fault));
    } finally {
      if (running.current === control) setRows(null);
    }
  };
  return { rows, error, start: () => void start(), end };
}
