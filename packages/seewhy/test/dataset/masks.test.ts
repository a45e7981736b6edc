import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DatasetRow, MaskSource } from '../../src/dataset/dataset.ts';
import { decodeRow } from '../../src/dataset/dataset.ts';
import { maskFromRegions, maskFromRuns } from '../../src/dataset/mask-regions.ts';
import { encodePng } from '../../src/picture/encode-png.ts';
import { png } from './support.ts';

const fixtures = new URL('../../../../fixtures/', import.meta.url);
const regions: {
  polygons: { size: [number, number]; points: number[]; mask: string }[];
  runs: {
    size: [number, number];
    text: string;
    counts: number[];
    mask?: string;
    mask_area?: number;
    bbox?: [number, number, number, number];
  }[];
} = JSON.parse(readFileSync(new URL('dataset/regions.json', fixtures), 'utf8'));

/** Bits of numpy's packbits. */
function unpacked(text: string, length: number): number[] {
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length }, (_, i) => (bytes[i >> 3]! >> (7 - (i & 7))) & 1);
}

const row = (read: () => Promise<Uint8Array>, mask: MaskSource): DatasetRow => ({
  id: 'x',
  path: 'x',
  columns: {},
  read,
  mask,
});

describe('polygons: each pixel whose centre lies inside', () => {
  it.each(regions.polygons)('$size', ({ size, points, mask }) => {
    const [height, width] = size;
    const found = maskFromRegions([{ polygon: points }], { width, height }, 'x').mask;
    expect([...found.data]).toEqual(unpacked(mask, width * height));
  });
});

describe("run lengths: pycocotools' masks", () => {
  it.each(regions.runs)('$size', ({ size, counts, text, mask, mask_area, bbox }) => {
    const written = maskFromRuns(text, size, 'x');
    if (mask === undefined) {
      expect(written.data.reduce((sum, value) => sum + value, 0)).toBe(mask_area);
      const box = maskFromRegions([{ box: bbox! }], written, 'x').mask;
      expect(Buffer.from(written.data).equals(Buffer.from(box.data))).toBe(true);
      return;
    }
    const wanted = unpacked(mask, size[0] * size[1]);
    expect([...written.data]).toEqual(wanted);
    expect([...maskFromRuns(counts, size, 'x').data]).toEqual(wanted);
  });
  it.each([
    [
      [3, 3],
      [4, 4, 2],
    ],
    [
      [3, 3],
      [4, 4],
    ],
    [[3, 3], '0'],
    [[3, 3], 'ooooooooooooooo'],
    [[3, 3], [9.5]],
    [
      [3, 3],
      [-1, 10],
    ],
    [[0, 3], []],
    [[1e9, 1e9], [1]],
  ])('%j %j is damaged', (size, counts) => {
    expect(() => maskFromRuns(counts as number[], size as [number, number], 'x')).toThrow(
      expect.objectContaining({ code: 'MASK_INVALID' }),
    );
  });
});

describe('boxes', () => {
  it('their pixels, clipped; scaled with the picture', () => {
    const size = { width: 10, height: 8 };
    const area = (box: [number, number, number, number], drawn?: [number, number]) =>
      maskFromRegions([{ box }], size, 'x', drawn).mask.data.reduce((sum, value) => sum + value, 0);
    expect(area([2, 3, 4, 2])).toBe(8);
    expect(area([-5, -5, 100, 100])).toBe(80);
    expect(area([2, 3, 4, 2], [20, 16])).toBe(2);
    expect(area([20, 20, 5, 5])).toBe(0);
    expect(() => area([2, 3, 4, 2], [20, 8])).toThrow(expect.objectContaining({ code: 'MASK_SIZE' }));
    expect(() => area([Number.NaN, 3, 4, 2])).toThrow(expect.objectContaining({ code: 'MASK_INVALID' }));
  });
});

describe('masks of rows', () => {
  it('only regions of the labels that are asked for', async () => {
    const source: MaskSource = {
      kind: 'regions',
      regions: [
        { label: 'a', box: [0, 0, 1, 1] },
        { label: 'b', box: [2, 2, 2, 1] },
      ],
    };
    const area = async (maskLabels?: string[]) =>
      (
        await decodeRow(
          row(() => png(4, 3), source),
          maskLabels ? { maskLabels } : {},
        )
      ).mask!.data.reduce((a, b) => a + b, 0);
    expect([await area(), await area(['a']), await area(['b']), await area(['c'])]).toEqual([3, 1, 2, 0]);
  });
  it('the own transparency, where it varies', async () => {
    const rgba = (alpha: (i: number) => number) =>
      encodePng({
        width: 2,
        height: 2,
        channels: 4,
        data: Uint8Array.from({ length: 16 }, (_, i) => (i % 4 === 3 ? alpha(i >> 2) : 9)),
      });
    const some = await decodeRow(row(() => rgba((i) => [0, 127, 128, 255][i]!), { kind: 'alpha' }));
    expect([...some.mask!.data]).toEqual([0, 0, 1, 1]);
    const none = await decodeRow(row(() => rgba(() => 255), { kind: 'alpha' }));
    expect([none.mask, none.problems]).toEqual([undefined, []]);
  });
  it.each([5, 6, 7, 8])(
    'a mask of the rows as they lie in the file is put upright with the picture (EXIF %i)',
    async (orientation) => {
      const read = async () => new Uint8Array(readFileSync(new URL(`pictures/exif-${orientation}.jpg`, fixtures)));
      // The picture's red quarter, once as it is seen and once as it lies.
      const seen = await decodeRow(row(read, { kind: 'alpha' }));
      const { width, height } = seen.picture;
      const red = (x: number, y: number) => {
        const at = (y * width + x) * 3;
        return seen.picture.data[at]! > 150 && seen.picture.data[at + 1]! < 90 && seen.picture.data[at + 2]! < 90
          ? 255
          : 0;
      };
      const { default: sharp } = await import('sharp');
      const stored = await sharp(await read())
        .raw()
        .toBuffer({ resolveWithObject: true });
      const lies = await png(stored.info.width, stored.info.height, (x, y) => {
        const at = (y * stored.info.width + x) * 3;
        return stored.data[at]! > 150 && stored.data[at + 1]! < 90 && stored.data[at + 2]! < 90 ? 255 : 0;
      });
      const found = await decodeRow(row(read, { kind: 'file', path: 'm.png', read: async () => lies }));
      expect(found.problems).toEqual([]);
      const wanted = Uint8Array.from({ length: width * height }, (_, i) => red(i % width, Math.floor(i / width)) / 255);
      expect(found.mask!.data.filter((value, i) => value !== wanted[i])).toHaveLength(0);
      const area = wanted.reduce((a, b) => a + b, 0);
      expect(area / wanted.length).toBeCloseTo(0.25, 1);
      const box: MaskSource = {
        kind: 'regions',
        regions: [{ box: [0, 0, stored.info.width, 10] }],
        size: [stored.info.width, stored.info.height],
      };
      const boxed = await decodeRow(row(read, box));
      // Ten rows of the file are ten columns of the picture, at its left or right side.
      expect(boxed.mask!.data.reduce((a, b) => a + b, 0)).toBe(10 * height);
      const column = [6, 7].includes(orientation) ? width - 1 : 0;
      expect(boxed.mask!.data[column]).toBe(1);
    },
  );
});
