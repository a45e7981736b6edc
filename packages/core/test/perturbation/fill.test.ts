import { describe, expect, it } from 'vitest';
import { gaussianBlur } from '../../src/perturbation/blur.ts';
import { randomMap, sobelEdges } from '../../src/perturbation/controls.ts';
import { FILLS, type Fill, fillTensor, mixTensors } from '../../src/perturbation/fill.ts';
import type { ImageLayout, ImageTensor } from '../../src/perturbation/image-tensor.ts';
import { paintRegions, regionMask } from '../../src/perturbation/regions.ts';
import { randomStream } from '../../src/random/random-stream.ts';
import { gridSegments } from '../../src/segmentation/grid-segments.ts';
import { reference, relativeDifference } from './references.ts';

const [N, C, H, W] = [2, 3, 6, 9] as const;
const code = (code: string) => expect.objectContaining({ code });

/** A random batch, and the same with its channels last. */
const first: ImageTensor = {
  data: randomStream(1).fillNormal(new Float32Array(N * C * H * W), 2, 3),
  dims: [N, C, H, W],
};
const last: ImageTensor = { data: channelsLast(first.data), dims: [N, H, W, C] };

function channelsLast(data: Float32Array): Float32Array {
  const moved = new Float32Array(data.length);
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let i = 0; i < H * W; i++) moved[(n * H * W + i) * C + c] = data[(n * C + c) * H * W + i]!;
  return moved;
}

const fills: readonly [string, () => Fill][] = [
  ['colour', () => ({ kind: 'colour' })],
  ['colour', () => ({ kind: 'colour', colour: [1, -2, 3] })],
  ['mean', () => ({ kind: 'mean' })],
  ['blur', () => ({ kind: 'blur' })],
  ['blur', () => ({ kind: 'blur', sigma: 2 })],
  ['noise', () => ({ kind: 'noise', stream: randomStream(3) })],
];

