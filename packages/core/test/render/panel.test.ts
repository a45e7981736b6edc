import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { finishMap } from '../../src/heatmap/presets.ts';
import { blankPicture } from '../../src/picture/picture.ts';
import { contactSheet } from '../../src/render/contact-sheet.ts';
import { fitInside } from '../../src/render/fit.ts';
import { heatmapSheet } from '../../src/render/heatmap-sheet.ts';
import { overlay } from '../../src/render/overlay.ts';
import { panel } from '../../src/render/panel.ts';
import { referenceMap, referencePicture } from '../picture/references.ts';

const source = { ...referencePicture('source.npy'), name: 'chelsea.png' };
const { map, range } = finishMap(referenceMap('cam7x7.npy'), 'seewhy', { width: source.width, height: source.height });
const predictions = [
  { label: 'tiger cat', probability: 0.4, explained: true },
  { label: 'Egyptian cat', probability: 0.3 },
];
const hash = (raster: { data: Uint8Array }) => createHash('sha1').update(raster.data).digest('hex');

/** The pixel rows that hold anything but white. */
function inked(raster: { width: number; height: number; data: Uint8Array }): [number, number] {
  const rows = Array.from({ length: raster.height }, (_, y) =>
    raster.data.subarray(y * raster.width * 3, (y + 1) * raster.width * 3).some((value) => value !== 255),
  );
  return [rows.indexOf(true), rows.lastIndexOf(true)];
}

/** Groups of neighbouring positions that hold ink, told apart by at least `gap` empty ones. */
function groups(has: readonly boolean[], gap: number): number {
  const inked = has.flatMap((ink, at) => (ink ? [at] : []));
  return inked.filter((at, i) => i === 0 || at - inked[i - 1]! > gap).length;
}

const holdsInk = (raster: { width: number; data: Uint8Array }, x: number, y: number) =>
  raster.data.subarray((y * raster.width + x) * 3, (y * raster.width + x) * 3 + 3).some((value) => value < 200);

describe('panel', () => {
  it('keeps the numbers of the legend apart beside a strip of 1:20', () => {
    const strip = blankPicture(400, 20);
    const { map } = finishMap(referenceMap('cam7x7.npy'), 'seewhy', strip);
    const made = panel({ picture: strip, map, range: [0, 1] });
    // The numbers stand right of the heatmap (28 + 384 + 28 + 384) and of the bar (14 + 22).
    const columns = Array.from({ length: 12 }, (_, i) => 860 + i);
    const rows = Array.from({ length: made.height }, (_, y) => columns.some((x) => holdsInk(made, x, y)));
    expect(groups(rows, 1)).toBe(3); // 'raw value', '1', '0'
  });
  it('keeps the captions apart above a strip of 20:1', () => {
    const strip = blankPicture(20, 400);
    const { map, range } = finishMap(referenceMap('cam7x7.npy'), 'seewhy', strip);
    const made = panel({ picture: strip, map, range });
    const captions = Array.from({ length: 12 }, (_, i) => 28 + i);
    const columns = Array.from({ length: made.width }, (_, x) => captions.some((y) => holdsInk(made, x, y)));
    expect(groups(columns, 8)).toBe(4); // Picture, Heatmap, raw value, Overlay
  });
  it('holds the picture itself, pixel by pixel, when no scaling is needed', () => {
    const made = panel({ picture: source, map, range, tile: 160, predictions });
    const size = fitInside(source, 160, 160);
    expect(size).toEqual({ width: 160, height: 115 });
    expect(made.data).toHaveLength(made.width * made.height * 3);
  });
  it('keeps a margin on every side', () => {
    for (const extra of [
      {},
      { predictions },
      { predictions, warnings: ['The map is flat.'] },
      { subtitle: 'gradcam' },
    ]) {
      const made = panel({ picture: source, map, range, ...extra });
      const [first, last] = inked(made);
      expect(first).toBeGreaterThanOrEqual(20);
      expect(made.height - 1 - last).toBeGreaterThanOrEqual(20);
      expect(made.height - 1 - last).toBeLessThan(48);
    }
  });
  it('draws the same bytes every time, and other bytes for another map', () => {
    const made = () => panel({ picture: source, map, range, predictions });
    expect(hash(made())).toBe(hash(made()));
    const other = { ...map, data: map.data.map((x) => 1 - x) };
    expect(hash(panel({ picture: source, map: other, range, predictions }))).not.toBe(hash(made()));
    expect(hash(panel({ picture: source, map, range: [0, 9], predictions }))).not.toBe(hash(made()));
  });
  it('the explained class is shown even when it is not among the best', () => {
    const many = Array.from({ length: 12 }, (_, i) => ({
      label: `class ${i}`,
      probability: 0.05,
      explained: i === 11,
    }));
    const without = many.map((row) => ({ ...row, explained: false }));
    expect(hash(panel({ picture: source, map, range, predictions: many }))).not.toBe(
      hash(panel({ picture: source, map, range, predictions: without })),
    );
  });
  it.each([
    [1, 1],
    [1, 400],
    [900, 2],
    [2000, 1500],
  ])('a picture of %ix%i', (width, height) => {
    const flat = { width, height, data: new Float32Array(width * height) };
    const made = panel({ picture: blankPicture(width, height, [9, 9, 9]), map: flat, range: [0, 0], predictions });
    expect(made.width * made.height).toBeLessThan(2e6);
    expect(made.data).toHaveLength(made.width * made.height * 3);
  });
  it('survives nonsense numbers and very long names', () => {
    const picture = { ...source, name: 'x'.repeat(5000) };
    const rows = [{ label: 'y'.repeat(3000), probability: Number.NaN, explained: true }];
    const made = panel({
      picture,
      map,
      range: [Number.NaN, Number.NaN],
      predictions: rows,
      warnings: ['z'.repeat(3000)],
    });
    expect(made.width).toBeLessThan(2000);
  });
});

