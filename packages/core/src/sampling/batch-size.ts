/** Samples between two looks at convergence: a run never reaches across, so that the result is the same for any batch size. */
export const CHECK_EVERY = 32;

/** A larger batch must be this much faster a sample to be worth its memory. */
const GAIN = 0.95;

/**
 * Chooses how many samples go into one run, by measurement: doubled from 1 as long as a sample then takes less time (one size
 * may disappoint), within the memory allowed. Small networks gain 2-3 times, large ones nothing.
 */
export class BatchSize {
  private readonly most: number;
  private readonly times = new Map<number, number>();
  private best: number | undefined;
  private trying = 1;

  /**
   * @param fixed a size asked for
   * @param most largest size that memory and model allow
   */
  constructor(fixed: number | 'auto', most: number) {
    this.most = Math.max(1, Math.min(most, CHECK_EVERY));
    if (fixed !== 'auto') this.best = Math.min(fixed, Math.max(1, most));
  }

  /** Samples of the next run, from `at` on: never across a check, never more than `left`. */
  next(at: number, left: number): number {
    const wanted = this.best ?? this.trying;
    return Math.max(1, Math.min(wanted, left, CHECK_EVERY - (at % CHECK_EVERY)));
  }

  /** Takes note of how long a run took. */
  record(size: number, milliseconds: number): void {
    if (this.best !== undefined || size !== this.trying) return;
    const each = milliseconds / size;
    const before = this.times.get(size);
    this.times.set(size, Math.min(before ?? Number.POSITIVE_INFINITY, each));
    // The first run of a size also allocates: only the second is believed.
    if (before === undefined) return;
    // Other work on the machine can make one size look slow: two doublings in a row without a gain end the search.
    const useless = !this.gains(size) && !this.gains(size / 2);
    if (size * 2 <= this.most && !useless) {
      this.trying = size * 2;
      return;
    }
    const least = Math.min(...this.times.values());
    this.best = [...this.times].find(([, time]) => GAIN * time <= least)![0];
  }

  /** Whether a sample takes less time in runs of this size than in any smaller ones. */
  private gains(size: number): boolean {
    const smaller = [...this.times].filter(([other]) => other < size).map(([, time]) => time);
    return smaller.length === 0 || this.times.get(size)! < GAIN * Math.min(...smaller);
  }

  /** What is used, as far as it is known. */
  get size(): number {
    return this.best ?? this.trying;
  }
}