describe('fills', () => {
  it.each(fills)('%s: the same in both layouts, and of the picture’s shape', (_, fill) => {
    const a = fillTensor(first, 'NCHW', fill());
    const b = fillTensor(last, 'NHWC', fill());
    expect(a.dims).toEqual(first.dims);
    expect(b.dims).toEqual(last.dims);
    expect(b.data).toEqual(channelsLast(a.data));
    expect(a.data).not.toBe(first.data);
  });

  it('there is a test for each', () => {
    expect(new Set(fills.map(([name]) => name))).toEqual(new Set(Object.keys(FILLS)));
  });

  it('colour, mean, noise: what they say', () => {
    expect(fillTensor(first, 'NCHW', { kind: 'colour' }).data.every((value) => value === 0)).toBe(true);
    const painted = fillTensor(first, 'NCHW', { kind: 'colour', colour: [1, -2, 3] }).data;
    const means = fillTensor(first, 'NCHW', { kind: 'mean' }).data;
    const size = H * W;
    for (let plane = 0; plane < N * C; plane++) {
      const from = first.data.subarray(plane * size, (plane + 1) * size);
      const mean = from.reduce((sum, value) => sum + value / size, 0);
      for (let i = plane * size; i < (plane + 1) * size; i++) {
        expect(painted[i]).toBe([1, -2, 3][plane % C]);
        expect(means[i]).toBeCloseTo(mean, 5);
      }
    }
    // Noise of a larger picture: each channel's mean and deviation.
    const side = 200;
    const big = {
      data: randomStream(4).fillUniform(new Float32Array(3 * side * side), 0, 1),
      dims: [1, 3, side, side],
    };
    for (let i = 0; i < side * side; i++) big.data[i] = 10 + 0.1 * big.data[i]!;
    const noise = fillTensor(big, 'NCHW', { kind: 'noise', stream: randomStream(5) }).data;
    const plane = noise.subarray(0, side * side);
    const mean = plane.reduce((sum, value) => sum + value, 0) / plane.length;
    const deviation = Math.sqrt(plane.reduce((sum, value) => sum + (value - mean) ** 2, 0) / plane.length);
    expect(mean).toBeCloseTo(10.05, 2);
    expect(deviation / (0.1 / Math.sqrt(12))).toBeCloseTo(1, 1);
  });

  it('blur is SciPy’s', () => {
    const { height, width, plane, cases } = reference('blur.json');
    for (const { sigma, expected } of cases)
      expect(relativeDifference(gaussianBlur(Float64Array.from(plane), height, width, sigma), expected)).toBeLessThan(
        1e-13,
      );
    expect(gaussianBlur(Float64Array.from(plane), height, width, 0)).toEqual(Float64Array.from(plane));
    // A kernel much longer than the picture: its mean everywhere.
    const flat = gaussianBlur(Float64Array.of(0, 3, 0), 1, 3, 50);
    expect(relativeDifference(flat, [1, 1, 1])).toBeLessThan(1e-4);
    // σ is in pixels of the tensor, also in a tensor.
    const blurred = fillTensor(first, 'NCHW', { kind: 'blur', sigma: 2 }).data.subarray(0, H * W);
    expect(
      relativeDifference(blurred, gaussianBlur(Float64Array.from(first.data.subarray(0, H * W)), H, W, 2)),
    ).toBeLessThan(1e-7);
  });

  it('say clearly what is wrong', () => {
    expect(() => fillTensor(first, 'NCHW', { kind: 'colour', colour: [1, 2] })).toThrow(code('LENGTH_INVALID'));
    expect(() => fillTensor(first, 'NCHW', { kind: 'blur', sigma: -1 })).toThrow(code('NUMBER_INVALID'));
    expect(() => fillTensor(first, 'NCHW', { kind: 'gray' } as unknown as Fill)).toThrow(code('FILL_UNKNOWN'));
    expect(() => fillTensor({ ...first, dims: [3, 6, 9] }, 'NCHW', { kind: 'mean' })).toThrow(code('NUMBER_INVALID'));
    expect(() => fillTensor({ ...first, dims: [1, 3, 6, 9] }, 'NCHW', { kind: 'mean' })).toThrow(
      code('LENGTH_INVALID'),
    );
  });
});

