/** The service's clock as this tab knows it, and the beat by which ages and verdicts move. */

/** Ages are told twice a second, so that a datum turns stale within a second of its limit. */
const BEAT_MS = 500;
/** An old measurement of the clocks weighs less: they drift. */
const DRIFT_MS_PER_S = 0.05;

type Listener = () => void;

export class Clock {
  #offsetMs = 0;
  #errorMs = Infinity;
  #measuredMs = 0;
  #nowMs: number;
  readonly #listeners = new Set<Listener>();
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #read: () => number;

  constructor(read: () => number = Date.now) {
    this.#read = read;
    this.#nowMs = read();
  }

  /** The service's time now, in microseconds. */
  serverUs(): number {
    return Math.round((this.#read() + this.#offsetMs) * 1000);
  }

  localMs(): number {
    return this.#read();
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** How wrong the offset may be; infinite before the first answer. */
  get errorMs(): number {
    return this.#errorMs;
  }

  /** The service's time at the last beat: what a render may depend on. */
  beatUs = (): number => Math.round((this.#nowMs + this.#offsetMs) * 1000);

  /** An answer that the service wrote at `atUs` between these two moments of ours. */
  answered(atUs: number, askedMs: number, heardMs: number): void {
    const errorMs = Math.max(0, heardMs - askedMs) / 2;
    const grownMs = this.#errorMs + ((heardMs - this.#measuredMs) / 1000) * DRIFT_MS_PER_S;
    if (errorMs > grownMs) return;
    this.#offsetMs = atUs / 1000 - (askedMs + heardMs) / 2;
    this.#errorMs = errorMs;
    this.#measuredMs = heardMs;
  }

  /** A message that was written at `atUs`: it cannot come from the future. */
  heard(atUs: number): void {
    const ahead = atUs / 1000 - (this.#read() + this.#offsetMs);
    if (ahead > 0 || this.#errorMs === Infinity) this.#offsetMs += ahead;
    if (this.#errorMs === Infinity) this.#errorMs = Number.MAX_SAFE_INTEGER;
  }

  subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.beat(), BEAT_MS);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  };

  beat(): void {
    this.#nowMs = this.#read();
    for (const listener of this.#listeners) listener();
  }
}

export const clock = new Clock();
