import { type ColormapName, colormap, defaultColormap } from '../heatmap/colormaps.ts';
import { createRaster, fillRectangle, frame, INK, type Raster } from './raster.ts';
import { drawText, lineHeight, textWidth } from './text.ts';

export interface LegendOptions {
  /** Values at the lower and upper end of the bar. */
  range: readonly [low: number, high: number];
  /** Default `viridis`, `diverging` for signed maps. */
  colormap?: ColormapName;
  signed?: boolean;
  /** What the numbers are: "raw value", "Δ logit" (default none). Written above the bar. */
  unit?: string;
}

const BAR = 14;
const TICK = 4;

/** A vertical colour bar of that height with its values: the ends exactly, round numbers between them. */
export function legend(height: number, options: LegendOptions): Raster & { channels: 3 } {
  const { range, signed = false, unit } = options;
  const table = colormap(options.colormap ?? defaultColormap(signed));
  const line = lineHeight('small');
  const head = unit ? line + 6 : 0;
  const half = Math.floor(line / 2);
  const top = head + half;
  const bar = Math.max(8, height - head - 2 * half);
  const marks = ticks(range[0], range[1], Math.max(1, Math.floor(bar / 44))).filter((tick, i, all) => {
    const isEnd = i === 0 || i === all.length - 1;
    const y = tick.share * bar;
    return isEnd || (y > line * 1.2 && y < bar - line * 1.2);
  });
  // A flat map has one value.
  const shown = range[0] === range[1] ? [{ share: 0.5, text: formatValue(range[0]) }] : marks;
  const texts = Math.max(...shown.map((tick) => textWidth(tick.text, 'small')));
  const width = Math.max(BAR + 2 + TICK + 5 + texts, unit ? textWidth(unit, 'small') : 0);
  const raster = createRaster(width, height);
  if (unit) drawText(raster, unit, 0, 0, { font: 'small', colour: INK.quiet });
  for (let y = 0; y < bar; y++) {
    const index = Math.round((1 - (y + 0.5) / bar) * 255) * 3;
    fillRectangle(raster, 1, top + y, BAR, 1, [table[index]!, table[index + 1]!, table[index + 2]!]);
  }
  frame(raster, 1, top, BAR, bar, INK.line);
  for (const { share, text } of shown) {
    const y = top + Math.min(bar - 1, Math.round((1 - share) * bar));
    fillRectangle(raster, BAR + 2, y, TICK, 1, INK.quiet);
    drawText(raster, text, BAR + 2 + TICK + 4, y - half, { font: 'small', colour: INK.text });
  }
  return raster;
}

/** Both ends and the round numbers between them, lowest first; `share` 0..1 from low to high. */
export function ticks(low: number, high: number, intervals: number): { share: number; text: string }[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [{ share: 0, text: formatValue(low) }];
  const rough = span / intervals;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999)!;
  const list = [{ share: 0, text: formatValue(low) }];
  for (let k = Math.ceil(low / step); k * step < high; k++) {
    const value = k * step;
    const share = (value - low) / span;
    if (share > 0.001 && share < 0.999) list.push({ share, text: formatValue(Number(value.toPrecision(12))) });
  }
  list.push({ share: 1, text: formatValue(high) });
  return list;
}

/** Three significant digits, a real minus sign, powers of ten beyond 0.001 … 99999. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e5)
      ? value
          .toExponential(2)
          .replace(/\.?0+e/, 'e')
          .replace('e+', 'e')
      : String(Number(value.toPrecision(size >= 1000 ? 4 : 3)));
  return text.replaceAll('-', '−');
}
