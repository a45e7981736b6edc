import { type ColormapName, colormap, opacities } from '@seewhy/core';
import type { Plane } from '../../bundle/report-reader.ts';

/**
 * Paints a map in its colours on a canvas of the map's own size; the page stretches it.
 * @param opacity where the map is strongest; the weaker it is, the less it covers, as in the panels. None: the map alone, solid everywhere.
 *   It is painted into the pixels: a layer of its own for each of a hundred maps would cost the browser more than all the rest of a frame.
 */
export function paintHeat(canvas: HTMLCanvasElement, map: Plane, colours: ColormapName, opacity?: number): void {
  canvas.width = map.width;
  canvas.height = map.height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return;
  const image = context.createImageData(map.width, map.height);
  const table = packed(colours, opacity);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[map.data[i]!]!;
  context.putImageData(image, 0, 0);
}

const tables = new Map<string, Uint32Array>();

/** The 256 colours as the 32-bit numbers of image data (little-endian: A B G R). */
function packed(name: ColormapName, opacity: number | undefined): Uint32Array {
  const key = `${name} ${opacity}`;
  let table = tables.get(key);
  if (!table) {
    const bytes = colormap(name);
    const alphas = opacity === undefined ? undefined : opacities(opacity, name === 'diverging');
    table = Uint32Array.from({ length: 256 }, (_, i) => {
      const alpha = alphas ? Math.round(255 * alphas[i]!) : 255;
      return ((alpha << 24) | (bytes[3 * i + 2]! << 16) | (bytes[3 * i + 1]! << 8) | bytes[3 * i]!) >>> 0;
    });
    tables.set(key, table);
  }
  return table;
}
