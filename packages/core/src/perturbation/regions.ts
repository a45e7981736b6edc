import { errors } from '../errors.ts';
import type { Segmentation } from '../segmentation/segmentation.ts';

/**
 * A map `[H, W]` in which each pixel has the value of its region: of feature ablation (score of the picture minus score without the
 * region), of LIME's coefficients, of Shapley values.
 * @throws SeewhyError `LENGTH_INVALID`
 */
export function paintRegions({ labels, count }: Segmentation, values: ArrayLike<number>): Float64Array {
  if (values.length !== count) throw errors.lengthInvalid('The list of values of the regions', values.length, count);
  const map = new Float64Array(labels.length);
  for (let i = 0; i < labels.length; i++) map[i] = values[labels[i]!]!;
  return map;
}

/**
 * The mask `[H, W]` that keeps the regions whose bit is 1.
 * @param bits one a region, for example a row of `coalitions` or `limeSamples`
 * @param into where to write; a new array by default
 * @throws SeewhyError `LENGTH_INVALID`
 */
export function regionMask(
  { labels, count }: Segmentation,
  bits: ArrayLike<number>,
  into?: Float32Array,
): Float32Array {
  if (bits.length !== count) throw errors.lengthInvalid('The list of regions kept', bits.length, count);
  const mask = into ?? new Float32Array(labels.length);
  if (mask.length !== labels.length) throw errors.lengthInvalid('The array for a mask', mask.length, labels.length);
  for (let i = 0; i < labels.length; i++) mask[i] = bits[labels[i]!]!;
  return mask;
}
