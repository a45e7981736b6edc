import { blankPicture, type Picture } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { coveredPictures, decodeGrid, encodeGrid, encodeThumb, probePictures } from '../../src/index.ts';
import { coverCells } from '../../src/probes/cover-cells.ts';
import { coldCells, hotCells } from '../../src/probes/hot-cells.ts';
import { neutralPicture } from '../../src/probes/neutral-picture.ts';
import { smoothPicture } from '../../src/probes/smooth-picture.ts';

const cellsWhere = (inside: (x: number, y: number) => boolean) =>
  Uint8Array.from({ length: 256 }, (_, i) => (inside(i % 16, Math.floor(i / 16)) ? 1 : 0));

function paint(picture: Picture, x0: number, y0: number, x1: number, y1: number, colour: readonly number[]): Picture {
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) picture.data.set(colour, (y * picture.width + x) * 3);
  return picture;
}

describe('covering cells', () => {
  const skin = [200, 160, 140];

  it.each([
    [32, 32],
    [50, 37],
    [224, 224],
    [16, 16],
    [7, 5],
  ])('%i x %i: what was there is gone without a trace, the rest is untouched', (width, height) => {
    const plain = blankPicture(width, height, skin);
    const cells = cellsWhere((x, y) => x >= 11 && y >= 11);
    const marked = blankPicture(width, height, skin);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        if (cells[Math.floor(((y + 0.5) * 16) / height) * 16 + Math.floor(((x + 0.5) * 16) / width)])
          marked.data.set([255, 0, 0], (y * width + x) * 3);
    expect(coverCells(marked, cells).data).toEqual(plain.data);
  });

  it('nothing covered is the picture, everything covered its mean', () => {
    const half = paint(blankPicture(32, 32, [0, 0, 0]), 0, 0, 16, 32, [100, 200, 50]);
    expect(coverCells(half, new Uint8Array(256))).toBe(half);
    expect(Array.from(coverCells(half, new Uint8Array(256).fill(1)).data.slice(0, 3))).toEqual([50, 100, 25]);
  });

  it('between two colours it lies between them', () => {
    const half = paint(blankPicture(64, 64, [0, 0, 0]), 32, 0, 64, 64, [200, 200, 200]);
    const { data } = coverCells(
      half,
      cellsWhere((x) => x >= 6 && x < 10),
    );
    const row = Array.from({ length: 64 }, (_, x) => data[(32 * 64 + x) * 3]!);
    expect(row.slice(0, 24)).toEqual(new Array(24).fill(0));
    expect(row.slice(40)).toEqual(new Array(24).fill(200));
    for (let x = 24; x < 40; x++) expect(row[x]).toBeGreaterThanOrEqual(row[x - 1]!);
  });

  it('an object does not spread into what surrounds it', () => {
    const picture = paint(blankPicture(64, 64, skin), 20, 20, 44, 44, [60, 30, 20]);
    const object = new Uint8Array(64 * 64);
    for (let y = 20; y < 44; y++) object.fill(1, y * 64 + 20, y * 64 + 44);
    const around = cellsWhere((x, y) => x >= 11 && y >= 2 && y < 14);
    const { data } = coverCells(picture, around, object);
    for (let y = 8; y < 56; y++) for (let x = 44; x < 64; x++) expect(data[(y * 64 + x) * 3]).toBe(200);
    // The object itself stays, although nothing is drawn from it.
    expect(data[(32 * 64 + 30) * 3]).toBe(60);
  });
});

describe('hot and cold cells', () => {
  it('as few as hold half of the mass', () => {
    const grid = new Uint8Array(256);
    grid.set([100, 60, 50, 40], 17);
    expect(
      Array.from(hotCells(grid)!.entries())
        .filter(([, hot]) => hot)
        .map(([cell]) => cell),
    ).toEqual([17, 18]);
    expect(hotCells(new Uint8Array(256))).toBeUndefined();
    expect(hotCells(new Uint8Array(256).fill(7))!.reduce((sum, value) => sum + value, 0)).toBe(64);
  });

  it('the control has as many cells, where the map is weakest, and keeps clear of an object', () => {
    const grid = new Uint8Array(256).fill(10);
    for (let y = 0; y < 4; y++) grid.fill(200, y * 16, y * 16 + 4);
    for (let y = 8; y < 12; y++) grid.fill(0, y * 16 + 8, y * 16 + 12);
    const hot = cellsWhere((x, y) => x < 4 && y < 4);
    expect(coldCells(grid, hot)).toEqual(cellsWhere((x, y) => x >= 8 && x < 12 && y >= 8 && y < 12));
    const object = cellsWhere((x, y) => x >= 6 && y >= 6 && x < 14 && y < 14);
    const clear = coldCells(grid, hot, object);
    expect(clear.reduce((sum, value) => sum + value, 0)).toBe(16);
    expect(clear.some((value, cell) => value === 1 && object[cell] === 1)).toBe(false);
  });
});

