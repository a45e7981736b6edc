import { type ColormapName, defaultColormap } from '../heatmap/colormaps.ts';
import type { HeatMap } from '../heatmap/heatmap.ts';
import type { Picture } from '../picture/picture.ts';
import { fitInside, scaleTo } from './fit.ts';
import { heatmapImage } from './heatmap-image.ts';
import { legend } from './legend.ts';
import { type OverlayStyle, overlay } from './overlay.ts';
import { createRaster, fillRectangle, frame, INK, paste, type Raster } from './raster.ts';
import { drawText, lineHeight, textWidth, wrapText } from './text.ts';

/** What is drawn on a panel: original, heatmap and overlay side by side, with legend and caption. */
export interface PanelRequest {
  picture: Picture;
  /** Finished map, placed on the picture. */
  map: HeatMap;
  /** Values at the two ends of the legend. */
  range: readonly [low: number, high: number];
  signed?: boolean;
  /** What the legend's numbers are (default 'raw value'). */
  unit?: string;
  /** Large, at the top: usually the picture's name (default `picture.name`). */
  title?: string;
  /** Below it, quiet: method, target, layer. */
  subtitle?: string;
  /** Best first; `explained` marks the class the map is for. At most five are shown, the explained one always. */
  /** `text` in place of the percentage, for what is no probability. */
  predictions?: readonly { label: string; probability: number; text?: string; explained?: boolean }[];
  /** Sentences below everything: what the diagnosis warns of. */
  warnings?: readonly string[];
  colormap?: ColormapName;
  opacity?: number;
  style?: OverlayStyle;
  /** Longest side of each of the three pictures, in pixels (default 384). */
  tile?: number;
}

const MARGIN = 28;
const GAP = 28;

/** original | heatmap with its legend | overlay, with the predictions below: one picture that can be sent around. */
export function panel(request: PanelRequest): Raster & { channels: 3 } {
  const { picture, map, range, signed = false, predictions = [], warnings = [] } = request;
  const colours = { signed, ...(request.colormap ? { colormap: request.colormap } : {}) };
  const tile = Math.max(160, request.tile ?? 384);
  const size = fitInside(picture, tile, tile);
  // A narrow picture still needs room for its caption.
  const cell = Math.max(size.width, 120);
  const name: ColormapName = request.colormap ?? defaultColormap(signed);
  // Room for the numbers of the legend even beside a very flat picture.
  const bar = legend(Math.max(size.height, 64), { range, signed, colormap: name });
  const inner = 3 * cell + 2 * GAP + bar.width + 14;

  const small = lineHeight('small');
  const text = lineHeight('text');
  const title = request.title ?? picture.name ?? '';
  const head = (title ? lineHeight('title') + 4 : 0) + (request.subtitle ? text : 0);
  const captions = MARGIN + head + (head ? 18 : 0);
  const top = captions + small + 8;
  const rows = chosenPredictions(predictions);
  const notes = warnings.flatMap((warning) =>
    wrapText(warning, inner - 20, 'small', 3).map((line, i) => ({ line, first: i === 0 })),
  );
  const predictionsTop = top + bar.height + 24;
  const rowHeight = text + 6;
  const notesTop = predictionsTop + (rows.length > 0 ? rows.length * rowHeight + 14 : 0);
  const height =
    (notes.length > 0 ? notesTop + notes.length * (small + 2) : notesTop - (rows.length > 0 ? 20 : 24)) + MARGIN;
  const sheet = createRaster(inner + 2 * MARGIN, height);

  if (title) drawText(sheet, title, MARGIN, MARGIN, { font: 'title', maxWidth: inner, keepEnd: title.includes('/') });
  if (request.subtitle) {
    const y = MARGIN + (title ? lineHeight('title') + 4 : 0);
    drawText(sheet, request.subtitle, MARGIN, y, { colour: INK.quiet, maxWidth: inner });
  }
  const original = scaleTo(picture, size.width, size.height);
  const heat = heatmapImage(map, { ...colours, colormap: name });
  const laid = overlay(picture, map, {
    ...colours,
    ...(request.opacity === undefined ? {} : { opacity: request.opacity }),
    ...(request.style ? { style: request.style } : {}),
  });
  let x = MARGIN;
  const place = (caption: string, image: Picture | (Raster & { channels: 3 })) => {
    const left = x + Math.floor((cell - size.width) / 2);
    drawText(sheet, caption, left, captions, { font: 'small', colour: INK.quiet });
    frame(sheet, left, top, size.width, size.height, INK.line);
    paste(sheet, scaleTo(image, size.width, size.height), left, top);
    x += cell + GAP;
    return left + Math.max(size.width, textWidth(caption, 'small'));
  };
  place('Picture', original);
  const right = place('Heatmap', heat);
  paste(sheet, bar, right + 14, top);
  const unit = request.unit ?? 'raw value';
  drawText(sheet, unit, right + 15, captions, { font: 'small', colour: INK.quiet, maxWidth: bar.width + GAP - 6 });
  x += bar.width + 14;
  place('Overlay', laid);

  drawPredictions(sheet, rows, predictionsTop, inner, rowHeight);
  notes.forEach(({ line, first }, i) => {
    const y = notesTop + i * (small + 2);
    if (first) drawText(sheet, '▲', MARGIN, y, { font: 'small', colour: INK.warning });
    drawText(sheet, line, MARGIN + 18, y, { font: 'small', colour: INK.warning });
  });
  return sheet;
}

type Row = NonNullable<PanelRequest['predictions']>[number];

function chosenPredictions(predictions: readonly Row[]): readonly Row[] {
  const first = predictions.slice(0, 5);
  const explained = predictions.find((row) => row.explained);
  return !explained || first.includes(explained) ? first : [...first.slice(0, 4), explained];
}

/** label | bar | per cent; the explained class in the accent colour, with a word so that it is not told by colour alone. */
function drawPredictions(sheet: Raster, rows: readonly Row[], top: number, inner: number, rowHeight: number): void {
  if (rows.length === 0) return;
  const labels = Math.min(Math.floor(inner * 0.45), Math.max(...rows.map((row) => textWidth(row.label))));
  const percents = textWidth('100.0 %');
  const mark = 'explained';
  const barLeft = MARGIN + labels + 16;
  const room = inner - labels - 16 - percents - 12 - (textWidth(`◄ ${mark}`, 'small') + 12);
  const bars = Math.max(40, Math.min(320, room));
  rows.forEach((row, i) => {
    const y = top + i * rowHeight;
    const colour = row.explained ? INK.accent : INK.text;
    drawText(sheet, row.label, MARGIN, y, { maxWidth: labels, colour });
    const share = Math.min(1, Math.max(0, row.probability || 0));
    const bar = y + Math.floor((lineHeight('text') - 10) / 2);
    fillRectangle(sheet, barLeft, bar, bars, 10, INK.track);
    fillRectangle(sheet, barLeft, bar, Math.round(bars * share), 10, row.explained ? INK.accent : INK.quiet);
    const right = barLeft + bars + 12 + percents;
    drawText(sheet, row.text ?? `${(share * 100).toFixed(1)} %`, right, y, { align: 'right', colour });
    if (row.explained) drawText(sheet, `◄ ${mark}`, right + 12, y + 2, { font: 'small', colour: INK.accent });
  });
}
