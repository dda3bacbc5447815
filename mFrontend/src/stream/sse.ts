/**
 * The second way to the service's changes: server-sent events.
 *
 * Read by `fetch`, which other than `EventSource` can send the token, learns why it is refused,
 * and notices the comments by which a quiet stream shows that it lives.
 */
import { ApiProblem, type Problem, problemOf } from "../api/client";
import { token } from "../api/token";
import type { Clock } from "./clock";
import { type Door, type Listening, MAX_HZ, type Wanted, tick } from "./door";
import { read } from "./messages";
import { isMarket } from "./topics";
import { streamAddress } from "./websocket";

const OPEN_MS_MAX = 5_000;
/** A comment comes every 15 s. */
export const SILENT_MS_MAX = 20_000;
/** A view subscribes to several topics in a row; they become one request. */
const GATHER_MS = 100;
const BLOCK_LENGTH_MAX = 8 * 1024 * 1024;

/** The events of a stream of text: `data` of each, comments as "". */
export class Blocks {
  #rest = "";

  take(text: string): string[] {
    const blocks = (this.#rest + text.replaceAll("\r", "")).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    if (this.#rest.length > BLOCK_LENGTH_MAX) throw new RangeError("an event without an end");
    return blocks.map((block) =>
      block
        .split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(line.startsWith("data: ") ? 6 : 5))
        .join("\n"),
    );
  }
}

/** The markets that a refusal of the whole request names, by their topic or a segment of it. */
export function refusedBy(problem: Problem, topics: Iterable<string>): readonly string[] {
  const found = String(problem["found"] ?? problem.detail.split(": ", 1)[0]);
  const named = new Set(found.split(", "));
  return [...topics]
    .filter(isMarket)
    .filter((topic) => named.has(topic) || topic.split(":").some((part) => named.has(part)));
}

export class SseDoor implements Door {
  readonly name = "sse";
  readonly #listening: Listening;
  readonly #clock: Clock;
  #topics: ReadonlySet<string> = new Set();
  #since: string | null = null;
  #request = new AbortController();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #heardMs: number;
  #open = false;
  #ended = false;
  readonly #stop: () => void;

  constructor(listening: Listening, clock: Clock, first: Wanted) {
    this.#listening = listening;
    this.#clock = clock;
    this.#heardMs = clock.localMs();
    this.#stop = tick(() => this.#beat(), 1_000);
    this.subscribe(first);
  }

  subscribe({ topics, since }: Wanted): void {
    // Topics that were there before must be told whole, too, as one id stands for all of them.
    this.#since = this.#topics.size ? null : since;
    this.#topics = new Set([...this.#topics, ...topics]);
    this.#gather();
  }

  unsubscribe(topics: readonly string[]): void {
    this.#topics = new Set([...this.#topics].filter((topic) => !topics.includes(topic)));
    this.#since = null;
    this.#gather();
  }

  #gather(): void {
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => void this.#follow(), GATHER_MS);
  }

  async #follow(): Promise<void> {
    this.#request.abort();
    const request = new AbortController();
    this.#request = request;
    if (this.#ended || this.#topics.size === 0) return;
    const address = streamAddress("/api/stream");
    address.searchParams.set("topics", [...this.#topics].join(","));
    address.searchParams.set("max_hz", String(MAX_HZ));
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (this.#since) headers["Last-Event-ID"] = this.#since;
    if (token.read()) headers["Authorization"] = `Bearer ${token.read()}`;
    try {
      const answer = await fetch(address, { headers, signal: request.signal, cache: "no-store" });
      if (!answer.ok || !answer.body) {
        if (answer.status === 401) token.refuse();
        throw await problemOf(answer);
      }
      this.#heard();
      if (!this.#open) this.#listening.opened();
      this.#open = true;
      await this.#read(answer.body);
      throw new Error("the stream ended");
    } catch (error) {
      if (request.signal.aborted || this.#leftOut(error)) return;
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  /** Whether a market was refused alone: the others are asked for without it. */
  #leftOut(error: unknown): boolean {
    if (!(error instanceof ApiProblem) || error.unauthorised) return false;
    const refused = refusedBy(error.problem, this.#topics);
    if (refused.length === 0) return false;
    this.unsubscribe(refused);
    for (const topic of refused) this.#listening.refused([topic], error.message);
    return true;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    const text = new TextDecoder();
    const blocks = new Blocks();
    for (;;) {
      const { value, done } = await reader.read();
      if (done || this.#ended) return;
      this.#heard();
      for (const data of blocks.take(text.decode(value, { stream: true }))) {
        const message = data ? read(data) : null;
        if (!message) continue;
        this.#clock.heard(message.at_us);
        this.#listening.message(message);
      }
    }
  }

  #heard(): void {
    this.#heardMs = this.#clock.localMs();
    this.#listening.alive();
  }

  #beat(): void {
    const silentMs = this.#clock.localMs() - this.#heardMs;
    if (silentMs > (this.#open ? SILENT_MS_MAX : OPEN_MS_MAX)) this.#end("the stream fell silent");
  }

  close(): void {
    this.#ended = true;
    this.#stop();
    clearTimeout(this.#gathering);
    this.#request.abort();
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.close();
    this.#listening.closed(reason);
  }
}
