import type { Preprocess } from '@seewhy/core';

/** What the numbers of a picture mean: how they are shown, and what grey is among them. */
export interface ValueRange {
  /** The byte of a value of channel `c`. */
  readonly byte: (value: number, c: number) => number;
  /** The value of middle grey, one a channel. */
  readonly grey: readonly number[];
  /** Channels lie in the order blue, green, red. */
  readonly reversed: boolean;
}

/** Resizing may overshoot by a rounding. */
const SLACK = 1e-3;

const clamped = (byte: number) => Math.min(255, Math.max(0, byte));

/** tf-explain's own: the product in float32, cut off. */
const truncated = (unit: number) => clamped(Math.trunc(Math.fround(unit * 255)));

/**
 * The range that values lie in, found over the whole batch: 0…1 and −1…1 as tf-explain reads them, 0…255; for all else the
 * model's preprocessing is turned round, and where that is not known either the range is that of the batch itself.
 */
export function valueRange(
  values: ArrayLike<number>,
  channels: number,
  { bytes, preprocess }: { readonly bytes: boolean; readonly preprocess: Preprocess | undefined },
): ValueRange {
  const all = (value: number) => Array<number>(channels).fill(value);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    if (values[i]! < low) low = values[i]!;
    if (values[i]! > high) high = values[i]!;
  }
  const within = (from: number, to: number) => low >= from - SLACK && high <= to + SLACK;
  if (!bytes && within(0, 1)) return { byte: truncated, grey: all(0.5), reversed: false };
  if (!bytes && within(-1, 1))
    return { byte: (value) => truncated(Math.fround((value + 1) / 2)), grey: all(0), reversed: false };
  if (within(0, 255)) return { byte: (value) => clamped(Math.round(value)), grey: all(127.5), reversed: false };
  if (preprocess) {
    const { scale, channelOrder } = preprocess;
    const mean = (c: number) => preprocess.mean[c] ?? preprocess.mean[0]!;
    const std = (c: number) => preprocess.std[c] ?? preprocess.std[0]!;
    return {
      byte: (value, c) => clamped(Math.round((value * std(c) + mean(c)) / scale)),
      grey: Array.from({ length: channels }, (_, c) => (127.5 * scale - mean(c)) / std(c)),
      reversed: channelOrder === 'bgr',
    };
  }
  const span = high > low ? high - low : 1;
  return {
    byte: (value) => clamped(Math.round((255 * (value - low)) / span)),
    grey: all((low + high) / 2),
    reversed: false,
  };
}
