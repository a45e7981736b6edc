import { describe, expect, it } from 'vitest';
import type { HeatMap } from '../../src/heatmap/heatmap.ts';
import { blankPicture } from '../../src/picture/picture.ts';
import { preprocessPicture } from '../../src/preprocess/apply.ts';
import { geometryOf, placeMap, seenBox } from '../../src/preprocess/geometry.ts';
import type { Preprocess } from '../../src/preprocess/preprocess.ts';
import { preprocessPreset } from '../../src/preprocess/presets.ts';

const base = preprocessPreset('none', { width: 32, height: 32 });
const specs: Record<string, Preprocess> = {
  'shortest and crop': {
    ...base,
    resize: { mode: 'shortest', size: 40, interpolation: 'bilinear' },
    crop: { width: 32, height: 32 },
  },
  exact: base,
  pad: { ...base, resize: { mode: 'pad', width: 32, height: 32, interpolation: 'bilinear', fill: 0 } },
  none: { ...base, resize: { mode: 'none' } },
  'crop larger than the picture': {
    ...base,
    resize: { mode: 'shortest', size: 24, interpolation: 'bilinear' },
    crop: { width: 32, height: 32 },
  },
};

/** Centre of the brightest mass of a map. */
function centre(map: HeatMap): [number, number] {
  let total = 0;
  let x = 0;
  let y = 0;
  map.data.forEach((value, i) => {
    total += value;
    x += value * ((i % map.width) + 0.5);
    y += value * (Math.floor(i / map.width) + 0.5);
  });
  return [x / total, y / total];
}

/** A black picture with a white 12x12 square around (cx, cy). */
function spot(width: number, height: number, cx: number, cy: number) {
  const picture = blankPicture(width, height, [0, 0, 0]);
  for (let y = cy - 6; y < cy + 6; y++) {
    for (let x = cx - 6; x < cx + 6; x++) picture.data.fill(255, (y * width + x) * 3, (y * width + x) * 3 + 3);
  }
  return picture;
}

describe('placeMap brings what the model saw back to where it was', () => {
  it.each(Object.entries(specs))('%s', (_, spec) => {
    for (const [width, height] of [
      [90, 60],
      [60, 90],
      [75, 75],
    ] as const) {
      for (const [cx, cy] of [
        [width / 2 + 9, height / 2 - 8],
        [width / 2 - 10, height / 2 + 4],
      ].map(([x, y]) => [Math.round(x!), Math.round(y!)] as const)) {
        // The "explanation" is the red plane of the model's own input: a perfect heatmap of the white square.
        const { input, geometry } = preprocessPicture(spot(width, height, cx, cy), spec);
        const map = {
          width: input.width,
          height: input.height,
          data: Float32Array.from({ length: input.width * input.height }, (_, i) => input.data[i * 3]!),
        };
        const placed = placeMap(map, geometry);
        expect([placed.width, placed.height]).toEqual([width, height]);
        const [x, y] = centre(placed);
        expect(Math.abs(x - cx)).toBeLessThan(0.5);
        expect(Math.abs(y - cy)).toBeLessThan(0.5);
      }
    }
  });
});

describe('seen', () => {
  it('a wide picture loses its sides to a square crop', () => {
    const geometry = geometryOf(
      { width: 100, height: 50 },
      { ...base, resize: { mode: 'shortest', size: 32, interpolation: 'bilinear' }, crop: { width: 32, height: 32 } },
    );
    expect(geometry).toMatchObject({ resized: { width: 64, height: 32 }, offset: { x: 16, y: 0 } });
    expect(seenBox(geometry)).toEqual({ x0: 25, y0: 0, x1: 75, y1: 50 });
    const placed = placeMap({ width: 1, height: 1, data: Float32Array.of(2) }, geometry);
    expect(placed.seen).toEqual({ x0: 25, y0: 0, x1: 75, y1: 50 });
    expect([placed.data[24], placed.data[25], placed.data[74], placed.data[75]]).toEqual([0, 2, 2, 0]);
  });
  it('everything is seen when nothing is cropped: no box', () => {
    const geometry = geometryOf({ width: 100, height: 50 }, base);
    expect(placeMap({ width: 7, height: 7, data: new Float32Array(49) }, geometry).seen).toBeUndefined();
  });
  it('there is always at least a pixel', () => {
    const geometry = geometryOf(
      { width: 1, height: 400 },
      { ...base, resize: { mode: 'shortest', size: 40, interpolation: 'bilinear' }, crop: { width: 32, height: 32 } },
    );
    const { x0, y0, x1, y1 } = seenBox(geometry);
    expect((x1 - x0) * (y1 - y0)).toBeGreaterThan(0);
    expect(placeMap({ width: 7, height: 7, data: new Float32Array(49).fill(1) }, geometry).data).toHaveLength(400);
  });
  it('a coarse map keeps its edges on the edges of the input', () => {
    // Two columns over an input of the picture's size: half-pixel centres at 1/4 and 3/4.
    const geometry = geometryOf({ width: 8, height: 1 }, { ...base, resize: { mode: 'none' } });
    const placed = placeMap({ width: 2, height: 1, data: Float32Array.of(0, 1) }, geometry);
    expect([...placed.data]).toEqual([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1]);
  });
});
