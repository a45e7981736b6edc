import { type ColormapName, defaultColormap } from '../heatmap/colormaps.ts';
import type { HeatMap } from '../heatmap/heatmap.ts';
import { resizeMap } from '../heatmap/resize.ts';
import type { Picture } from '../picture/picture.ts';
import { resamplePicture } from '../picture/resample.ts';
import { heatmapImage } from './heatmap-image.ts';
import { legend } from './legend.ts';
import { createRaster, frame, INK, paste, type Raster } from './raster.ts';
import { drawText, lineHeight, textWidth } from './text.ts';

/** What is drawn on the picture of a map alone: the map, its legend and its caption. */
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
/** Shorter side of a map beside which the letters of 12 pixels are read well; beside larger ones they grow with it, in whole steps. */
const READ_AT = 1000;

/** A heatmap with its legend beside it, on white. */
export function heatmapSheet(request: HeatmapSheetRequest): Raster & { channels: 3 } {
  const { range, signed = false, unit = 'raw value' } = request;
  const name = request.colormap ?? defaultColormap(signed);
  const map = enlarged(request.map);
  const scale = Math.max(1, Math.floor(Math.min(map.width, map.height) / READ_AT));
  const line = lineHeight('small');
  const margin = MARGIN * scale;
  const head = (line + 6) * scale;
  // Room for a few numbers even beside a very flat picture.
  const height = Math.max(map.height, 64);
  const bar = legend(Math.ceil(height / scale), { range, signed, colormap: name });
  const side = Math.max(bar.width, textWidth(unit, 'small')) * scale;
  const sheet = createRaster(map.width + 14 * scale + side + 2 * margin, height + head + 2 * margin);
  const top = margin + head;
  const options = { font: 'small', colour: INK.quiet } as const;
  const written = (text: string, x: number, maxWidth: number) => {
    const part = createRaster(maxWidth, line);
    drawText(part, text, 0, 0, { ...options, maxWidth });
    paste(sheet, grown(part, scale), x, margin);
  };
  if (request.caption) written(request.caption, margin, Math.floor(map.width / scale));
  written(unit, margin + map.width + 15 * scale, textWidth(unit, 'small'));
  frame(sheet, margin, top, map.width, map.height, INK.line);
  paste(sheet, heatmapImage(map, { signed, colormap: name }), margin, top);
  paste(sheet, grown(bar, scale), margin + map.width + 14 * scale, top);
  return sheet;
}

/** A part of the sheet as many times as large, softly. */
function grown(part: Raster & { channels: 3 }, scale: number): Picture {
  return scale === 1 ? part : resamplePicture(part, part.width * scale, part.height * scale, 'bilinear');
}

function enlarged(map: HeatMap): HeatMap {
  const factor = Math.ceil(160 / Math.max(map.width, map.height));
  if (factor <= 1 || map.seen) return map;
  return resizeMap(map, map.width * factor, map.height * factor, 'nearest');
}
