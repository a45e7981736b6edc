import { describe, expect, it } from 'vitest';
import { FONT_TABLES } from '../../src/render/font.generated.ts';
import { formatValue, legend, ticks } from '../../src/render/legend.ts';
import { createRaster } from '../../src/render/raster.ts';
import { drawText, fitText, textWidth, wrapText } from '../../src/render/text.ts';

/** Rows of the drawing, dark pixels as #. */
function drawn(text: string, font: 'small' | 'text' | 'title' = 'small'): string[] {
  const raster = createRaster(textWidth(text, font), 16);
  drawText(raster, text, 0, 0, { font });
  return Array.from({ length: 16 }, (_, y) =>
    Array.from({ length: raster.width }, (_, x) => (raster.data[(y * raster.width + x) * 3]! < 128 ? '#' : '.')).join(
      '',
    ),
  );
}

describe('drawText', () => {
  it('draws letters that can be read', () => {
    expect(drawn('LiT').slice(2, 13).join('\n')).toMatchInlineSnapshot(`
      ".................
      .#......#.#######
      .#...........#...
      .#......#....#...
      .#......#....#...
      .#......#....#...
      .#......#....#...
      .#......#....#...
      .#......#....#...
      .######.#....#...
      ................."
    `);
  });
  it('has Latin, Greek, Cyrillic, punctuation and arrows; a box for the rest', () => {
    const box = drawn('猫').join('\n');
    for (const character of 'Aÿßøšžłŵαωώ Жъя…–“”→←≤×€−▲') {
      if (character !== ' ') expect(drawn(character).join('\n'), character).not.toBe(box);
    }
    expect(drawn('🐱').join('\n')).toBe(box);
  });
  it('composes accents and drops what has no width', () => {
    expect(drawn('e\u0301')).toEqual(drawn('é'));
    expect(textWidth('a\u200b\u00ad\n\tb')).toBe(textWidth('a b'));
  });
  it('stays inside the raster', () => {
    const raster = createRaster(10, 5);
    drawText(raster, 'Wide text', -4, -3, { font: 'title' });
    expect(raster.data).toHaveLength(150);
  });
  it('the tables are small enough to carry', () => {
    const size = Object.values(FONT_TABLES).reduce((sum, table) => sum + table.glyphs.length, 0);
    expect(size).toBeLessThan(150_000);
  });
});

describe('fitText, wrapText', () => {
  it('cuts at the width, with an ellipsis', () => {
    const cut = fitText('window screen', 85);
    expect(cut).toMatch(/^window.*…$/);
    expect(textWidth(cut)).toBeLessThanOrEqual(85);
    expect(fitText('short', 500)).toBe('short');
    expect(fitText('/a/long/path/picture.png', 120, 'text', true)).toMatch(/^….*picture\.png$/);
    expect(fitText('abc', 1)).toBe('…');
  });
  it('breaks at spaces and says when it had to stop', () => {
    const lines = wrapText('one two three four five six seven', 90, 'text', 2);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/…$/);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(90);
    expect(wrapText('all of it', 500)).toEqual(['all of it']);
  });
});

describe('legend', () => {
  it('ends exactly, round numbers between', () => {
    expect(ticks(0.37, 3.42, 3).map((tick) => tick.text)).toEqual(['0.37', '2', '3.42']);
    expect(ticks(-2, 2, 4).map((tick) => tick.text)).toEqual(['−2', '−1', '0', '1', '2']);
    expect(ticks(0, 4e-6, 4).map((tick) => tick.text)).toEqual(['0', '1e−6', '2e−6', '3e−6', '4e−6']);
    expect(ticks(5, 5, 4).map((tick) => tick.text)).toEqual(['5']);
  });
  it('formats values', () => {
    const values = [0, 0.123456, -12.3456, 1234.56, 123456, 1e-9, Number.NaN, Number.POSITIVE_INFINITY];
    expect(values.map(formatValue)).toEqual(['0', '0.123', '−12.3', '1235', '1.23e5', '1e−9', 'NaN', '∞']);
  });
  it('the bar runs from the low colour below to the high one above', () => {
    const raster = legend(120, { range: [0, 1] });
    const at = (y: number) => [...raster.data.slice((y * raster.width + 7) * 3, (y * raster.width + 7) * 3 + 3)];
    expect(at(8)[1]).toBeGreaterThan(220); // yellow
    expect(at(111)[1]).toBeLessThan(10); // violet
    for (const range of [
      [0, 0],
      [Number.NaN, Number.NaN],
      [1, 1 + 1e-12],
      [-1e30, 1e30],
    ] as const)
      expect(legend(40, { range }).height).toBe(40);
  });
});
