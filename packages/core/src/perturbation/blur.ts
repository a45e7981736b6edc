import { errors } from '../errors.ts';

/** σ when none is given: this part of the picture's shorter side (11 pixels of 224). */
export const BLUR_SHARE = 0.05;

/**
 * A plane `[H, W]` under a Gaussian of `sigma` pixels, separable, cut at 4σ and normalised, the picture mirrored at its edges with the
 * edge repeated (`d c b a | a b c d`): `scipy.ndimage.gaussian_filter(mode='reflect')`. σ 0 changes nothing.
 */
export function gaussianBlur(plane: Float64Array, height: number, width: number, sigma: number): Float64Array {
  if (!(Number.isFinite(sigma) && sigma >= 0))
    throw errors.numberInvalid('sigma', sigma, 'a number of pixels, at least 0');
  const kernel = gaussianKernel(sigma);
  if (kernel.length === 1) return plane.slice();
  const across = new Float64Array(plane.length);
  for (let y = 0; y < height; y++) blurLine(plane, across, y * width, width, 1, kernel);
  const both = new Float64Array(plane.length);
  for (let x = 0; x < width; x++) blurLine(across, both, x, height, width, kernel);
  return both;
}

/** Weights for offsets −r … r. */
function gaussianKernel(sigma: number): Float64Array {
  const radius = Math.floor(4 * sigma + 0.5);
  const kernel = new Float64Array(2 * radius + 1);
  let sum = 0;
  for (let i = 0; i < kernel.length; i++) {
    kernel[i] = radius === 0 ? 1 : Math.exp(-0.5 * ((i - radius) / sigma) ** 2);
    sum += kernel[i]!;
  }
  for (let i = 0; i < kernel.length; i++) kernel[i]! /= sum;
  return kernel;
}

function blurLine(
  from: Float64Array,
  to: Float64Array,
  start: number,
  length: number,
  step: number,
  kernel: Float64Array,
): void {
  const radius = (kernel.length - 1) / 2;
  // The line with its mirror images on both sides; their period is twice the length.
  const padded = new Float64Array(length + 2 * radius);
  for (let i = 0; i < padded.length; i++) {
    const turn = (((i - radius) % (2 * length)) + 2 * length) % (2 * length);
    padded[i] = from[start + (turn < length ? turn : 2 * length - 1 - turn) * step]!;
  }
  for (let i = 0; i < length; i++) {
    const middle = i + radius;
    let sum = kernel[radius]! * padded[middle]!;
    for (let k = 1; k <= radius; k++) sum += kernel[radius + k]! * (padded[middle - k]! + padded[middle + k]!);
    to[start + i * step] = sum;
  }
}
