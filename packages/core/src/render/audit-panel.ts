import {
  type AuditPanelItem,
  captionHeight,
  drawItem,
  footHeight,
  itemWidth,
  TILE_GAP,
  tileHeight,
} from './audit-panel-item.ts';
import { createRaster, fillRectangle, INK, type Raster } from './raster.ts';
import { drawText, type FontName, lineHeight, textWidth, wrapText } from './text.ts';

/** Pictures that belong together: the false negatives. */
export interface AuditPanelSection {
  readonly title: string;
  /** Quiet sentences below: how the pictures were chosen, how many were left out. */
  readonly note?: string;
  readonly items: readonly AuditPanelItem[];
  /** What is said where there is no picture (default 'No picture.'). */
  readonly empty?: string;
}

/** What is drawn on an audit's panel. */
export interface AuditPanelRequest {
  readonly title: string;
  /** Quiet lines below the title, broken where they are too long: method, threshold, counts, seed. */
  readonly subtitle?: readonly string[];
  /** What each item's maps are called, in order; every item has as many. */
  readonly methods: readonly string[];
  readonly sections: readonly AuditPanelSection[];
  /** This page of how many; said at the top when there are several. */
  readonly page?: { readonly number: number; readonly of: number };
  /** Longest side of a picture in pixels (default 144). */
  readonly tile?: number;
  /** Items side by side (default {@link auditPanelColumns}). */
  readonly columns?: number;
}

const MARGIN = 28;
const COLUMN_GAP = 36;
const ROW_GAP = 20;
const SECTION_GAP = 26;
const TILE = 144;

/** Items side by side: two where an item is narrow, else one. */
export const auditPanelColumns = (methods: number): number => (methods <= 1 ? 2 : 1);

/**
 * The pictures of an audit as a figure: sections of items, each an original, then heatmap and overlay of each method, with id, cell and
 * score above and the heatmap's legend of raw values below. The height follows from what is in it: pages are made by the caller.
 */
export function auditPanel(request: AuditPanelRequest): Raster & { channels: 3 } {
  const { methods, sections, title } = request;
  const tile = Math.max(64, request.tile ?? TILE);
  const columns = Math.max(1, request.columns ?? auditPanelColumns(methods.length));
  const item = itemWidth(tile, methods.length);
  const inner = columns * item + (columns - 1) * COLUMN_GAP;
  const head = wrapAll(request.subtitle ?? [], inner, 'text', 3);
  const laid = sections.map((section) => layOut(section, columns, tile, inner));
  const { page } = request;
  const pageText = page && page.of > 1 ? `page ${page.number} of ${page.of}` : '';
  const titles = wrapAll([title], inner - (pageText ? textWidth(pageText) + 16 : 0), 'title', 2);
  const titleHeight = titles.length * lineHeight('title') + 6;
  const headHeight = titleHeight + head.length * lineHeight('text');
  const foot = sections.some(({ items }) => items.some(({ maps }) => maps.some(({ map }) => map)))
    ? wrapText(FOOT, inner, 'small')
    : [];
  const footTop =
    MARGIN + headHeight + SECTION_GAP + laid.reduce((sum, { height }) => sum + height + SECTION_GAP, 0) - SECTION_GAP;
  const footSpace = foot.length > 0 ? SECTION_GAP + foot.length * (lineHeight('small') + 1) : 0;
  const sheet = createRaster(inner + 2 * MARGIN, footTop + footSpace + MARGIN);

  titles.forEach((line, i) => {
    drawText(sheet, line, MARGIN, MARGIN + i * lineHeight('title'), { font: 'title' });
  });
  if (pageText) drawText(sheet, pageText, MARGIN + inner, MARGIN + 2, { align: 'right', colour: INK.quiet });
  head.forEach((line, i) => {
    const y = MARGIN + titleHeight + i * lineHeight('text');
    drawText(sheet, line, MARGIN, y, { colour: INK.quiet });
  });
  let y = MARGIN + headHeight + SECTION_GAP;
  for (const section of laid) {
    drawSection(sheet, section, y, { columns, tile, item, inner, methods });
    y += section.height + SECTION_GAP;
  }
  foot.forEach((line, i) => {
    const top = footTop + SECTION_GAP + i * (lineHeight('small') + 1);
    drawText(sheet, line, MARGIN, top, { font: 'small', colour: INK.quiet });
  });
  return sheet;
}

