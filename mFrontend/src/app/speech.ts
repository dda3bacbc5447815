/** What a screen reader is told by itself: changes of state, one sentence at a time. */

/** Who listens must be able to finish hearing one before the next. */
export const SENTENCE_MS = 5_000;
/** More than this is summed up. */
const WAITING_MAX = 3;

export class Speech {
  readonly #say: (sentence: string) => void;
  readonly #now: () => number;
  #waiting: string[] = [];
  #left = 0;
  #saidMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(say: (sentence: string) => void, now: () => number = Date.now) {
    this.#say = say;
    this.#now = now;
  }

  tell(sentence: string): void {
    if (this.#waiting.includes(sentence)) return;
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(sentence);
    else this.#left += 1;
    this.#next();
  }

  #next(): void {
    if (this.#timer !== undefined || (!this.#waiting.length && !this.#left)) return;
    const waitMs = this.#saidMs + SENTENCE_MS - this.#now();
    if (waitMs > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#next();
      }, waitMs);
      return;
    }
    this.#saidMs = this.#now();
    const sentence = this.#waiting.shift() ?? `${this.#left} more changes`;
    if (sentence.endsWith("more changes")) this.#left = 0;
    this.#say(sentence);
    this.#next();
  }
}

let listener: (sentence: string) => void = () => undefined;

/** Where the sentences go; one place in the page. */
export function onSentence(run: (sentence: string) => void): () => void {
  listener = run;
  return () => {
    listener = () => undefined;
  };
}

export const speech = new Speech((sentence) => listener(sentence));
