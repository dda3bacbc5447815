/** What a screen reader is told by itself: changes of state, one sentence at a time. */

/** Who listens must be able to finish hearing one before the next. */
export const SENTENCE_MS = 5_000;
/** More than this is summed up. */
const WAITING_MAX = 3;

export class Speech {
  readonly #say: (sentence: string) => void;
  readonly #now: () => number;
  #waiting: { readonly subject: string; readonly sentence: string }[] = [];
  #left = 0;
  #saidMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(say: (sentence: string) => void, now: () => number = Date.now) {
    this.#say = say;
    this.#now = now;
  }

  /** Of one subject only the newest word counts; what waits of it is no longer true. */
  tell(sentence: string, subject: string = sentence): void {
    const told = { subject, sentence };
    const at = this.#waiting.findIndex((it) => it.subject === subject);
    if (at >= 0) this.#waiting[at] = told;
    else if (this.#waiting.length < WAITING_MAX) this.#waiting.push(told);
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
    const sentence = this.#waiting.shift()?.sentence ?? `${this.#left} more changes`;
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
