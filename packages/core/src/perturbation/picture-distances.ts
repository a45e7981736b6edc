import type { Segmentation } from '../segmentation/segmentation.ts';

/** How far a picture with regions hidden is from the picture itself, by its values. */
export const PICTURE_DISTANCES = {
  'picture-cosine': '1 − cos of the two pictures: captum',
  'picture-euclidean': 'root of the sum of squared differences: xplique',
} as const;

export type PictureDistance = keyof typeof PICTURE_DISTANCES;

export interface HiddenPicture {
  readonly segmentation: Segmentation;
  /** `[C, H, W]` or `[H, W, C]`. */
  readonly picture: Float32Array;
  /** What hidden pixels become; undefined: 0. */
  readonly fill: Float32Array | undefined;
  readonly layout: 'NCHW' | 'NHWC';
}

/**
 * Distance of each sample from the picture, without making the samples: what every region adds to the products of the pictures is known.
 * @param bits `samples × regions`: 1 kept, 0 hidden
 */
export function pictureDistances(
  { segmentation, picture, fill, layout }: HiddenPicture,
  bits: Uint8Array,
  distance: PictureDistance,
): Float64Array {
  const { labels, count } = segmentation;
  const channels = picture.length / labels.length;
  // Σ x², Σ x f, Σ f² of each region.
  const own = new Float64Array(count);
  const mixed = new Float64Array(count);
  const filled = new Float64Array(count);
  for (let i = 0; i < picture.length; i++) {
    const region = labels[layout === 'NCHW' ? i % labels.length : Math.floor(i / channels)]!;
    const x = picture[i]!;
    const f = fill ? fill[i]! : 0;
    own[region]! += x * x;
    mixed[region]! += x * f;
    filled[region]! += f * f;
  }
  const whole = own.reduce((sum, value) => sum + value, 0);
  return Float64Array.from({ length: bits.length / count }, (_, sample) => {
    let product = 0;
    let square = 0;
    for (let region = 0; region < count; region++) {
      const kept = bits[sample * count + region] !== 0;
      product += kept ? own[region]! : mixed[region]!;
      square += kept ? own[region]! : filled[region]!;
    }
    if (distance === 'picture-euclidean') return Math.sqrt(Math.max(0, whole + square - 2 * product));
    const lengths = Math.sqrt(whole * square);
    return lengths === 0 ? 1 : 1 - product / lengths;
  });
}
