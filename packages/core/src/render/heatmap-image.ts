import { type ColormapName, colormap, colourIndex, defaultColormap } from '../heatmap/colormaps.ts';
import type { HeatMap } from '../heatmap/heatmap.ts';
import { opacities } from './overlay.ts';
import { INK, type Raster } from './raster.ts';

/** How the values of a map become colours. */
export interface HeatmapImageOptions {
  /** Default `viridis`, `diverging` for signed maps. */
  colormap?: ColormapName;
  /** The map runs from -1 to 1 (default false: 0 to 1). */
  signed?: boolean;
}

/** Position in the colormap of each pixel, -1 for NaN and for what the model did not see. */
function colourIndices(map: HeatMap, signed: boolean): Int16Array {
  const { width, height, data } = map;
  const { x0, y0, x1, y1 } = map.seen ?? { x0: 0, y0: 0, x1: width, y1: height };
  const indices = new Int16Array(data.length).fill(-1);
  for (let y = y0; y < y1; y++) {
    for (let i = y * width + x0; i < y * width + x1; i++) indices[i] = colourIndex(data[i]!, signed);
  }
  return indices;
}

/** A finished map in colours, RGB. NaN and what the model did not see are light grey. */
export function heatmapImage(map: HeatMap, options: HeatmapImageOptions = {}): Raster & { channels: 3 } {
  const { signed = false } = options;
  const table = colormap(options.colormap ?? defaultColormap(signed));
  const data = new Uint8Array(map.data.length * 3);
  const indices = colourIndices(map, signed);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    for (let c = 0; c < 3; c++) data[i * 3 + c] = index < 0 ? INK.unseen[c]! : table[index * 3 + c]!;
  }
  return { width: map.width, height: map.height, channels: 3, data };
}

/**
 * A finished map in colours with alpha by strength, RGBA: to be laid over the picture in another program. Laid with
 * normal blending it gives what `overlay` draws with the same opacity (default 0.7).
 */
export function transparentHeatmap(
  map: HeatMap,
  options: HeatmapImageOptions & { opacity?: number } = {},
): Raster & { channels: 4 } {
  const { signed = false, opacity = 0.7 } = options;
  const table = colormap(options.colormap ?? defaultColormap(signed));
  const alphas = opacities(opacity, signed);
  const data = new Uint8Array(map.data.length * 4);
  const indices = colourIndices(map, signed);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (index < 0) continue;
    for (let c = 0; c < 3; c++) data[i * 4 + c] = table[index * 3 + c]!;
    data[i * 4 + 3] = Math.round(255 * alphas[index]!);
  }
  return { width: map.width, height: map.height, channels: 4, data };
}
