import type { Picture } from '../picture/picture.ts';

/** Something drawn: 8-bit sRGB, interleaved, row by row; the fourth channel is straight (not premultiplied) alpha. */
export interface Raster {
  width: number;
  height: number;
  channels: 3 | 4;
  data: Uint8Array;
}

export type Colour = readonly [red: number, green: number, blue: number];

/** The colours of panels and sheets: dark on light, contrast of text at least 4.5 : 1. */
export const INK = {
  background: [255, 255, 255],
  text: [31, 35, 40],
  quiet: [89, 99, 110],
  line: [208, 215, 222],
  track: [234, 238, 242],
  accent: [9, 105, 218],
  warning: [154, 103, 0],
  /** Parts of a map the model did not see. */
  unseen: [228, 231, 235],
} as const satisfies Record<string, Colour>;

/** An empty sheet of one colour (default white). */
export function createRaster(width: number, height: number, colour: Colour = INK.background): Raster & { channels: 3 } {
  const data = new Uint8Array(width * height * 3);
  const row = data.subarray(0, width * 3);
  for (let i = 0; i < row.length; i++) row[i] = colour[i % 3]!;
  for (let y = 1; y < height; y++) data.copyWithin(y * row.length, 0, row.length);
  return { width, height, channels: 3, data };
}

/** Fills a rectangle; what lies outside the raster is left out. */
export function fillRectangle(
  raster: Raster,
  x: number,
  y: number,
  width: number,
  height: number,
  colour: Colour,
): void {
  const { channels, data } = raster;
  const right = Math.min(raster.width, x + width);
  const bottom = Math.min(raster.height, y + height);
  for (let row = Math.max(0, y); row < bottom; row++) {
    for (let column = Math.max(0, x); column < right; column++)
      data.set(colour, (row * raster.width + column) * channels);
  }
}

/** A frame of one pixel, just outside the rectangle. */
export function frame(raster: Raster, x: number, y: number, width: number, height: number, colour: Colour): void {
  fillRectangle(raster, x - 1, y - 1, width + 2, 1, colour);
  fillRectangle(raster, x - 1, y + height, width + 2, 1, colour);
  fillRectangle(raster, x - 1, y, 1, height, colour);
  fillRectangle(raster, x + width, y, 1, height, colour);
}

/** Lays a picture (or a raster with alpha) onto another at (x, y); it must fit. */
export function paste(raster: Raster, source: Raster | Picture, x: number, y: number): void {
  const { channels } = source;
  for (let row = 0; row < source.height; row++) {
    let from = row * source.width * channels;
    let to = ((y + row) * raster.width + x) * raster.channels;
    if (channels === 3 && raster.channels === 3) {
      raster.data.set(source.data.subarray(from, from + source.width * 3), to);
      continue;
    }
    for (let column = 0; column < source.width; column++) {
      const alpha = channels === 4 ? source.data[from + 3]! / 255 : 1;
      for (let c = 0; c < 3; c++) {
        raster.data[to + c] = Math.round(source.data[from + c]! * alpha + raster.data[to + c]! * (1 - alpha));
      }
      from += channels;
      to += raster.channels;
    }
  }
}