const FOOT =
  'Each heatmap has colours of its own scale: the bar below it goes from the lowest to the highest raw value of that map, so colours of two pictures are not comparable, the numbers are.';

/** A section with its heights. */
interface LaidSection {
  readonly section: AuditPanelSection;
  readonly notes: readonly string[];
  readonly rows: readonly LaidRow[];
  readonly lines: number;
  readonly height: number;
}

interface LaidRow {
  readonly items: readonly AuditPanelItem[];
  readonly height: number;
}

const sectionHead = (notes: readonly string[]) => 10 + lineHeight('title') + notes.length * (lineHeight('small') + 2);

function layOut(section: AuditPanelSection, columns: number, tile: number, inner: number): LaidSection {
  const notes = wrapAll(section.note ? [section.note] : [], inner, 'small', 3);
  const lines = Math.max(0, ...section.items.map(({ lines = [] }) => lines.length));
  const rows: LaidRow[] = [];
  for (let at = 0; at < section.items.length; at += columns) {
    const items = section.items.slice(at, at + columns);
    const tiles = Math.max(...items.map((item) => tileHeight(item, tile) + footHeight(item, tile)));
    rows.push({ items, height: captionHeight(lines) + tiles });
  }
  const body =
    rows.length > 0
      ? columnHead() + rows.reduce((sum, { height }) => sum + height + ROW_GAP, 0) - ROW_GAP
      : 8 + lineHeight('text');
  return { section, notes, rows, lines, height: sectionHead(notes) + body };
}

/** Names of the columns, and the gap to the first row. */
const columnHead = () => 12 + lineHeight('small') + 8;

function drawSection(
  sheet: Raster,
  { section, notes, rows, lines }: LaidSection,
  top: number,
  grid: { columns: number; tile: number; item: number; inner: number; methods: readonly string[] },
): void {
  const { tile, item, inner, methods } = grid;
  fillRectangle(sheet, MARGIN, top, inner, 1, INK.line);
  drawText(sheet, section.title, MARGIN, top + 10, { font: 'title', maxWidth: inner });
  notes.forEach((line, i) => {
    const y = top + 10 + lineHeight('title') + 1 + i * (lineHeight('small') + 2);
    drawText(sheet, line, MARGIN, y, { font: 'small', colour: INK.quiet });
  });
  let y = top + sectionHead(notes);
  if (rows.length === 0) {
    drawText(sheet, section.empty ?? 'No picture.', MARGIN, y + 8, { colour: INK.quiet, maxWidth: inner });
    return;
  }
  const most = Math.max(...rows.map(({ items }) => items.length));
  const left = (column: number) => MARGIN + column * (item + COLUMN_GAP);
  for (let column = 0; column < most; column++)
    ['Picture', ...methods.flatMap((name) => [name, 'Overlay'])].forEach((text, at) => {
      const x = left(column) + at * (tile + TILE_GAP);
      drawText(sheet, text, x, y + 12, { font: 'small', colour: INK.quiet, maxWidth: tile });
    });
  y += columnHead();
  for (const row of rows) {
    row.items.forEach((one, column) => {
      drawItem(sheet, one, { x: left(column), y, tile }, lines);
    });
    y += row.height + ROW_GAP;
  }
}

const wrapAll = (texts: readonly string[], width: number, font: FontName, most: number): string[] =>
  texts.filter(Boolean).flatMap((text) => wrapText(text, width, font, most));
