import { errors } from '../errors.ts';
import { checkSize } from '../picture/picture.ts';

/** A picture cut into regions (superpixels): every pixel belongs to exactly one. */
export interface Segmentation {
  readonly height: number;
  readonly width: number;
  /** The region of each pixel, row by row: 0 … count − 1, each used at least once. */
  readonly labels: Int32Array;
  readonly count: number;
}

/**
 * A segmentation from any numbering of regions, such as a mask file: the different labels become 0, 1, 2 … in ascending order.
 * @param labels `height × width` whole numbers, row by row
 * @throws SeewhyError `SIZE_INVALID`, `LENGTH_INVALID`, `NUMBER_INVALID`
 */
export function segmentationOf(height: number, width: number, labels: ArrayLike<number>): Segmentation {
  checkSize(width, height);
  if (labels.length !== height * width)
    throw errors.lengthInvalid(`The segmentation of ${width}x${height} pixels`, labels.length, height * width);
  const present = new Set<number>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!Number.isInteger(label)) throw errors.numberInvalid(`label of pixel ${i}`, label, 'a whole number');
    present.add(label);
  }
  const index = new Map([...present].sort((a, b) => a - b).map((label, i) => [label, i] as const));
  const renumbered = new Int32Array(labels.length);
  for (let i = 0; i < labels.length; i++) renumbered[i] = index.get(labels[i]!)!;
  return { height, width, labels: renumbered, count: index.size };
}

/** Pixels of each region. */
export function segmentSizes({ labels, count }: Segmentation): Int32Array {
  const sizes = new Int32Array(count);
  for (let i = 0; i < labels.length; i++) sizes[labels[i]!]!++;
  return sizes;
}
