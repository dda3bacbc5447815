/** What every way to the service's changes has in common. */
import type { Message } from "./messages";

export interface Listening {
  /** The way is open: the service has said its first word. */
  opened(): void;
  message(message: Message): void;
  /** A sign of life that is no message. */
  alive(): void;
  /** The service does not tell these, which were asked for together; all else goes on. */
  refused(topics: readonly string[], reason: string): void;
  /** It ended, or never opened; called once, and nothing after it. */
  closed(reason: string): void;
}

export interface Wanted {
  readonly topics: readonly string[];
  /** The id to resume from; null to be told everything. */
  readonly since: string | null;
}

export type DoorName = "websocket" | "sse" | "polling";

/** One open way; it never opens itself again. */
export interface Door {
  readonly name: DoorName;
  /** These topics as well. */
  subscribe(wanted: Wanted): void;
  unsubscribe(topics: readonly string[]): void;
  /** Ends it silently. */
  close(): void;
}

/** Order books are read by people: ten pictures a second are enough. */
export const MAX_HZ = 10;

export const tick = (run: () => void, ms: number): (() => void) => {
  const timer = setInterval(run, ms);
  return () => clearInterval(timer);
};
