import { type ColormapName, defaultColormap } from '../heatmap/colormaps.ts';
import type { HeatMap } from '../heatmap/heatmap.ts';
import { resizeMap } from '../heatmap/resize.ts';
import { heatmapImage } from './heatmap-image.ts';
import { legend } from './legend.ts';
import { createRaster, frame, INK, paste, type Raster } from './raster.ts';
import { drawText, lineHeight, textWidth } from './text.ts';

export interface HeatmapSheetRequest {
  /** Finished map; drawn at its own size, small ones enlarged to at least 160 pixels on the longer side. */
  map: HeatMap;
  /** Values at the two ends of the legend. */
  range: readonly [low: number, high: number];
  signed?: boolean;
  colormap?: ColormapName;
  /** What the legend's numbers are (default 'raw value'). */
  unit?: string;
  /** One quiet line above (default none). */
  caption?: string;
}

const MARGIN = 16;

/** A heatmap with its legend beside it, on white. */
export function heatmapSheet(request: HeatmapSheetRequest): Raster & { channels: 3 } {
  const { range, signed = false, unit = 'raw value' } = request;
  const name = request.colormap ?? defaultColormap(signed);
  const map = enlarged(request.map);
  const head = lineHeight('small') + 6;
  // Room for a few numbers even beside a very flat picture.
  const height = Math.max(map.height, 64);
  const bar = legend(height, { range, signed, colormap: name });
  const side = Math.max(bar.width, textWidth(unit, 'small'));
  const sheet = createRaster(map.width + 14 + side + 2 * MARGIN, height + head + 2 * MARGIN);
  const top = MARGIN + head;
  const options = { font: 'small', colour: INK.quiet } as const;
  if (request.caption) drawText(sheet, request.caption, MARGIN, MARGIN, { ...options, maxWidth: map.width });
  drawText(sheet, unit, MARGIN + map.width + 15, MARGIN, options);
  frame(sheet, MARGIN, top, map.width, map.height, INK.line);
  paste(sheet, heatmapImage(map, { signed, colormap: name }), MARGIN, top);
  paste(sheet, bar, MARGIN + map.width + 14, top);
  return sheet;
}

function enlarged(map: HeatMap): HeatMap {
  const factor = Math.ceil(160 / Math.max(map.width, map.height));
  if (factor <= 1 || map.seen) return map;
  return resizeMap(map, map.width * factor, map.height * factor, 'nearest');
}