it('a cast is taken out, brightness stays, grey stays grey', () => {
  const { data } = neutralPicture(blankPicture(4, 4, [120, 80, 40]))!;
  expect(Array.from(data.slice(0, 3))).toEqual([80, 80, 80]);
  expect(neutralPicture(blankPicture(4, 4, [90, 90, 90]))).toBeUndefined();
  expect(neutralPicture(blankPicture(4, 4, [90, 90, 0]))).toBeUndefined();
});

it('fine drawing is taken out, colours and edges of forms stay', () => {
  const even = blankPicture(9, 7, [10, 120, 230]);
  expect(smoothPicture(even).data).toEqual(even.data);
  // One bright pixel becomes the product of the weights 1 4 6 4 1 with themselves.
  const dot = blankPicture(9, 7, [0, 0, 0]);
  dot.data[(3 * 9 + 4) * 3 + 1] = 255;
  const { data } = smoothPicture(dot);
  for (const [dx, dy, weight] of [
    [0, 0, 36],
    [1, 0, 24],
    [0, -2, 6],
    [2, 2, 1],
    [3, 0, 0],
  ] as const)
    expect(data[((3 + dy) * 9 + 4 + dx) * 3 + 1]).toBe(Math.round((255 * weight) / 256));
  expect(data.filter((_, i) => i % 3 !== 1).every((value) => value === 0)).toBe(true);
});

it('a thumb holds mean colours and how much is drawn', () => {
  const picture = paint(blankPicture(32, 32, [10, 20, 30]), 0, 0, 2, 2, [50, 60, 70]);
  for (let y = 16; y < 32; y++)
    for (let x = 16; x < 32; x += 2) picture.data.fill(255, (y * 32 + x) * 3, (y * 32 + x) * 3 + 3);
  const thumb = decodeGrid(encodeThumb(picture));
  expect(Array.from(thumb.slice(0, 3))).toEqual([50, 60, 70]);
  expect(Array.from(thumb.slice(4 * 40, 4 * 40 + 4))).toEqual([10, 20, 30, 0]);
  expect(thumb[4 * 204 + 3]).toBe(255);
});

describe('the pictures of the probes', () => {
  const picture = paint(blankPicture(64, 64, [180, 150, 130]), 24, 24, 40, 40, [80, 40, 30]);
  const mask = { width: 64, height: 64, data: new Uint8Array(64 * 64) };
  for (let y = 24; y < 40; y++) mask.data.fill(1, y * 64 + 24, y * 64 + 40);

  it('with and without a mask', () => {
    const always = ['blank', 'bottom', 'centre', 'frame', 'left', 'neutral', 'right', 'smooth', 'top'];
    expect(Object.keys(probePictures(picture)).sort()).toEqual(always);
    const probes = probePictures(picture, mask);
    expect(Object.keys(probes).sort()).toEqual([...always, 'object', 'surroundings'].sort());
    expect(probes.object!.data).toEqual(blankPicture(64, 64, [180, 150, 130]).data);
    // A mask that is everything or nothing tells no object from its surroundings.
    for (const value of [0, 1]) {
      const whole = { ...mask, data: new Uint8Array(64 * 64).fill(value) };
      expect(Object.keys(probePictures(picture, whole)).sort()).toEqual(always);
    }
  });

  it('each side covers its quarter and nothing else', () => {
    const probes = probePictures(picture);
    const dotted = { ...picture, data: picture.data.slice() };
    // A dot in each side's quarter, off the corners.
    const dots = { top: [32, 2], bottom: [32, 61], left: [2, 32], right: [61, 32] } as const;
    for (const [x, y] of Object.values(dots)) dotted.data.set([0, 255, 0], (y * 64 + x) * 3);
    const covered = probePictures(dotted);
    for (const side of ['top', 'bottom', 'left', 'right'] as const)
      for (const [name, [x, y]] of Object.entries(dots)) {
        const at = (y * 64 + x) * 3;
        const wanted = name === side ? probes[side]!.data[at] : 0;
        expect(covered[side]!.data[at], `${side} ${name}`).toBe(wanted);
      }
  });

  it('of a map', () => {
    const map = new Float32Array(64 * 64);
    for (let y = 0; y < 16; y++) map.fill(1, y * 64, y * 64 + 16);
    const grid = encodeGrid(map, 64, 64);
    expect(Object.keys(coveredPictures(picture, grid)!).sort()).toEqual(['cold', 'hot']);
    const covered = coveredPictures(picture, grid, mask)!;
    expect(Object.keys(covered).sort()).toEqual(['cold', 'hot', 'outside']);
    expect(covered.cold!.data).toEqual(picture.data);
    expect(coveredPictures(picture, encodeGrid(new Float32Array(64 * 64), 64, 64))).toBeUndefined();
  });
});
