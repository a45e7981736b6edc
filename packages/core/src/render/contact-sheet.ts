import type { Picture } from '../picture/picture.ts';
import { fitInside, scaleTo } from './fit.ts';
import { type Colour, createRaster, frame, INK, paste, type Raster } from './raster.ts';
import { drawText, lineHeight } from './text.ts';

/** One cell of a contact sheet. */
export interface ContactSheetItem {
  /** One picture, or several side by side (original and overlays). All are scaled to the same height. */
  image: Picture | (Raster & { channels: 3 }) | readonly (Picture | (Raster & { channels: 3 }))[];
  /** Up to three lines below it: the first in full colour, the others quiet. Too long ones end in an ellipsis. */
  lines?: readonly string[];
  /** Colour of the first line, for marking (default near black). */
  colour?: Colour;
}

/** Heading and layout of a contact sheet. */
export interface ContactSheetOptions {
  /** At the top (default none). */
  title?: string;
  subtitle?: string;
  /** Default: as many as make the sheet a little wider than high, at most 8. */
  columns?: number;
  /** Longest side of a picture in pixels (default 256). */
  tile?: number;
}

const MARGIN = 28;
const GAP = 22;
const INSIDE = 4;

/** A grid of pictures with captions. */
export function contactSheet(
  items: readonly ContactSheetItem[],
  options: ContactSheetOptions = {},
): Raster & { channels: 3 } {
  const tile = Math.max(48, options.tile ?? 256);
  const groups = items.map((item) => ('width' in item.image ? [item.image] : item.image));
  const sizes = groups.map((images) => {
    const fitted = images.map((image) => fitInside(image, tile, tile));
    const height = Math.min(...fitted.map((size) => size.height));
    return images.map((image) => ({
      width: Math.min(tile, Math.max(1, Math.round((image.width / image.height) * height))),
      height,
    }));
  });
  const widths = sizes.map((group) => group.reduce((sum, size) => sum + size.width, 0) + INSIDE * (group.length - 1));
  const cell = Math.max(96, ...widths);
  const text = lineHeight('text');
  const small = lineHeight('small');
  const captionOf = (item: ContactSheetItem) => {
    const count = Math.min(3, item.lines?.length ?? 0);
    return count === 0 ? 0 : 8 + text + (count - 1) * (small + 1);
  };
  const columns = Math.max(1, Math.min(items.length || 1, options.columns ?? autoColumns(items.length, cell, tile)));

  const head = (options.title ? lineHeight('title') + 4 : 0) + (options.subtitle ? text : 0);
  const width = columns * cell + (columns - 1) * GAP + 2 * MARGIN;
  const rows: number[] = [];
  for (let i = 0; i < items.length; i += columns) {
    rows.push(Math.max(...items.slice(i, i + columns).map((item, k) => sizes[i + k]![0]!.height + captionOf(item))));
  }
  const body = rows.reduce((sum, row) => sum + row, 0) + GAP * Math.max(0, rows.length - 1);
  const sheet = createRaster(width, MARGIN + head + (head ? 20 : 0) + body + MARGIN);
  const inner = width - 2 * MARGIN;
  if (options.title) drawText(sheet, options.title, MARGIN, MARGIN, { font: 'title', maxWidth: inner });
  if (options.subtitle) {
    const y = MARGIN + (options.title ? lineHeight('title') + 4 : 0);
    drawText(sheet, options.subtitle, MARGIN, y, { colour: INK.quiet, maxWidth: inner });
  }
  let y = MARGIN + head + (head ? 20 : 0);
  rows.forEach((row, r) => {
    for (let c = 0; c < columns && r * columns + c < items.length; c++) {
      const i = r * columns + c;
      const left = MARGIN + c * (cell + GAP);
      let x = left;
      groups[i]!.forEach((image, k) => {
        const size = sizes[i]![k]!;
        frame(sheet, x, y, size.width, size.height, INK.line);
        paste(sheet, scaleTo(image, size.width, size.height), x, y);
        x += size.width + INSIDE;
      });
      drawCaption(sheet, items[i]!, left, y + sizes[i]![0]!.height + 8, cell);
    }
    y += row + GAP;
  });
  return sheet;
}

function drawCaption(sheet: Raster, item: ContactSheetItem, x: number, y: number, maxWidth: number): void {
  (item.lines ?? []).slice(0, 3).forEach((line, i) => {
    if (i === 0) drawText(sheet, line, x, y, { maxWidth, colour: item.colour ?? INK.text });
    else {
      const top = y + lineHeight('text') + (i - 1) * (lineHeight('small') + 1);
      drawText(sheet, line, x, top, { font: 'small', colour: INK.quiet, maxWidth });
    }
  });
}

/** Columns that make the sheet about 4 : 3. */
function autoColumns(count: number, cell: number, tile: number): number {
  const wanted = Math.sqrt((count * (4 / 3) * (tile + 60)) / cell);
  return Math.max(1, Math.min(8, Math.round(wanted)));
}