describe('contactSheet', () => {
  const item = { image: overlay(source, map), lines: ['chelsea.png', 'tiger cat', 'gradcam'] };
  it('lays items out in a grid, about 4:3', () => {
    const twelve = contactSheet(new Array(12).fill(item), { title: 'twelve', tile: 128 });
    expect(twelve.width / twelve.height).toBeGreaterThan(0.8);
    expect(twelve.width / twelve.height).toBeLessThan(2);
    const column = contactSheet(new Array(3).fill(item), { columns: 1, tile: 128 });
    expect(column.height).toBeGreaterThan(3 * 92);
    expect(contactSheet([item], { columns: 5 }).width).toBeLessThan(400);
  });
  it('holds every picture: each cell has its own pixels', () => {
    const colours = [10, 60, 110, 160, 210].map((red) => ({ image: blankPicture(20, 20, [red, 0, 0]) }));
    const made = contactSheet(colours, { tile: 48 });
    for (const red of [10, 60, 110, 160, 210]) {
      let count = 0;
      for (let i = 0; i < made.data.length; i += 3) if (made.data[i] === red && made.data[i + 1] === 0) count++;
      expect(count, `red ${red}`).toBe(48 * 48);
    }
  });
  it('several pictures of an item stand side by side; none is a sheet, too', () => {
    const one = contactSheet([{ image: source }]);
    const two = contactSheet([{ image: [source, overlay(source, map)] }]);
    expect(two.width).toBe(one.width + 256 + 4);
    expect(contactSheet([]).width).toBeGreaterThan(0);
  });
});

describe('heatmapSheet', () => {
  it('holds the map in its own size and a legend beside it', () => {
    const made = heatmapSheet({ map, range });
    expect(made.width).toBeGreaterThan(map.width + 60);
    expect(made.height).toBeGreaterThan(map.height + 32);
    expect(hash(heatmapSheet({ map, range: [0, 77] }))).not.toBe(hash(made));
  });
  it('is written larger beside a larger map, by whole steps', () => {
    const beside = (size: number) => {
      const made = heatmapSheet({ map: { width: size, height: size, data: new Float32Array(size * size) }, range });
      return { width: made.width - size, height: made.height - size };
    };
    const [plain, large] = [beside(1000), beside(3000)];
    expect(large).toEqual({ width: 3 * plain.width, height: 3 * plain.height });
    expect(beside(1999).height).toBe(plain.height);
  });
  it('enlarges a small one by whole pixels', () => {
    const small = referenceMap('cam7x7.npy');
    expect(heatmapSheet({ map: small, range: [0, 1] }).height).toBeGreaterThan(160);
    expect(
      heatmapSheet({ map: { width: 400, height: 1, data: new Float32Array(400) }, range: [0, 0] }).height,
    ).toBeGreaterThan(64);
  });
});
