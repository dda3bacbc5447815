/** Durations of the last minutes, counted in buckets: quantiles within 15 %, extremes exact. */

/** A window is so many slices; what is older than the last one is forgotten. */
const SLICE_MS = 15_000;
const SLICES = 60;
const RATIO = 1.15;
const LOWEST_MS = 0.1;
/** The last bucket takes whatever is longer, about 16 minutes. */
const BUCKETS = 116;

export interface Figures {
  readonly count: number;
  readonly min_ms: number | null;
  readonly p50_ms: number | null;
  readonly p90_ms: number | null;
  readonly p99_ms: number | null;
  readonly max_ms: number | null;
}

interface Slice {
  readonly at: number;
  readonly counts: Uint32Array;
  min: number;
  max: number;
}

export interface Bucket {
  /** Its upper end. */
  readonly upToMs: number;
  readonly count: number;
}

function bucketOf(ms: number): number {
  if (ms <= LOWEST_MS) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / LOWEST_MS) / Math.log(RATIO)));
}

const upperMs = (bucket: number): number => LOWEST_MS * RATIO ** bucket;

export class Histogram {
  readonly #slices: Slice[] = [];

  add(ms: number, nowMs: number): void {
    const at = Math.floor(nowMs / SLICE_MS);
    let slice = this.#slices.at(-1);
    if (slice?.at !== at) {
      slice = { at, counts: new Uint32Array(BUCKETS), min: Infinity, max: -Infinity };
      this.#slices.push(slice);
      if (this.#slices.length > SLICES) this.#slices.shift();
    }
    const bucket = bucketOf(ms);
    slice.counts[bucket] = (slice.counts[bucket] ?? 0) + 1;
    slice.min = Math.min(slice.min, ms);
    slice.max = Math.max(slice.max, ms);
  }

  #within(windowMs: number, nowMs: number): readonly Slice[] {
    const from = Math.floor((nowMs - windowMs) / SLICE_MS);
    return this.#slices.filter((it) => it.at > from);
  }

  figures(windowMs: number, nowMs: number): Figures {
    const slices = this.#within(windowMs, nowMs);
    const counts = added(slices);
    const count = counts.reduce((sum, it) => sum + it, 0);
    if (count === 0)
      return { count, min_ms: null, p50_ms: null, p90_ms: null, p99_ms: null, max_ms: null };
    const min = Math.min(...slices.map((it) => it.min));
    const max = Math.max(...slices.map((it) => it.max));
    const at = (share: number): number =>
      Math.min(max, Math.max(min, quantile(counts, count * share)));
    return { count, min_ms: min, p50_ms: at(0.5), p90_ms: at(0.9), p99_ms: at(0.99), max_ms: max };
  }

  /** From the first bucket that has any to the last one. */
  buckets(windowMs: number, nowMs: number): readonly Bucket[] {
    const counts = added(this.#within(windowMs, nowMs));
    const first = counts.findIndex((it) => it > 0);
    const last = counts.findLastIndex((it) => it > 0);
    if (first < 0) return [];
    return [...counts.slice(first, last + 1)].map((count, at) => ({
      upToMs: upperMs(first + at),
      count,
    }));
  }
}

function added(slices: readonly Slice[]): Uint32Array {
  const counts = new Uint32Array(BUCKETS);
  for (const slice of slices)
    slice.counts.forEach((it, at) => {
      counts[at] = (counts[at] ?? 0) + it;
    });
  return counts;
}

function quantile(counts: Uint32Array, rank: number): number {
  let passed = 0;
  const bucket = counts.findIndex((it) => (passed += it) >= rank && it > 0);
  return upperMs(Math.max(0, bucket));
}
