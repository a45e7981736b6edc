import { errors } from '../errors.ts';
import type { MethodOptions } from '../methods/options.ts';
import { randomStream } from '../random/random-stream.ts';
import { toFloat32 } from '../tensors.ts';

/** Options of whatever adds noise to the picture. */
export const NOISE_OPTIONS = { samples: 25, noise: 0.15, noiseAbsolute: 0 } as const;

/** Normal noise of numbered samples of one picture. */
export interface Noise {
  /** Samples there are. */
  readonly samples: number;
  /** Their standard deviation, in units of the input tensor; undefined where they are given. */
  readonly sigma: number | undefined;
  /** Noise of samples `from … from + count − 1`, one after the other; good until the next call. */
  take(from: number, count: number): Float32Array;
}

/**
 * The noise that the options ask for: given, or drawn with σ = `noiseAbsolute` where that is not 0, else `noise` times the range
 * (max − min) of the picture tensor. The numbers of a sample depend on seed, picture and the sample's own number alone.
 * @param picture one picture tensor as floats
 * @param dims its dimensions, batch first
 * @throws NOISE_SHAPE
 */
export function noiseOf(
  options: Pick<MethodOptions, 'samples' | 'noise' | 'noiseAbsolute'>,
  picture: Float32Array,
  dims: readonly number[],
  path: { readonly seed: number; readonly item: number },
): Noise {
  const { noise } = options;
  if (typeof noise !== 'number') {
    const expected = dims.slice(1);
    if (noise.dims.slice(1).join() !== expected.join() || !(noise.dims[0]! > 0))
      throw errors.noiseShape(noise.dims, expected);
    const given = toFloat32(noise);
    return {
      samples: noise.dims[0]!,
      sigma: undefined,
      take: (from, count) => given.subarray(from * picture.length, (from + count) * picture.length),
    };
  }
  let drawn = new Float32Array(0);
  const sigma = options.noiseAbsolute > 0 ? options.noiseAbsolute : noise * range(picture);
  return {
    samples: options.samples,
    sigma,
    take: (from, count) => {
      // One buffer for all runs: a run has read it before the next is drawn.
      if (drawn.length < count * picture.length) drawn = new Float32Array(count * picture.length);
      for (let i = 0; i < count; i++)
        randomStream(path.seed, 'noise', path.item, from + i).fillNormal(
          drawn.subarray(i * picture.length, (i + 1) * picture.length),
          0,
          sigma,
        );
      return drawn.subarray(0, count * picture.length);
    },
  };
}

function range(values: Float32Array): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high > low ? high - low : 0;
}
