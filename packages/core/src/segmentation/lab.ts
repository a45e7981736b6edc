import { errors } from '../errors.ts';
import { checkSize } from '../picture/picture.ts';

/**
 * Pixels as a segmentation takes them: a `Picture` (bytes), or numbers with 0 for black and 1 for white. One channel is grey, three are
 * sRGB, interleaved row by row.
 */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** `height * width * channels` values: bytes as 0 … 255, others as 0 … 1. */
  readonly data: Uint8Array | Float32Array | Float64Array;
}

/** The planes L* (0 … 100), a*, b* of a picture, `height * width` values each. */
export type LabPlanes = readonly [Float64Array, Float64Array, Float64Array];

/** Linear sRGB → XYZ (IEC 61966-2-1), rows divided by the white point D65 of the 2° observer (0.95047, 1, 1.08883). */
const WHITE = [0.95047, 1, 1.08883] as const;
const XYZ: readonly Triple[] = [
  [0.412453, 0.35758, 0.180423],
  [0.212671, 0.71516, 0.072169],
  [0.019334, 0.119193, 0.950227],
].map(([r, g, b], i) => [r! / WHITE[i]!, g! / WHITE[i]!, b! / WHITE[i]!]);

/**
 * CIE 1976 L*a*b* of a picture, whose Euclidean distances are roughly those that people see.
 * @param stretch bring the smallest value of the picture to 0 and the largest to 1 first
 * @throws SeewhyError `SIZE_INVALID`, `NUMBER_INVALID`, `LENGTH_INVALID`
 */
export function labPlanes(pixels: Pixels, stretch: boolean): LabPlanes {
  const { width, height, channels, data } = pixels;
  checkSize(width, height);
  if (channels !== 1 && channels !== 3) throw errors.numberInvalid('channels', channels, '1 (grey) or 3 (RGB)');
  const count = width * height;
  if (data.length !== count * channels)
    throw errors.lengthInvalid(`The picture of ${width}x${height} pixels`, data.length, count * channels);
  const [offset, scale] = range(data, stretch);
  const planes = [new Float64Array(count), new Float64Array(count), new Float64Array(count)] as const;
  const [[xr, xg, xb], [yr, yg, yb], [zr, zg, zb]] = XYZ as readonly [Triple, Triple, Triple];
  const second = channels === 3 ? 1 : 0;
  const third = channels === 3 ? 2 : 0;
  for (let i = 0, j = 0; i < count; i++, j += channels) {
    const r = linear((data[j]! - offset) * scale);
    const g = linear((data[j + second]! - offset) * scale);
    const b = linear((data[j + third]! - offset) * scale);
    const x = lightness(xr * r + xg * g + xb * b);
    const y = lightness(yr * r + yg * g + yb * b);
    const z = lightness(zr * r + zg * g + zb * b);
    planes[0][i] = 116 * y - 16;
    planes[1][i] = 500 * (x - y);
    planes[2][i] = 200 * (y - z);
  }
  return planes;
}

type Triple = readonly [number, number, number];

/** What to take off and multiply by to get to 0 … 1. */
function range(data: Pixels['data'], stretch: boolean): [offset: number, scale: number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (!Number.isFinite(value)) throw errors.numberInvalid(`value ${i} of the picture`, value, 'finite');
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (stretch) return [least, most > least ? 1 / (most - least) : 1];
  return [0, data instanceof Uint8Array ? 1 / 255 : 1];
}

/** The electro-optical transfer function of sRGB. */
function linear(value: number): number {
  return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92;
}

/** CIE's cube root, with its straight beginning. */
function lightness(value: number): number {
  return value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116;
}
