import { type ExplainOptions, type Explanation, explain, type RunTensor, stack } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { loadFixture } from '../support.ts';
import { distance, load, pictureOf } from './parity-cases.ts';

describe('sampling', () => {
  const METHODS: readonly ExplainOptions[] = [
    { methods: ['smoothgrad'], samples: 9 },
    { methods: ['smoothgrad'], variant: 'magnitude', samples: 9 },
    { methods: ['smoothgrad-squared'], samples: 9 },
    { methods: ['vargrad'], samples: 9 },
    { methods: ['vargrad'], variant: 'unbiased', samples: 9 },
    { methods: ['smooth-gradcam++'], samples: 9 },
    { methods: ['smooth-gradcam++'], variant: 'torch-cam', samples: 9 },
    { methods: ['integrated-gradients'], steps: 9 },
    { methods: ['layer-integrated-gradients'], steps: 9 },
    { methods: ['expected-gradients'], samples: 9, noise: 0.1 },
    { methods: ['gradcam'], smooth: 'variance', samples: 9 },
    { methods: ['integrated-gradients'], steps: 5, smooth: 'mean', samples: 3 },
    { methods: ['saliency'], augment: true },
    { methods: ['gradcam'], smooth: 'mean', samples: 3, augment: true },
  ];
  const named = METHODS.map((options) => ({ name: JSON.stringify(options), options }));

  it.each(named)('$name: the same for any batch, and for equal seeds', async ({ options }) => {
    const model = await load('cnn');
    const raw = async (more: ExplainOptions) =>
      (await explain(model, [pictureOf('cnn')], { targets: '3', ...options, ...more }))[0]![0]!.raw[0]!.data;
    const one = await raw({ sampleBatch: 1 });
    expect(distance(await raw({ sampleBatch: 4 }), one)).toBeLessThan(1e-5);
    expect(await raw({ sampleBatch: 1 })).toEqual(one);
  });

  it('two equal pictures at once: equal paths, and equal noise', async () => {
    const options: ExplainOptions = { methods: ['integrated-gradients', 'smoothgrad'], steps: 9, samples: 9 };
    const model = await load('cnn');
    const picture = pictureOf('cnn');
    const both = await explain(model, [stack([picture, picture])], { targets: '3', ...options });
    expect(distance(both[1]![1]!.raw[0]!.data, both[0]![1]!.raw[0]!.data)).toBeLessThan(1e-6);
    expect(distance(both[1]![0]!.raw[0]!.data, both[0]![0]!.raw[0]!.data)).toBeLessThan(1e-5);
  });

  it.each(named)('$name: interrupted it gives what there is', async ({ options }) => {
    const model = await load('cnn');
    const { ExplainProgram } = await import('@seewhy/core');
    const program = await ExplainProgram.open(model, { targets: '3', sampleBatch: 1, ...options });
    try {
      const stop = new AbortController();
      const [[made]] = (await program.run([pictureOf('cnn')], {
        signal: stop.signal,
        progress: (done) => done >= 2 && stop.abort(),
      })) as [[Explanation]];
      expect(made.sampling!.interrupted).toBe(true);
      expect(made.sampling!.samples).toBeLessThan(made.sampling!.total);
      expect(made.raw[0]!.data.every(Number.isFinite)).toBe(true);
      expect(made.raw[0]!.data.some((value) => value !== 0) || options.methods![0] === 'vargrad').toBe(true);
    } finally {
      await program.release();
    }
  });

  it('until stops early', async () => {
    const model = await load('cnn');
    const sampled = async (options: ExplainOptions) =>
      (await explain(model, [pictureOf('cnn')], { targets: '3', ...options }))[0]![0]!.sampling!;
    for (const methods of [['smoothgrad'], ['expected-gradients'], ['smooth-gradcam++'], ['vargrad']]) {
      const { samples, total, interrupted } = await sampled({ methods, samples: 500, until: 10 });
      expect([samples, interrupted]).toEqual([32, false]);
      expect(total).toBeGreaterThanOrEqual(500);
    }
    const path = await sampled({ methods: ['integrated-gradients'], steps: 500, until: 0.2 });
    expect(path.convergence!.value).toBeLessThanOrEqual(0.2);
    expect(path.samples).toBeLessThan(200);
  });

  it.each(['tiny-nhwc', 'tiny-vit', 'tiny-fp16', 'tiny-grey', 'tiny-fixed-batch', 'tiny-two-inputs', 'tiny-qdq'])(
    '%s',
    async (name) => {
      const two = name === 'tiny-two-inputs';
      const model = await loadFixture(`models/${name}.onnx`, {
        batch: 'free',
        ...(two ? { inputs: await otherInputs(name) } : {}),
      });
      const { noiseImage } = await import('@seewhy/core');
      const picture = noiseImage(model, 1);
      for (const { options } of named) {
        const [first] = (await explain(model, [picture], options))[0]!;
        expect(first!.raw[0]!.data.every(Number.isFinite), JSON.stringify(options)).toBe(true);
        expect(first!.map.data.length).toBe(model.image.height * model.image.width);
      }
    },
  );
});

async function otherInputs(name: string): Promise<Record<string, RunTensor>> {
  const { readFixture } = await import('../support.ts');
  const values = readFixture(`models/${name}.onnx`).feeds;
  const image = values.find((value) => value.shape?.length === 4);
  return Object.fromEntries(
    values
      .filter((value) => value !== image)
      .map((value) => {
        const dims = value.shape!.map((dim, at) => (typeof dim === 'number' && at > 0 ? dim : 1));
        const length = dims.reduce((product, dim) => product * dim, 1);
        return [value.name, { type: value.type!, dims, data: new Float32Array(length).fill(0.3) } as RunTensor];
      }),
  );
}

describe('options', () => {
  const refused = async (options: ExplainOptions) =>
    explain(await load('cnn'), [pictureOf('cnn')], { targets: '3', ...options }).then(
      () => undefined,
      (error: { code?: string }) => error.code,
    );
  const noise = (...dims: number[]): RunTensor => ({
    type: 'float32',
    dims,
    data: new Float32Array(dims.reduce((product, dim) => product * dim, 1)),
  });

  it('samples belong to smoothed methods only', async () => {
    expect(await refused({ methods: ['gradcam'], samples: 3 })).toBe('OPTION_NOT_OF_METHOD');
    expect(await refused({ methods: ['gradcam'], samples: 3, smooth: 'mean' })).toBeUndefined();
  });

  it('each mistake has its error', async () => {
    expect(await refused({ methods: ['smoothgrad'], smooth: 'mean' })).toBe('SMOOTH_TWICE');
    expect(await refused({ methods: ['gradcam'], smooth: 'median' as never })).toBe('OPTION_INVALID');
    expect(await refused({ methods: ['gradcam'], weights: 'none' as never })).toBe('OPTION_INVALID');
    expect(await refused({ methods: ['smoothgrad'], noise: noise(2, 3, 5, 5) })).toBe('NOISE_SHAPE');
    expect(await refused({ methods: ['expected-gradients'], positions: noise(2, 3) })).toBe('POSITIONS_INVALID');
    const far = { ...noise(1, 2), data: Float32Array.of(0.5, 3) };
    expect(await refused({ methods: ['expected-gradients'], positions: far })).toBe('POSITIONS_INVALID');
  });
});
