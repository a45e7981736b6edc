import { cellOfPixel, geometryOf, maskOnGrid, preprocessPreset, seenBox } from '@seewhy/core';
import { describe, expect, it } from 'vitest';

const imagenet = preprocessPreset('imagenet', { width: 224, height: 224 });

describe('places of the picture on the output grid', () => {
  const picture = { width: 400, height: 300 };
  const geometry = geometryOf(picture, imagenet);
  const grid = { height: 28, width: 28 };

  it('a pixel has a cell exactly where the model sees it', () => {
    const seen = seenBox(geometry);
    for (let y = 0; y < picture.height; y += 7)
      for (let x = 0; x < picture.width; x += 3) {
        const inside = x >= seen.x0 && x < seen.x1 && y >= seen.y0 && y < seen.y1;
        const cell = cellOfPixel(geometry, grid, x, y);
        expect(cell !== undefined).toBe(inside);
      }
    expect(cellOfPixel(geometry, grid, 200, 150)).toEqual([14, 14]);
    expect(cellOfPixel(geometry, grid, seen.x0, seen.y0)).toEqual([0, 0]);
    expect(cellOfPixel(geometry, grid, seen.x1 - 1, seen.y1 - 1)).toEqual([27, 27]);
    expect(cellOfPixel(geometry, grid, 400, 150)).toBeUndefined();
  });

  it('a white mask is 1 on every cell; a mask of one pixel has the area of that pixel', () => {
    const data = new Float32Array(picture.width * picture.height);
    const white = maskOnGrid({ ...picture, data: data.slice().fill(1) }, geometry, grid);
    for (const value of white.data) expect(value).toBeCloseTo(1, 5);
    const one = data.slice();
    one[150 * picture.width + 200] = 1;
    const spread = maskOnGrid({ ...picture, data: one }, geometry, grid);
    // A cell is 224 / 28 = 8 pixels of the input, each 300 / 256 by 400 / 341 pixels of the picture.
    const area = 1 / (8 * (300 / 256)) / (8 * (400 / 341));
    expect(spread.data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(area, 6);
    const [y, x] = cellOfPixel(geometry, grid, 200, 150)!;
    expect(spread.data[y * 28 + x]).toBeGreaterThan(area / 4);
  });

  it('padding beside the picture is 0', () => {
    const padded = geometryOf({ width: 100, height: 50 }, {
      ...imagenet,
      resize: { mode: 'pad', width: 64, height: 64, fill: 0, interpolation: 'bilinear' },
      crop: undefined,
    } as never);
    const white = maskOnGrid({ width: 100, height: 50, data: new Float32Array(5000).fill(1) }, padded, {
      height: 4,
      width: 4,
    });
    expect([...white.data].map((value) => Math.round(value * 100) / 100)).toEqual([
      0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0,
    ]);
  });
});
