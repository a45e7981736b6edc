import type { Picture } from '@seewhy/core';

/**
 * The picture without its colour cast: each channel multiplied so that its mean becomes the mean of all three ("grey world": G. Buchsbaum, "A
 * spatial processor model for object colour perception", J. Franklin Institute 310, 1980), cut at 255. Brightness and drawing stay.
 * Undefined where there is no cast: the means differ by less than half a step, or a channel is black.
 */
export function neutralPicture(picture: Picture): Picture | undefined {
  const { data } = picture;
  const sums = [0, 0, 0];
  for (let i = 0; i < data.length; i++) sums[i % 3]! += data[i]!;
  const pixels = data.length / 3;
  const mean = (sums[0]! + sums[1]! + sums[2]!) / 3;
  if (sums.every((sum) => Math.abs(sum - mean) < pixels / 2) || sums.includes(0)) return undefined;
  const gains = sums.map((sum) => mean / sum);
  return { ...picture, data: data.map((value, i) => Math.min(255, Math.round(value * gains[i % 3]!))) };
}
