/** A figure with its 95 % interval. What is not defined is NaN in all three, and `reason` says why. */
export interface Estimate {
  readonly value: number;
  /** Ends of the 95 % interval; NaN where there is none. */
  readonly low: number;
  readonly high: number;
  /** How the interval was made, where it is not always the same. */
  readonly method?: string;
  /** Why there is no value (or no interval), for people. */
  readonly reason?: string;
}

/** The figure that does not exist. */
export const undefinedFor = (reason: string): Estimate => ({
  value: Number.NaN,
  low: Number.NaN,
  high: Number.NaN,
  reason,
});

/** A figure without an interval. */
export const plain = (value: number): Estimate => ({ value, low: Number.NaN, high: Number.NaN });
