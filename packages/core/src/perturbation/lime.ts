import { errors } from '../errors.ts';
import type { RandomStream } from '../random/random-stream.ts';

/**
 * Which regions are kept in each sample of a LIME run: `samples × regions` bits. The first sample is the picture itself (all ones), the
 * others keep each region with a probability of one half.
 *
 * M. Ribeiro, S. Singh, C. Guestrin, "Why should I trust you?", KDD 2016.
 */
export function limeSamples(stream: RandomStream, samples: number, regions: number): Uint8Array {
  checkCount('samples', samples);
  checkCount('regions', regions);
  const bits = stream.fillBits(new Uint8Array(samples * regions));
  return bits.fill(1, 0, regions);
}

/** How far a sample is from the picture. */
export const LIME_DISTANCES = {
  cosine: '1 − cos of the sample’s bits and all ones: 1 − √(kept / regions), 1 when nothing is kept',
  euclidean: 'root of the number of regions taken away',
} as const;

export type LimeDistance = keyof typeof LIME_DISTANCES;

/**
 * Weight of each sample by its nearness to the picture: `exp(−d² / (2 width²))`.
 *
 * LIME's own `√exp(−d² / width²)` and captum's kernel are the same; xplique's `exp(−d² / w²)` is this one with width = w / √2.
 * @param bits `samples × regions`
 * @param width in units of the distance, above 0; LIME's own default is 0.25 with the cosine distance
 * @throws SeewhyError `NUMBER_INVALID`
 */
export function limeWeights(bits: Uint8Array, regions: number, distance: LimeDistance, width: number): Float64Array {
  checkCount('regions', regions);
  if (!(Number.isFinite(width) && width > 0)) throw errors.numberInvalid('kernel width', width, 'a number above 0');
  const weights = new Float64Array(bits.length / regions);
  for (let i = 0; i < weights.length; i++) {
    let kept = 0;
    for (let j = i * regions; j < (i + 1) * regions; j++) if (bits[j] !== 0) kept++;
    const d = distance === 'cosine' ? 1 - Math.sqrt(kept / regions) : Math.sqrt(regions - kept);
    weights[i] = Math.exp(-(d * d) / (2 * width * width));
  }
  return weights;
}

function checkCount(name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 1)) throw errors.numberInvalid(name, value, 'a whole number of at least 1');
}
