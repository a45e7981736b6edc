import type { MapRecord } from '../audit-record.ts';
import { boxAverage } from './box-average.ts';

/** Where the thing is: boxes are masks too, filled. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  /** `height × width`, row by row: 0 outside, anything else inside. */
  readonly data: Uint8Array;
}

/**
 * A map against a mask of the same picture (what the model saw). A mask of another size is laid on the map's pixels by area: a pixel then
 * counts with the share `m` of it that lies inside.
 *
 * With the map's positive part `v` over the pixels:
 * - `mass` = Σ v·m / Σ v ("energy-based pointing game": H. Wang et al., "Score-CAM", CVPR workshops 2020)
 * - `pointing`: the peak's pixel lies inside (m ≥ ½; J. Zhang et al., "Top-down neural attention by excitation backprop", ECCV 2016,
 *   without their tolerance of 15 pixels)
 * - `iou` = max over cuts c of |{v ≥ c·max v} ∩ m| / |{v ≥ c·max v} ∪ m|, c in (0, 1]: pixels without positive value are never in the cut,
 *   `cut` is the largest c that reaches the maximum
 * - `area` = mean of m
 *
 * @returns undefined where the mask covers nothing or the map has nothing positive: then there is nothing to compare
 */
export function insideMask(
  positive: Float32Array,
  width: number,
  height: number,
  peak: number,
  mask: Mask,
): MapRecord['inside'] {
  const shares = sharesOf(mask, width, height);
  let covered = 0;
  let total = 0;
  let held = 0;
  for (let i = 0; i < positive.length; i++) {
    const share = shares[i]!;
    covered += share;
    total += positive[i]!;
    held += positive[i]! * share;
  }
  if (covered === 0 || total === 0) return undefined;

  const order = strongestFirst(positive);
  const largest = positive[order[0]!]!;
  let inter = 0;
  let iou = 0;
  let cut = 1;
  for (let i = 0; i < order.length; i++) {
    inter += shares[order[i]!]!;
    const value = positive[order[i]!]!;
    // A cut takes all pixels of one value or none.
    if (i + 1 < order.length && positive[order[i + 1]!]! === value) continue;
    const found = inter / (i + 1 + covered - inter);
    if (found > iou) {
      iou = found;
      cut = value / largest;
    }
  }
  return {
    mass: Math.min(1, held / total),
    pointing: shares[peak]! >= 0.5,
    iou,
    cut,
    area: covered / positive.length,
  };
}

function sharesOf(mask: Mask, width: number, height: number): ArrayLike<number> {
  const binary = mask.data.map((value) => (value === 0 ? 0 : 1));
  return mask.width === width && mask.height === height
    ? binary
    : boxAverage(binary, mask.width, mask.height, width, height);
}

/** Indexes of the positive values, largest value first. */
function strongestFirst(positive: Float32Array): ArrayLike<number> {
  // A positive float32's bits, read as a whole number, grow with it: bits and index together in a float64 sort without a comparator.
  const bits = new Uint32Array(positive.buffer, positive.byteOffset, positive.length);
  let count = 0;
  if (positive.length > 2 ** 22) {
    const indexes = new Uint32Array(positive.length);
    for (let i = 0; i < positive.length; i++) if (positive[i]! > 0) indexes[count++] = i;
    return indexes.subarray(0, count).sort((a, b) => positive[b]! - positive[a]! || b - a);
  }
  const packed = new Float64Array(positive.length);
  for (let i = 0; i < positive.length; i++) if (positive[i]! > 0) packed[count++] = bits[i]! * 2 ** 22 + i;
  const sorted = packed.subarray(0, count).sort();
  const indexes = new Uint32Array(count);
  for (let i = 0; i < count; i++) indexes[i] = sorted[count - 1 - i]! % 2 ** 22;
  return indexes;
}
