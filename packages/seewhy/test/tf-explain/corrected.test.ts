import type { RunTensor } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { IntegratedGradients, OcclusionSensitivity, SmoothGrad, VanillaGradients } from '../../src/tf-explain/index.ts';
import { floats, model, npy, relative, TOLERANCE } from './references.ts';

describe('where tf-explain is wrong', () => {
  const x = floats(npy('classes/input'));
  const size = x.data.length / x.dims[0]!;
  const only = (n: number): RunTensor => ({
    ...x,
    dims: [1, ...x.dims.slice(1)],
    data: (x.data as Float32Array).subarray(n * size, (n + 1) * size),
  });

  it('a picture looks the same alone and in a batch, and nothing wraps', async () => {
    const explainer = new VanillaGradients();
    const [, height, width] = x.dims as [number, number, number];
    const together = await explainer.explain([x], model('classes'), { classIndex: 2 });
    expect([together.height, together.width]).toEqual([2 * height, 2 * width]);
    const raw = await explainer.explainRaw([x], model('classes'), { classIndex: 2 });
    for (let n = 0; n < 3; n++) {
      const alone = await explainer.explain([only(n)], model('classes'), { classIndex: 2 });
      const strength = Float64Array.from({ length: height * width }, (_, i) => {
        const at = n * size + i * 3;
        return Math.abs(raw.data[at]!) + Math.abs(raw.data[at + 1]!) + Math.abs(raw.data[at + 2]!);
      });
      const sorted = Float64Array.from(strength).sort();
      for (let i = 0; i < height * width; i++) {
        const [y, left] = [Math.floor(n / 2) * height + Math.floor(i / width), (n % 2) * width];
        expect(together.data[(y * together.width + left + (i % width)) * 3]).toBe(alone.data[i * 3]);
        if (strength[i]! >= sorted[Math.ceil(0.995 * (sorted.length - 1))]!) expect(alone.data[i * 3]).toBe(255);
        if (strength[i] === sorted[0]) expect(alone.data[i * 3]).toBe(0);
      }
    }
    await explainer.release();
  });

  it('integrated gradients are complete with a good rule: their sum is the difference of the outputs', async () => {
    const explainer = new IntegratedGradients();
    const pictures = floats(npy('sides/input'));
    const dark = { ...pictures, data: new Float32Array(pictures.data.length) };
    const args = { classIndex: 0, nSteps: 32, rule: 'gauss-legendre' } as const;
    const raw = await explainer.explainRaw([pictures], model('sides'), args);
    const zero = await explainer.explainRaw([dark], model('sides'), args);
    const each = raw.data.length / raw.dims[0]!;
    for (const [n, { target }] of raw.explanations.entries()) {
      const sum = raw.data.subarray(n * each, (n + 1) * each).reduce((total, value) => total + value, 0);
      const expected = target.value - zero.explanations[n]!.target.value;
      expect(Math.abs(sum - expected) / Math.abs(expected)).toBeLessThan(TOLERANCE);
    }
    await explainer.release();
  });

  it('a window is filled with the grey of the range the picture is in', async () => {
    const explainer = new OcclusionSensitivity();
    for (const [name, fill] of [
      ['classes', 0.5],
      ['sides', 0],
    ] as const) {
      const input = floats(npy(`${name}/input`));
      const args = { classIndex: 0, patchSize: 8 };
      const ours = await explainer.explainRaw([input], model(name), args);
      const given = await explainer.explainRaw([input], model(name), { ...args, fill });
      expect(ours.data).toEqual(given.data);
    }
    await explainer.release();
  });

  it('occlusion with windows that do not fit the picture', async () => {
    const explainer = new OcclusionSensitivity();
    const raw = await explainer.explainRaw([x], model('classes'), { classIndex: 2, patchSize: 7 });
    expect(raw.dims).toEqual([3, 4, 5]);
    const grid = await explainer.explain([x], model('classes'), { classIndex: 2, patchSize: 7 });
    expect([grid.height, grid.width]).toEqual([48, 64]);
    await explainer.release();
  });

  it('equal seeds give equal SmoothGrads, another seed another', async () => {
    const explainer = new SmoothGrad();
    const run = (seed: number) => explainer.explainRaw([x], model('classes'), { classIndex: 2, noise: 0.1, seed });
    const [first, second, other] = [await run(3), await run(3), await run(4)];
    expect(first.data).toEqual(second.data);
    expect(relative(first.data, other.data)).toBeGreaterThan(1e-3);
  });
});
