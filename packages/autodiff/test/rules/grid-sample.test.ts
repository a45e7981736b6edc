import { Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forAll } from '../arbitrary.ts';
import { checkRule, gradientGraph, type OpCase, opGraph } from '../harness.ts';
import { checkBatched, checkHalf } from '../variants.ts';

const int = (min: number, max: number) => fc.integer({ min, max });
const PROFILES = ['native', 'wasm', 'webgpu'] as const;

const setting = fc.record({
  mode: fc.constantFrom('linear', 'nearest', 'cubic'),
  padding: fc.constantFrom('zeros', 'border', 'reflection'),
  aligned: fc.constantFrom(0, 1),
  from: fc.array(int(2, 5), { minLength: 2, maxLength: 2 }),
  to: fc.array(int(1, 4), { minLength: 2, maxLength: 2 }),
  opset: fc.constantFrom(16, 20),
  profile: fc.constantFrom(...PROFILES),
  seed: int(1, 1000),
});
type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;

/** Coordinates at which no step of 1e-3 crosses a pixel's centre or the picture's edge, up to 1.5 times the picture's half size. */
function clearOfKinks(s: Setting): Float32Array {
  const [height, width] = s.from as [number, number];
  const [rows, columns] = s.to as [number, number];
  const values: number[] = [];
  for (let sample = 0; sample < 2 * rows * columns; sample++)
    for (const size of [width, height]) {
      // A place in pixels, an eighth off any whole or half number.
      const pixels = Math.floor(((Math.sin(s.seed + 7.3 * values.length) + 1) / 2) * (2 * size)) / 2 - size / 4 + 0.125;
      const scale = (s.aligned ? size - 1 : size) / 2;
      values.push((pixels - (size - 1) / 2) / scale);
    }
  return Float32Array.from(values);
}

function caseOf(s: Setting, variable: 'picture' | 'grid'): OpCase {
  const grid = clearOfKinks(s);
  const dims = [2, ...s.to, 2];
  const picture = [2, 3, ...s.from];
  const size = picture.reduce((a, b) => a * b);
  const fixed = Float32Array.from({ length: size }, (_, k) => Math.sin(1.7 * k + s.seed));
  return {
    op: 'GridSample',
    opset: s.opset,
    profile: s.profile,
    attributes: {
      mode: s.opset >= 20 ? s.mode : { linear: 'bilinear', nearest: 'nearest', cubic: 'bicubic' }[s.mode]!,
      padding_mode: s.mode === 'cubic' ? 'zeros' : s.padding,
      align_corners: s.aligned,
    },
    inputs:
      variable === 'picture'
        ? [{ variable: picture }, { constant: Tensor.floats(grid, dims) }]
        : [{ constant: Tensor.floats(fixed, picture) }, { variable: dims, values: grid }],
  };
}

describe('GridSample', () => {
  it('gives each pixel back what the samples took of it', () =>
    forAll(setting, async (s) => {
      await checkRule(caseOf(s, 'picture'), { linear: true });
    }));

  it('moves the grid as differences of the operator do', () =>
    forAll(setting, async (s) => {
      if (s.mode === 'nearest') return;
      await checkRule(caseOf(s, 'grid'), { step: 1e-2, tolerance: 2e-3 });
    }));

  it('samples volumes', async () => {
    const grid = Tensor.floats([0.1, 0.3, -0.4, 0.7, -0.2, 0.9], [1, 2, 1, 1, 3]);
    const volume = { op: 'GridSample', opset: 20, attributes: { mode: 'linear' } };
    await checkRule({ ...volume, inputs: [{ variable: [1, 2, 3, 4, 5] }, { constant: grid }] }, { linear: true });
  });

  it('works for any batch, and in half precision', async () => {
    const base = {
      mode: 'linear',
      padding: 'zeros',
      aligned: 0,
      from: [4, 5],
      to: [3, 2],
      opset: 20,
      profile: 'native',
      seed: 3,
    } as const;
    const c = caseOf({ ...base, from: [4, 5], to: [3, 2] }, 'picture');
    const both: OpCase = {
      ...c,
      inputs: [{ variable: [2, 3, 4, 5] }, { variable: [2, 3, 2, 2], low: -0.9, high: 0.9 }],
    };
    await checkBatched(both);
    await checkHalf(both);
  });

  it('refuses a cubic kernel over clipped pixels by name', () => {
    const graph = opGraph({
      op: 'GridSample',
      opset: 20,
      attributes: { mode: 'cubic', padding_mode: 'border' },
      inputs: [{ variable: [1, 1, 2, 2] }, { variable: [1, 2, 2, 2] }],
    });
    const shapes = new Map([
      ['x0', [1, 1, 2, 2]],
      ['x1', [1, 2, 2, 2]],
      ['y0', [1, 1, 2, 2]],
    ]);
    expect(() => gradientGraph(graph, 'y0', shapes, ['x0'])).toThrow(/of mode 'cubic', only padding_mode 'zeros'/);
  });
});

describe('AffineGrid', () => {
  it.each([
    { size: [2, 3, 4, 5], aligned: 0 },
    { size: [2, 3, 4, 5], aligned: 1 },
    { size: [1, 2, 3, 2, 4], aligned: 0 },
  ])('is linear in its matrices: $size, align_corners $aligned', async ({ size, aligned }) => {
    const axes = size.length - 2;
    const theta = { variable: [size[0]!, axes, axes + 1] };
    const inputs = [theta, { constant: Tensor.int64(size) }];
    await checkRule({ op: 'AffineGrid', opset: 20, attributes: { align_corners: aligned }, inputs }, { linear: true });
  });
});
