import { colormap, defaultColormap } from '../heatmap/colormaps.ts';
import type { HeatMap } from '../heatmap/heatmap.ts';
import { resizeMap } from '../heatmap/resize.ts';
import type { Picture } from '../picture/picture.ts';
import { fitInside, scaleTo } from './fit.ts';
import { heatmapImage } from './heatmap-image.ts';
import { formatValue } from './legend.ts';
import { overlay } from './overlay.ts';
import { type Colour, fillRectangle, frame, INK, paste, type Raster } from './raster.ts';
import { drawText, fitText, isDrawable, lineHeight, textWidth, wrapText } from './text.ts';

/** One method's map of one picture. */
export interface AuditPanelMap {
  /** Finished map of what the model saw, of any size; absent: none was made, and `note` says why. */
  readonly map?: HeatMap;
  /** Raw values at the two ends of the legend. */
  readonly range?: readonly [low: number, high: number];
  readonly signed?: boolean;
  /** One quiet line below the overlay: the class the map speaks for. */
  readonly note?: string;
  /** Below that, in the colour of warnings: that the map is empty. */
  readonly warning?: string;
}

/** One picture of an audit, with its maps. */
export interface AuditPanelItem {
  /** As the model saw it; absent: it could not be read. */
  readonly picture?: Picture;
  /** In the order of the panel's methods. */
  readonly maps: readonly AuditPanelMap[];
  /** What the picture is called. */
  readonly id: string;
  /** Short and drawable; put behind an id that cannot be shown in full, so that the picture can still be found. */
  readonly tag?: string;
  /** The cell, as a word before the id (`FN`), in the colour of warnings where the model was wrong. */
  readonly cell?: { readonly text: string; readonly wrong: boolean };
  /** At the right of the id. */
  readonly score?: string;
  /** Quiet, below the id; too long ones end in an ellipsis. */
  readonly lines?: readonly string[];
}

/** Gap between the tiles of one item, and from the text to the tiles. */
export const TILE_GAP = 6;
const LEGEND_BAR = 6;

/** Width of an item of that many methods. */
export const itemWidth = (tile: number, methods: number): number => {
  const tiles = 1 + 2 * methods;
  return Math.max(240, tiles * tile + (tiles - 1) * TILE_GAP);
};

/** Height of the text above an item's pictures. */
export const captionHeight = (lines: number): number =>
  lineHeight('text') + 3 + lines * (lineHeight('small') + 1) + TILE_GAP;

/** Height of legend and notes below an item's pictures; nothing without methods. */
export const footHeight = ({ maps }: AuditPanelItem, tile: number): number => {
  const notes = Math.max(0, ...maps.map((map) => notesOf(map, tile).length));
  const legends = maps.some(({ map }) => map);
  if (!legends && notes === 0) return 0;
  return 4 + Math.max(legends ? LEGEND_BAR + 3 + lineHeight('small') : 0, notes * (lineHeight('small') + 1));
};

/** Height of an item's pictures in tiles of that size. */
export const tileHeight = ({ picture }: AuditPanelItem, tile: number): number =>
  picture ? fitInside(picture, tile, tile).height : tile;

/** Draws an item at its upper left corner: the text, then original | heatmap | overlay for each method, then the legends. */
export function drawItem(
  sheet: Raster,
  item: AuditPanelItem,
  place: { readonly x: number; readonly y: number; readonly tile: number },
  lines: number,
): void {
  const { tile } = place;
  drawCaption(sheet, item, place.x, place.y, itemWidth(tile, item.maps.length));
  const top = place.y + captionHeight(lines);
  const { picture } = item;
  const size = picture ? fitInside(picture, tile, tile) : { width: tile, height: tile };
  const seen = picture && scaleTo(picture, size.width, size.height);
  // Smaller pictures hang from the line of their row, so that they stay with their text.
  const below = top + size.height + 4;
  const leftOf = (column: number) => place.x + column * (tile + TILE_GAP) + Math.floor((tile - size.width) / 2);
  const put = (image: Raster | Picture, column: number) => {
    frame(sheet, leftOf(column), top, size.width, size.height, INK.line);
    paste(sheet, image, leftOf(column), top);
  };
  if (seen) put(seen, 0);
  else drawAbsent(sheet, 'the picture cannot be read', leftOf(0), top, size);
  item.maps.forEach((made, at) => {
    const column = 1 + 2 * at;
    const { map, signed = false } = made;
    if (map) {
      put(heatmapImage(resizeMap(map, size.width, size.height), { signed }), column);
      if (seen) put(overlay(seen, map, { signed }), column + 1);
      else drawAbsent(sheet, 'no picture to lay it on', leftOf(column + 1), top, size);
      drawLegend(sheet, made, place.x + column * (tile + TILE_GAP), below, tile);
    } else {
      drawAbsent(sheet, 'no map', leftOf(column), top, size);
      drawAbsent(sheet, '', leftOf(column + 1), top, size);
    }
    notesOf(made, tile).forEach(({ text, colour }, i) => {
      const x = place.x + (column + 1) * (tile + TILE_GAP);
      drawText(sheet, text, x, below + i * (lineHeight('small') + 1) - 1, { font: 'small', colour, maxWidth: tile });
    });
  });
}

