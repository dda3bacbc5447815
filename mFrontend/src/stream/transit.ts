/** How long changes take from the service to this tab and onto its screen, as the tab sees it. */
import { type Clock, clock } from "./clock";
import { Histogram } from "./histogram";
import type { TopicMessage } from "./messages";

/** A clock that is known less well than this measures no road. */
const CLOCK_ERROR_MS_MAX = 1_000;
/** Of one topic between two pictures; more of them say nothing more. */
const WAITING_MAX = 200;

export class Transit {
  /** From the service's word to this tab: by two clocks. */
  readonly toTab = new Histogram();
  /** From the tab to the picture that shows it: by one clock. */
  readonly toScreen = new Histogram();
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #painted: (run: () => void) => void;
  readonly #waiting = new Map<string, number[]>();
  #sinceUs = Infinity;

  constructor(
    around: Clock,
    painted: (run: () => void) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#clock = around;
    this.#painted = painted;
    this.#now = now;
  }

  /** A way to the service was opened: what it tells of earlier is no measure of the road. */
  opened(): void {
    this.#sinceUs = this.#clock.serverUs();
    this.#waiting.clear();
  }

  heard(message: TopicMessage): void {
    // What is told whole stands for whatever waited before.
    if (message.type === "snapshot") this.#waiting.delete(message.topic);
    if (message.type !== "update" || message.at_us < this.#sinceUs) return;
    const nowMs = this.#now();
    if (this.#clock.errorMs <= CLOCK_ERROR_MS_MAX)
      this.toTab.add((this.#clock.serverUs() - message.at_us) / 1000, nowMs);
    const waiting = this.#waiting.get(message.topic);
    if (!waiting) this.#waiting.set(message.topic, [nowMs]);
    else if (waiting.length < WAITING_MAX) waiting.push(nowMs);
  }

  /** The next picture shows what was heard of these topics. */
  shown(topics: readonly string[]): void {
    const heardMs = topics.flatMap((topic) => this.#waiting.get(topic) ?? []);
    for (const topic of topics) this.#waiting.delete(topic);
    if (heardMs.length === 0) return;
    this.#painted(() => {
      const nowMs = this.#now();
      for (const it of heardMs) this.toScreen.add(nowMs - it, nowMs);
    });
  }

  /** Nothing is drawn for now; what waits is no measure. */
  forget(): void {
    this.#waiting.clear();
  }
}

/** A task that is queued while a frame is made runs once the frame is drawn. */
function afterPaint(run: () => void): void {
  if (typeof document === "undefined" || document.hidden) return;
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener("message", () => {
    port1.close();
    run();
  });
  port1.start();
  port2.postMessage(null);
}

export const transit = new Transit(clock, afterPaint);
