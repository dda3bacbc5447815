/** The best way to the service's changes: one WebSocket. */
import { API_BASE, problemOf } from "../api/client";
import { token } from "../api/token";
import type { Clock } from "./clock";
import { type Door, type Listening, MAX_HZ, type Wanted, tick } from "./door";
import { type Message, read } from "./messages";

/** What a browser tells of a connection that broke, or never stood. */
const CUT = 1006;
const closing = (code: number): string =>
  code === CUT ? "it was cut, or nothing answers" : `closed (${code})`;
const PING_MS = 1_000;
const OPEN_MS_MAX = 5_000;
/** A connection that says nothing for so long is gone, whatever the browser believes. */
export const SILENT_MS_MAX = 10_000;
/** The service takes messages of at most 65,536 bytes. */
const TOPICS_MAX = 200;
const ANSWERS = { pong: "ping", subscribed: "subscribe", unsubscribed: "unsubscribe" } as const;

interface Asked {
  readonly op: (typeof ANSWERS)[keyof typeof ANSWERS];
  readonly topics: readonly string[];
}

/** What was asked and not yet answered: the service answers one message after the other. */
export class Asking {
  readonly #asked: Asked[] = [];

  add(op: Asked["op"], topics: readonly string[] = []): void {
    this.#asked.push({ op, topics });
  }

  /** The topics that an error is about: those of the message that it answers. */
  answered(type: Message["type"]): readonly string[] {
    if (type === "error") return this.#asked.shift()?.topics ?? [];
    if (type !== "pong" && type !== "subscribed" && type !== "unsubscribed") return [];
    // The service subscribes who asks for nothing: that answers none of ours.
    if (this.#asked[0]?.op === ANSWERS[type]) this.#asked.shift();
    return [];
  }
}

export function streamAddress(path: string, base: string = API_BASE): URL {
  return new URL(base + path, globalThis.location?.href);
}

/** A ticket that opens one stream, as a browser cannot send the token there; "" without a token. */
async function ticket(signal: AbortSignal): Promise<string> {
  const secret = token.read();
  if (!secret) return "";
  const headers = { Authorization: `Bearer ${secret}` };
  const answer = await fetch(`${API_BASE}/api/ticket`, { method: "POST", headers, signal });
  if (!answer.ok) {
    if (answer.status === 401) token.refuse();
    throw await problemOf(answer);
  }
  return ((await answer.json()) as { ticket: string }).ticket;
}

export class SocketDoor implements Door {
  readonly name = "websocket";
  readonly #listening: Listening;
  readonly #clock: Clock;
  readonly #aborted = new AbortController();
  readonly #asking = new Asking();
  #socket: WebSocket | null = null;
  #open = false;
  #ended = false;
  #pingedMs = 0;
  #heardMs: number;
  readonly #stop: () => void;

  constructor(listening: Listening, clock: Clock) {
    this.#listening = listening;
    this.#clock = clock;
    this.#heardMs = clock.localMs();
    this.#stop = tick(() => this.#beat(), PING_MS);
    void this.#connect();
  }

  async #connect(): Promise<void> {
    try {
      const address = streamAddress("/ws");
      address.protocol = address.protocol.replace("http", "ws");
      const opened = await ticket(this.#aborted.signal);
      if (this.#ended) return;
      if (opened) address.searchParams.set("ticket", opened);
      const socket = new WebSocket(address);
      this.#socket = socket;
      socket.onmessage = (event) => this.#take(String(event.data));
      socket.onclose = (event) => this.#end(event.reason || closing(event.code));
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  #take(text: string): void {
    if (this.#ended) return;
    this.#heardMs = this.#clock.localMs();
    const message = read(text);
    if (!message) return;
    if (message.type === "pong" && this.#pingedMs) {
      this.#clock.answered(message.at_us, this.#pingedMs, this.#heardMs);
      this.#pingedMs = 0;
    } else this.#clock.heard(message.at_us);
    const refused = this.#asking.answered(message.type);
    if (message.type === "error") this.#listening.refused(refused, message.detail);
    else if (message.type === "welcome") {
      this.#open = true;
      this.#listening.message(message);
      this.#listening.opened();
    } else this.#listening.message(message);
  }

  #beat(): void {
    const silentMs = this.#clock.localMs() - this.#heardMs;
    if (silentMs > (this.#open ? SILENT_MS_MAX : OPEN_MS_MAX)) {
      this.#end(this.#open ? "the connection fell silent" : "no answer");
    } else if (this.#open && !this.#pingedMs) {
      this.#pingedMs = this.#clock.localMs();
      this.#send("ping");
    }
  }

  subscribe({ topics, since }: Wanted): void {
    for (let at = 0; at < topics.length; at += TOPICS_MAX) {
      const some = topics.slice(at, at + TOPICS_MAX);
      this.#send("subscribe", some, { max_hz: MAX_HZ, ...(since ? { since } : {}) });
    }
  }

  unsubscribe(topics: readonly string[]): void {
    for (let at = 0; at < topics.length; at += TOPICS_MAX) {
      this.#send("unsubscribe", topics.slice(at, at + TOPICS_MAX));
    }
  }

  #send(op: Asked["op"], topics?: readonly string[], more: object = {}): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#asking.add(op, topics);
    this.#socket.send(JSON.stringify({ op, ...(topics && { topics }), ...more }));
  }

  close(): void {
    this.#ended = true;
    this.#stop();
    this.#aborted.abort();
    if (!this.#socket) return;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.close();
    this.#listening.closed(reason);
  }
}
