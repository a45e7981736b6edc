import { describe, expect, it } from 'vitest';
import { decodeGrid, mapRecordOf, whereOf } from '../../src/index.ts';
import { boxAverage } from '../../src/map-statistics/box-average.ts';

const map = (width: number, height: number, at: (x: number, y: number) => number) => ({
  width,
  height,
  data: Float32Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))),
});
const mask = (width: number, height: number, at: (x: number, y: number) => boolean) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height }, (_, i) => (at(i % width, Math.floor(i / width)) ? 255 : 0)),
});
/** A map without any pattern, by a fixed rule. */
const rough = (width: number, height: number) => map(width, height, (x, y) => ((x * 7919 + y * 104729) % 997) / 997);

describe('mapRecordOf', () => {
  it.each([
    [224, 224],
    [7, 7],
    [5, 9],
    [13, 4],
    [1, 1],
  ])('an even %d × %d map has the shares of the areas', (width, height) => {
    const found = mapRecordOf(map(width, height, () => 0.5));
    const frame = Math.min(width, height) / 8;
    expect(found.border).toBeCloseTo(1 - ((width - 2 * frame) * (height - 2 * frame)) / (width * height), 6);
    for (const corner of found.corners) expect(corner).toBeCloseTo(1 / 16, 6);
    for (const quadrant of found.quadrants) expect(quadrant).toBeCloseTo(1 / 4, 6);
    expect(found).toMatchObject({ empty: false, flat: true });
    expect([...decodeGrid(found.grid)]).toEqual(Array(256).fill(255));
    expect(found.inside).toBeUndefined();
  });

  it('finds a point in a corner, in the order of the quadrants', () => {
    const places = [
      [0, 0],
      [15, 0],
      [0, 15],
      [15, 15],
    ] as const;
    places.forEach(([px, py], i) => {
      const found = mapRecordOf(map(16, 16, (x, y) => (x === px && y === py ? 2 : -1)));
      expect(found.corners.map((share, k) => (k === i ? share : 1 - share))).toEqual([1, 1, 1, 1]);
      expect(found.quadrants[i]).toBe(1);
      expect(found.border).toBe(1);
      expect(found.peak).toEqual([(px + 0.5) / 16, (py + 0.5) / 16]);
      expect(found.centre).toEqual(found.peak);
      expect(found.entropy).toBe(0);
      expect(found.halfMassArea).toBe(1 / 256);
      expect(decodeGrid(found.grid)[py * 16 + px]).toBe(255);
      expect(whereOf(found)).toMatch(/^100 % of its mass in the (upper|lower) (left|right) corner$/);
    });
  });

  it('an empty map has no shares, a map of one value is flat, what is not finite does not count', () => {
    const negative = mapRecordOf(
      map(4, 4, (x) => -x),
      mask(4, 4, () => true),
    );
    expect(negative).toMatchObject({ empty: true, flat: false, border: 0, peak: [0.5, 0.5], centre: [0.5, 0.5] });
    expect(negative.inside).toBeUndefined();
    expect(decodeGrid(negative.grid).every((cell) => cell === 0)).toBe(true);
    expect(mapRecordOf(map(4, 4, () => Number.NaN))).toMatchObject({ empty: true, flat: true });
    const odd = map(4, 4, (x, y) => [Number.NaN, Number.POSITIVE_INFINITY, -3, 1][x]! * (y === 2 ? 1 : 0.5));
    expect(mapRecordOf(odd)).toEqual(
      mapRecordOf(map(4, 4, (x, y) => (x === 3 ? (y === 2 ? 1 : 0.5) : x === 2 ? -1 : 0))),
    );
  });

  it('of equally strong pixels the one nearest to the centre of the mass is the peak', () => {
    const plateau = map(8, 8, (x, y) => (x >= 3 && x <= 5 && y >= 2 && y <= 4 ? 1 : 0));
    expect(mapRecordOf(plateau).peak).toEqual([4.5 / 8, 3.5 / 8]);
  });

  it('agrees with the plain definitions on a rough map, pixel by pixel', () => {
    const [width, height] = [24, 16];
    const made = rough(width, height);
    const found = mapRecordOf(
      made,
      mask(width, height, (x, y) => x > 5 && x < 15 && y > 3 && y < 12),
    );
    let total = 0;
    let border = 0;
    let corner = 0;
    let inside = 0;
    made.data.forEach((value, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      total += value;
      if (x < 2 || y < 2 || x >= width - 2 || y >= height - 2) border += value;
      if (x >= 18 && y < 4) corner += value;
      if (x > 5 && x < 15 && y > 3 && y < 12) inside += value;
    });
    expect(found.border).toBeCloseTo(border / total, 12);
    expect(found.corners[1]).toBeCloseTo(corner / total, 12);
    expect(found.inside!.mass).toBeCloseTo(inside / total, 12);
    expect(found.inside!.area).toBe((9 * 8) / (24 * 16));
    // All cuts, one after the other.
    const iouAt = (cut: number) => {
      let both = 0;
      let either = 0;
      made.data.forEach((value, i) => {
        const [x, y] = [i % width, Math.floor(i / width)];
        const hot = value > 0 && value >= cut;
        const held = x > 5 && x < 15 && y > 3 && y < 12;
        if (hot && held) both++;
        if (hot || held) either++;
      });
      return both / either;
    };
    const largest = Math.max(...made.data);
    expect(found.inside!.iou).toBe(Math.max(...[...made.data].map(iouAt)));
    expect(iouAt(found.inside!.cut * largest)).toBe(found.inside!.iou);
  });

  it('a map equal to its mask scores 1 in everything', () => {
    const thing = mask(20, 20, (x, y) => (x - 8) ** 2 + (y - 11) ** 2 < 25);
    const found = mapRecordOf(
      map(20, 20, (x, y) => thing.data[y * 20 + x]! / 255),
      thing,
    );
    expect(found.inside).toMatchObject({ mass: 1, pointing: true, iou: 1, cut: 1 });
  });

  it('lays a mask of another size on the map by area', () => {
    const coarse = rough(4, 4);
    const fine = map(32, 32, (x, y) => coarse.data[Math.floor(y / 8) * 4 + Math.floor(x / 8)]!);
    const thing = mask(32, 32, (x, y) => x >= 5 && x < 21 && y >= 11 && y < 27);
    const onCoarse = mapRecordOf(coarse, thing);
    const onFine = mapRecordOf(fine, thing);
    expect(onCoarse.inside!.mass).toBeCloseTo(onFine.inside!.mass, 6);
    expect(onCoarse.inside!.area).toBeCloseTo(onFine.inside!.area, 12);
    expect(onCoarse.inside!.iou).toBeCloseTo(onFine.inside!.iou, 12);
    expect(onCoarse.inside!.cut).toBe(onFine.inside!.cut);
    expect(onCoarse.border).toBeCloseTo(onFine.border, 6);
    expect(onCoarse.grid).toBe(onFine.grid);
  });

  it('a mask without a pixel says nothing', () => {
    expect(
      mapRecordOf(
        rough(8, 8),
        mask(8, 8, () => false),
      ).inside,
    ).toBeUndefined();
  });

  it('looks only at what the model saw', () => {
    const seen = { x0: 3, y0: 1, x1: 11, y1: 9 };
    const small = rough(8, 8);
    const large = {
      ...map(14, 10, (x, y) => (x >= 3 && x < 11 && y >= 1 && y < 9 ? small.data[(y - 1) * 8 + x - 3]! : 0)),
      seen,
    };
    expect(mapRecordOf(large)).toEqual(mapRecordOf(small));
  });

  it('refuses sizes that do not fit', () => {
    const wrong = { width: 3, height: 2, data: new Float32Array(5) };
    expect(() => mapRecordOf(wrong)).toThrow(/map of 3x2 pixels cannot have 5 values/);
    expect(() => mapRecordOf(rough(2, 2), { width: 0, height: 2, data: new Uint8Array(0) })).toThrow(/mask of 0x2/);
  });
});

describe('boxAverage', () => {
  it('keeps the mean, whatever the sizes', () => {
    const { data } = rough(13, 7);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    for (const [w, h] of [
      [16, 16],
      [3, 2],
      [1, 1],
      [13, 7],
      [40, 5],
    ] as const) {
      const cells = boxAverage(data, 13, 7, w, h);
      expect(cells.reduce((sum, value) => sum + value, 0) / cells.length).toBeCloseTo(mean, 12);
    }
    expect([...boxAverage(data, 13, 7, 13, 7)]).toEqual([...data]);
  });
});
