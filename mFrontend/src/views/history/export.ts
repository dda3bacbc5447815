/** A whole range as one CSV file: page after page by the service's cursor. */
import { ApiProblem } from "@/api/client";
import { CSV_TYPE } from "@/parts/csv";
import type { Bounds } from "./range";

export interface CsvPage {
  readonly text: string;
  readonly next: string | null;
}
type AskPage = (cursor: string | null) => Promise<CsvPage>;

interface CsvFile {
  readonly blob: Blob;
  readonly rows: number;
}

const LINE_END = "\r\n";
/** Where the service limits calls and does not say for how long. */
const WAIT_S = 5;

/**
 * All pages with one header. A call that is refused for its rate is asked again when the service
 * says; `signal` ends it between pages.
 */
export async function gather(
  ask: AskPage,
  onRows: (rows: number) => void,
  signal: AbortSignal,
  sleep: (ms: number) => Promise<void> = pause,
): Promise<CsvFile> {
  const parts: Blob[] = [];
  let rows = 0;
  let cursor: string | null = null;
  do {
    const page: CsvPage = await patiently(() => ask(cursor), signal, sleep);
    signal.throwIfAborted();
    // A browser may keep blobs on disk; one long text it could not.
    parts.push(new Blob([parts.length ? withoutHeader(page.text) : page.text]));
    rows += rowsOf(page.text);
    onRows(rows);
    cursor = page.next;
  } while (cursor !== null);
  return { blob: new Blob(parts, { type: CSV_TYPE }), rows };
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function patiently(
  ask: () => Promise<CsvPage>,
  signal: AbortSignal,
  sleep: (ms: number) => Promise<void>,
): Promise<CsvPage> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status !== 429) throw error;
      await sleep((error.retryAfterS ?? WAIT_S) * 1000);
    }
  }
}

const withoutHeader = (text: string): string =>
  text.slice(text.indexOf(LINE_END) + LINE_END.length);

/** Line ends less the header's. No cell of these files holds one. */
const rowsOf = (text: string): number => Math.max(0, text.split(LINE_END).length - 2);

/** `fills_extended-1_20261120T0900Z_20261121T0900Z.csv`. */
export function fileName(kind: string, account: string, { fromUs, toUs }: Bounds): string {
  const stamp = (us: number): string =>
    `${new Date(us / 1000).toISOString().slice(0, 16).replaceAll(/[-:]/g, "")}Z`;
  const whose = account.replaceAll(/[^A-Za-z0-9]+/g, "-");
  return `${kind}_${whose}_${stamp(fromUs)}_${stamp(toUs)}.csv`;
}
