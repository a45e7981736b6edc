import type { Geometry } from '@seewhy/core';
import type { Mask } from '@seewhy/report';

/**
 * A mask of the picture as a mask of what the model saw, in the input's pixels: each takes the mask's pixel under its middle; what was padded
 * is outside.
 */
export function maskSeen(mask: Mask, { picture, resized, offset, input }: Geometry): Mask {
  const column = placesOf(input.width, offset.x, resized.width, picture.width, mask.width);
  const row = placesOf(input.height, offset.y, resized.height, picture.height, mask.height);
  const data = new Uint8Array(input.width * input.height);
  for (let y = 0, at = 0; y < input.height; y++)
    for (let x = 0; x < input.width; x++, at++)
      if (row[y]! >= 0 && column[x]! >= 0 && mask.data[row[y]! * mask.width + column[x]!] !== 0) data[at] = 1;
  return { width: input.width, height: input.height, data };
}

/** The mask's pixel under each of the input's along one axis; −1 beyond the picture. */
function placesOf(count: number, offset: number, resized: number, size: number, own: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => {
    const place = ((i + 0.5 + offset) * size) / resized;
    if (place < 0 || place >= size) return -1;
    return Math.min(own - 1, Math.floor((place * own) / size));
  });
}
