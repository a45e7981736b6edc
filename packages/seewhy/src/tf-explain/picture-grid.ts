import type { Raster } from '@seewhy/core';

/** Pictures of a batch in one. */
export type Grid = Raster & { channels: 3 };

/**
 * Pictures of one size side by side, as tf-explain lays them: as many rows as columns, ⌈√N⌉ of each, row by row, what is left over black.
 */
export function pictureGrid(pictures: readonly { width: number; height: number; data: Uint8Array }[]): Grid {
  const { width, height } = pictures[0]!;
  const side = Math.ceil(Math.sqrt(pictures.length));
  const grid: Grid = {
    width: side * width,
    height: side * height,
    channels: 3,
    data: new Uint8Array(side * side * width * height * 3),
  };
  for (const [at, { data }] of pictures.entries()) {
    const [left, top] = [(at % side) * width, Math.floor(at / side) * height];
    for (let y = 0; y < height; y++)
      grid.data.set(data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * grid.width + left) * 3);
  }
  return grid;
}

/** Values from 0 to 1 as grey, three equal channels. */
export function greyRaster(values: ArrayLike<number>, width: number, height: number): Grid {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const unit = values[i]!;
    data.fill(unit > 0 ? Math.min(255, Math.trunc(unit * 255)) : 0, i * 3, i * 3 + 3);
  }
  return { width, height, channels: 3, data };
}