describe('a picture under a mask', () => {
  it.each(['NCHW', 'NHWC'] as const)('x·m + fill·(1 − m), %s', (layout: ImageLayout) => {
    const image = layout === 'NCHW' ? first : last;
    const fill = fillTensor(image, layout, { kind: 'mean' });
    const ones = new Float32Array(H * W).fill(1);
    expect(mixTensors(image, fill, ones, layout).data).toEqual(image.data);
    expect(mixTensors(image, fill, new Float32Array(H * W), layout).data).toEqual(fill.data);
    const mask = randomStream(6).fillUniform(new Float32Array(H * W));
    const into = new Float32Array(image.data.length);
    const mixed = mixTensors(image, fill, mask, layout, into);
    expect(mixed.data).toBe(into);
    expect(mixed.dims).toEqual(image.dims);
    for (let i = 0; i < into.length; i++) {
      const m = mask[layout === 'NCHW' ? i % (H * W) : Math.floor(i / C) % (H * W)]!;
      expect(into[i]).toBeCloseTo(image.data[i]! * m + fill.data[i]! * (1 - m), 5);
    }
    expect(() => mixTensors(image, fill, new Float32Array(3), layout)).toThrow(code('LENGTH_INVALID'));
    expect(() => mixTensors(image, fill, mask, layout, new Float32Array(3))).toThrow(code('LENGTH_INVALID'));
  });

  it('regions: masks of the kept ones, maps of their values', () => {
    const regions = gridSegments(2, 4, 1, 2);
    expect([...regionMask(regions, [0, 1])]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    expect([...paintRegions(regions, [-1.5, 2])]).toEqual([-1.5, -1.5, 2, 2, -1.5, -1.5, 2, 2]);
    expect(() => regionMask(regions, [0])).toThrow(code('LENGTH_INVALID'));
    expect(() => regionMask(regions, [0, 1], new Float32Array(3))).toThrow(code('LENGTH_INVALID'));
    expect(() => paintRegions(regions, [0, 1, 2])).toThrow(code('LENGTH_INVALID'));
  });

  it('feature ablation of a linear model: each region has the sum of its parts', () => {
    const regions = gridSegments(H, W, 2, 3);
    const picture = { data: first.data.subarray(0, H * W), dims: [1, 1, H, W] };
    const weights = randomStream(7).fillNormal(new Float32Array(H * W));
    const score = (image: ImageTensor) => image.data.reduce((sum, value, i) => sum + value * weights[i]!, 0);
    const nothing = fillTensor(picture, 'NCHW', { kind: 'colour' });
    const values = Array.from({ length: regions.count }, (_, region) => {
      const bits = Array.from({ length: regions.count }, (_, j) => (j === region ? 0 : 1));
      return score(picture) - score(mixTensors(picture, nothing, regionMask(regions, bits), 'NCHW'));
    });
    const expected = new Float64Array(regions.count);
    picture.data.forEach((value, i) => {
      expected[regions.labels[i]!]! += value * weights[i]!;
    });
    expect(
      relativeDifference(
        paintRegions(regions, values),
        Float64Array.from(regions.labels, (label) => expected[label]!),
      ),
    ).toBeLessThan(1e-6);
  });
});

describe('controls', () => {
  const ramp = (dx: number, dy: number): ImageTensor => ({
    data: Float32Array.from({ length: H * W }, (_, i) => dx * (i % W) + dy * Math.floor(i / W)),
    dims: [1, 1, H, W],
  });

  it('Sobel: the slope of a ramp, nothing on a plain picture, the same in both layouts', () => {
    const map = sobelEdges(ramp(3, -4), 'NCHW');
    for (let y = 1; y < H - 1; y++) for (let x = 1; x < W - 1; x++) expect(map[y * W + x]).toBeCloseTo(5, 5);
    // At the edge one side is repeated: half the difference.
    expect(sobelEdges(ramp(2, 0), 'NCHW')[3 * W]).toBeCloseTo(1, 6);
    expect(sobelEdges(ramp(0, 0), 'NCHW').every((value) => value === 0)).toBe(true);
    expect(sobelEdges(last, 'NHWC')).toEqual(sobelEdges(first, 'NCHW'));
    expect(sobelEdges(first, 'NCHW').length).toBe(N * H * W);
  });

  it('Sobel: by the definition on a random picture', () => {
    const kernel = [-1, 0, 1, -2, 0, 2, -1, 0, 1];
    const map = sobelEdges(first, 'NCHW');
    const grey = (y: number, x: number) => {
      const [v, u] = [Math.min(H - 1, Math.max(0, y)), Math.min(W - 1, Math.max(0, x))];
      return [0, 1, 2].reduce((sum, c) => sum + first.data[c * H * W + v * W + u]! / 3, 0);
    };
    for (let y = 0; y < H; y++)
      for (let x = 0; x < W; x++) {
        let [gx, gy] = [0, 0];
        kernel.forEach((weight, k) => {
          gx += (weight / 8) * grey(y + Math.floor(k / 3) - 1, x + (k % 3) - 1);
          gy += (weight / 8) * grey(y + (k % 3) - 1, x + Math.floor(k / 3) - 1);
        });
        expect(map[y * W + x]).toBeCloseTo(Math.hypot(gx, gy), 5);
      }
  });

  it('the random map repeats, and fills 0 … 1', () => {
    const map = randomMap(randomStream(1, 'control'), 50, 60);
    expect(map).toEqual(randomMap(randomStream(1, 'control'), 50, 60));
    expect(map.length).toBe(3000);
    expect(map.reduce((sum, value) => sum + value, 0) / 3000).toBeCloseTo(0.5, 1);
    expect(Math.min(...map)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...map)).toBeLessThan(1);
  });
});
