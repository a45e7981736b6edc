import { type ExplainOptions, type Explanation, explain, type Model, type RunTensor, toFloat32 } from '@seewhy/core';
import { Tensor } from '@seewhy/onnx';
import { beforeAll, describe, expect, it } from 'vitest';
import { npy } from '../support.ts';
import { distance, load, pictureOf } from './parity-cases.ts';

describe('identities', () => {
  let model: Model;
  let picture: RunTensor;
  const run = async (options: ExplainOptions, on = model): Promise<Explanation> =>
    (await explain(on, [picture], { targets: '3', ...options }))[0]![0]!;
  const raw = async (options: ExplainOptions, on = model) => (await run(options, on)).raw[0]!.data;

  beforeAll(async () => {
    model = await load('cnn');
    picture = pictureOf('cnn');
  });

  it('SmoothGrad without noise is the gradient, its square the squared gradient, its variance 0', async () => {
    const gradient = await raw({ methods: ['saliency'] });
    expect(distance(await raw({ methods: ['smoothgrad'], noise: 0, samples: 3 }), gradient)).toBeLessThan(1e-6);
    const square = await raw({ methods: ['smoothgrad-squared'], noise: 0, samples: 3 });
    expect(
      distance(
        square,
        gradient.map((value) => value ** 2),
      ),
    ).toBeLessThan(1e-5);
    const variance = await raw({ methods: ['vargrad'], noise: 0, samples: 5 });
    const most = Math.max(...square);
    expect(Math.max(...variance)).toBeLessThan(1e-10 * most);
  });

  it('the wrapper around saliency is SmoothGrad', async () => {
    const options = { samples: 6, noise: 0.2, seed: 4 };
    const one = await raw({ methods: ['smoothgrad'], ...options });
    expect(await raw({ methods: ['saliency'], smooth: 'mean', ...options })).toEqual(one);
  });

  it.each(['mean', 'square', 'variance'] as const)(
    'smoothed Grad-CAM (%s) is what single runs give',
    async (smooth) => {
      const samples = 5;
      const base = npy('parity/cnn/given.noise.npy');
      const noise = { ...base, data: base.data.map((value) => value * 0.5) };
      const pixels = toFloat32(picture);
      const singles: Float32Array[] = [];
      for (let i = 0; i < samples; i++) {
        const data = pixels.map((value, at) => value + noise.data[i * pixels.length + at]!);
        const one = await explain(model, [{ ...picture, data }], { methods: ['gradcam'], targets: '3' });
        singles.push(one[0]![0]!.raw[0]!.data);
      }
      const expected = singles[0]!.map((_, at) => {
        const values = singles.map((map) => map[at]!);
        const mean = values.reduce((sum, value) => sum + value, 0) / samples;
        const square = values.reduce((sum, value) => sum + value ** 2, 0) / samples;
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / samples;
        return { mean, square, variance }[smooth];
      });
      expect(distance(await raw({ methods: ['gradcam'], smooth, noise }), expected)).toBeLessThan(1e-5);
    },
  );

  it.each(['gauss-legendre', 'trapezoid', 'left', 'right', 'middle', 'mean'] as const)(
    'completeness of integrated gradients, %s: the gap closes with the steps',
    async (rule) => {
      const gap = async (steps: number) =>
        (await run({ methods: ['integrated-gradients'], rule, steps, baseline: 'mean' })).sampling!.convergence!.value;
      const [few, many] = [await gap(4), await gap(256)];
      expect(many).toBeLessThan(rule === 'left' || rule === 'right' || rule === 'mean' ? 2e-2 : 2e-3);
      expect(many).toBeLessThan(few);
    },
  );

  it('integrated gradients sum to the difference of the scores, of several baselines to the mean difference', async () => {
    const zero: RunTensor = { ...picture, data: new Float32Array(picture.data.length) };
    const other: RunTensor = { ...picture, data: toFloat32(picture).map((value) => -0.5 * value) };
    const { data } = (
      await run({ methods: ['integrated-gradients'], steps: 1000, rule: 'middle', baseline: [zero, other] })
    ).raw[0]!;
    const score = async (at: RunTensor) =>
      (await explain(model, [at], { methods: ['saliency'], targets: '3' }))[0]![0]!.target.value;
    const difference = (await score(picture)) - ((await score(zero)) + (await score(other))) / 2;
    const sum = data.reduce((all, value) => all + value, 0);
    expect(Math.abs(sum - difference) / Math.abs(difference)).toBeLessThan(5e-3);
  });

  it('layer integrated gradients are complete', async () => {
    const layer = model.layers[0]!.name;
    const made = await run({ methods: ['layer-integrated-gradients'], layers: [layer], steps: 400 });
    expect(made.sampling!.convergence!.value).toBeLessThan(5e-3);
  });

  it('expected gradients of many samples are integrated gradients, and complete', async () => {
    const exact = await raw({ methods: ['integrated-gradients'], steps: 300, baseline: 'mean' });
    const options = { methods: ['expected-gradients'], baseline: 'mean' as const };
    const few = distance(await raw({ ...options, samples: 32 }), exact);
    const many = distance(await raw({ ...options, samples: 2048 }), exact);
    expect(many).toBeLessThan(few / 3);
    const even = await raw({ ...options, samples: 256, positions: 'stratified' });
    expect(distance(even, exact)).toBeLessThan(1e-2);
    const sum = (map: Float32Array) => map.reduce((all, value) => all + value, 0);
    expect(sum(even) / sum(exact)).toBeCloseTo(1, 2);
  });

  it('layer gradient × activation is HiResCAM', async () => {
    const alias = await run({ methods: ['layer-gradient-x-activation'] });
    expect(alias.method).toBe('hirescam');
  });

  it('random and Sobel maps do not depend on the model', async () => {
    const reversed = [...model.graph.initializers].flatMap(([name, tensor]): [string, Tensor][] =>
      tensor.type === 'float32'
        ? [[name, Tensor.floats((tensor.data() as Float32Array).slice().reverse(), tensor.dims)]]
        : [],
    );
    const other = model.withWeights(new Map(reversed));
    expect(distance(await raw({ methods: ['saliency'] }, other), await raw({ methods: ['saliency'] }))).toBeGreaterThan(
      0.1,
    );
    for (const method of ['random', 'sobel']) {
      const here = await run({ methods: [method] });
      expect((await explain(other, [picture], { methods: [method], targets: '1' }))[0]![0]!.raw).toEqual(here.raw);
      expect(await raw({ methods: [method], weights: 'random' })).toEqual(here.raw[0]!.data);
    }
    const [one, two] = [await raw({ methods: ['random'] }), await raw({ methods: ['random'], seed: 1 })];
    expect(distance(one, two)).toBeGreaterThan(0.1);
  });

  it('random weights change the map and nothing else', async () => {
    const real = await run({ methods: ['gradcam'] });
    for (const options of [{ methods: ['gradcam'] }, { methods: ['integrated-gradients'], steps: 16 }]) {
      const control = await run({ ...options, weights: 'random' });
      expect(control.predictions).toEqual(real.predictions);
      expect(control.target).toEqual(real.target);
      expect(control.notes.join(' ')).toMatch(/weights shuffled/);
      expect(control.provenance.options.weights).toBe('random');
      const trained = await raw(options);
      expect(distance(control.raw[0]!.data, trained)).toBeGreaterThan(0.1);
      expect(await raw({ ...options, weights: 'random' })).toEqual(control.raw[0]!.data);
      expect(distance(await raw({ ...options, weights: 'random', seed: 5 }), control.raw[0]!.data)).toBeGreaterThan(
        0.1,
      );
    }
    // Of the shuffled network itself integrated gradients are complete as well.
    const { sampling } = await run({ methods: ['integrated-gradients'], weights: 'random', steps: 200 });
    expect(sampling!.convergence!.value).toBeLessThan(1e-2);
  });

  it('augmentation of a map that mirrors with its picture changes nothing', async () => {
    const side = toFloat32(picture).slice();
    const [, channels, height, width] = picture.dims as [number, number, number, number];
    for (let at = 0; at < channels * height * width; at++) {
      const x = at % width;
      if (x >= width / 2) side[at] = side[at - x + (width - 1 - x)]!;
    }
    const made = await explain(model, [{ ...picture, data: side }], {
      methods: ['saliency'],
      targets: '3',
      augment: true,
    });
    const { data, dims } = made[0]![0]!.raw[0]!;
    const mirrored = Float32Array.from(data, (_, at) => data[at - (at % dims[2]!) + (dims[2]! - 1 - (at % dims[2]!))]!);
    // The mean over both sides is its own mirror image where the picture is.
    expect(distance(mirrored, data)).toBeLessThan(1e-5);
  });
});
