/** The spread of the last minutes, as this tab saw it: one sample a second. */

const SAMPLE_MS = 1_000;
export const SAMPLES_MAX = 120;

/** In basis points; null where the book was stale, crossed or not there. */
export type Sample = number | null;

export class SpreadHistory {
  #samples: readonly Sample[] = [];
  #takenMs = -Infinity;

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Keeps a sample once a second has passed since the last; a tab that slept leaves a hole. */
  take(sample: Sample, nowMs: number): void {
    const passedMs = nowMs - this.#takenMs;
    // A beat that comes a little early is still the next second's.
    if (passedMs < SAMPLE_MS * 0.9) return;
    const slept = passedMs > 3 * SAMPLE_MS && this.#samples.length > 0;
    this.#takenMs = nowMs;
    this.#samples = [...this.#samples, ...(slept ? [null, sample] : [sample])].slice(-SAMPLES_MAX);
  }
}

/** In words, for who does not see the line. */
export function inWords(samples: readonly Sample[]): string {
  const known = samples.filter((it) => it !== null);
  if (known.length === 0) return "no spread seen yet";
  const low = Math.min(...known).toFixed(2);
  const high = Math.max(...known).toFixed(2);
  return `spread ${low} to ${high} bp in the last ${samples.length} s`;
}
