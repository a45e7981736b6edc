/** Samples between two looks at convergence: a run never reaches across, so that the result is the same for any batch size. */
export const CHECK_EVERY = 32;

/** A larger batch must be this much faster a sample to be worth its memory. */
const GAIN = 0.95;

/** Durations of a size that are remembered: the shortest of them counts, for other work on the machine only ever adds time. */
const REMEMBERED = 4;

/** Once a size is chosen, one run in so many is of a neighbouring size: what looked slow while the machine was busy gets another chance. */
const LOOK_AROUND = 12;

/**
 * Chooses how many samples go into one run, by measurement: doubled from 1 as long as a sample then takes less time (one size
 * may disappoint), within the memory allowed, and looked at again while it runs. Small networks gain 2-3 times, large ones nothing.
 */
export class BatchSize {
  private readonly most: number;
  private readonly fixed: number | undefined;
  /** Milliseconds a sample by size, the latest last. */
  private readonly times = new Map<number, number[]>();
  private trying = 1;
  /** The size that is used, once the search is over. */
  private chosen: number | undefined;
  private runs = 0;

  /**
   * @param fixed a size asked for
   * @param most largest size that memory and model allow
   */
  constructor(fixed: number | 'auto', most: number) {
    this.most = Math.max(1, Math.min(most, CHECK_EVERY));
    if (fixed !== 'auto') this.fixed = Math.min(fixed, Math.max(1, most));
  }

  /** Samples of the next run, from `at` on: never across a check, never more than `left`. */
  next(at: number, left: number): number {
    return Math.max(1, Math.min(this.fixed ?? this.trying, left, CHECK_EVERY - (at % CHECK_EVERY)));
  }

  /** Takes note of how long a run took. */
  record(size: number, milliseconds: number): void {
    if (this.fixed !== undefined || size !== this.trying) return;
    const times = this.times.get(size) ?? [];
    this.times.set(size, [...times, milliseconds / size].slice(-REMEMBERED));
    // The first run of a size also allocates: only the second is believed.
    if (times.length === 0) return;
    if (this.chosen !== undefined) this.look(this.chosen);
    else this.search();
  }

  /** The next size of the first search: two doublings in a row without a gain end it. */
  private search(): void {
    const useless = !this.gains(this.trying) && !this.gains(this.trying / 2);
    if (this.trying * 2 <= this.most && !useless) {
      this.trying *= 2;
      return;
    }
    this.chosen = this.best;
    this.trying = this.chosen;
  }

  /** The chosen size, or one of its neighbours in turn. A size as good as the chosen one is no reason to change: programs are built for it. */
  private look(before: number): void {
    this.runs++;
    const { best } = this;
    const chosen = this.cost(best) < GAIN * this.cost(before) ? best : before;
    this.chosen = chosen;
    const [smaller, larger] = [chosen / 2, chosen * 2];
    const turn = this.runs % (2 * LOOK_AROUND);
    if (turn === 0 && smaller >= 1) this.trying = smaller;
    else if (turn === LOOK_AROUND && larger <= this.most) this.trying = larger;
    else this.trying = chosen;
  }

  /** Whether a sample takes less time in runs of this size than in any smaller ones. */
  private gains(size: number): boolean {
    const smaller = [...this.times.keys()].filter((other) => other < size).map((other) => this.cost(other));
    return smaller.length === 0 || this.cost(size) < GAIN * Math.min(...smaller);
  }

  /** Milliseconds a sample, without what the size's first run cost more. */
  private cost(size: number): number {
    const times = this.times.get(size);
    return times ? Math.min(...times) : Number.POSITIVE_INFINITY;
  }

  /** The smallest size that is about as fast as the fastest. */
  private get best(): number {
    const sizes = [...this.times.keys()].sort((a, b) => a - b);
    const least = Math.min(...sizes.map((size) => this.cost(size)));
    return sizes.find((size) => GAIN * this.cost(size) <= least) ?? 1;
  }

  /** What is used, as far as it is known. */
  get size(): number {
    return this.fixed ?? this.chosen ?? this.trying;
  }
}