/** `FN  P07_img_0034        0.213`, and the quiet lines below. */
function drawCaption(sheet: Raster, item: AuditPanelItem, x: number, y: number, width: number): void {
  let left = x;
  if (item.cell) {
    const colour = item.cell.wrong ? INK.warning : INK.quiet;
    left += drawText(sheet, item.cell.text, left, y, { colour, maxWidth: Math.floor(width / 3) }) + 8;
  }
  const score = item.score ? textWidth(item.score) + 10 : 0;
  if (item.score) drawText(sheet, item.score, x + width, y, { align: 'right' });
  drawText(sheet, fitId(item.id, item.tag, x + width - score - left), left, y);
  (item.lines ?? []).forEach((line, i) => {
    const top = y + lineHeight('text') + 3 + i * (lineHeight('small') + 1);
    drawText(sheet, line, x, top, { font: 'small', colour: INK.quiet, maxWidth: width });
  });
}

/**
 * The id, or its beginning and its end: ids of one set often share the one or the other. One that is cut, or has letters that the font
 * has not or that cannot be seen, is followed by the tag.
 */
export function fitId(id: string, tag: string | undefined, width: number): string {
  const plain = textWidth(id);
  if (plain > 0 && plain <= width && isDrawable(id)) return id;
  const behind = tag ? ` #${tag}` : '';
  const room = width - textWidth(behind);
  if (plain <= room) return id + behind;
  const half = Math.floor(room / 2);
  return `${fitText(id, half)}${fitText(id, half, 'text', true).slice(1)}${behind}`;
}

function drawAbsent(sheet: Raster, text: string, x: number, y: number, size: { width: number; height: number }): void {
  fillRectangle(sheet, x, y, size.width, size.height, INK.unseen);
  frame(sheet, x, y, size.width, size.height, INK.line);
  const line = lineHeight('small') + 1;
  const lines = wrapText(text, size.width - 8, 'small', Math.max(1, Math.floor(size.height / line)));
  const top = y + Math.floor((size.height - lines.length * line) / 2);
  lines.forEach((one, i) => {
    drawText(sheet, one, x + size.width / 2, top + i * line, {
      font: 'small',
      colour: INK.quiet,
      align: 'centre',
    });
  });
}

/** A lying colour bar as wide as the tile, with the raw values of its two ends below. A flat map has one. */
function drawLegend(sheet: Raster, made: AuditPanelMap, x: number, y: number, width: number): void {
  const { signed = false, range } = made;
  const table = colormap(defaultColormap(signed));
  for (let i = 0; i < width; i++) {
    const index = Math.min(255, Math.floor(((i + 0.5) / width) * 256)) * 3;
    fillRectangle(sheet, x + i, y, 1, LEGEND_BAR, [table[index]!, table[index + 1]!, table[index + 2]!]);
  }
  frame(sheet, x, y, width, LEGEND_BAR, INK.line);
  if (!range) return;
  const [low, high] = range.map(formatValue) as [string, string];
  const text = y + LEGEND_BAR + 3;
  if (low === high) {
    drawText(sheet, low, x + width / 2, text, { font: 'small', colour: INK.text, align: 'centre' });
    return;
  }
  const half = Math.floor(width / 2) - 4;
  drawText(sheet, low, x, text, { font: 'small', colour: INK.text, maxWidth: half });
  drawText(sheet, high, x + width, text, { font: 'small', colour: INK.text, align: 'right', maxWidth: half });
}

/** What stands below an overlay: the note on one line, the warning on two. */
function notesOf({ note, warning }: AuditPanelMap, width: number): { text: string; colour: Colour }[] {
  return [
    ...(note ? [{ text: note, colour: INK.quiet as Colour }] : []),
    ...(warning ? wrapText(warning, width, 'small', 2).map((text) => ({ text, colour: INK.warning as Colour })) : []),
  ];
}
