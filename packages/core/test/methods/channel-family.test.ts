import {
  type ExplainOptions,
  ExplainProgram,
  explain,
  noiseImage,
  type RunTensor,
  resolveOptions,
  toFloat32,
} from '@seewhy/core';
import { expose } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { loadFixture, npy, runtime } from '../support.ts';
import { asPeer, modelFile, REFERENCES, type Reference, relativeLength, valuesOf } from './graph-references.ts';

/** Names of the peers' methods here. */
const NAMES: Readonly<Record<string, string>> = {
  scorecam: 'scorecam',
  sscam: 'ss-cam',
  iscam: 'is-cam',
  ablationcam: 'ablationcam',
  reciprocam: 'reciprocam',
};

const entries = REFERENCES.filter(({ method, model }) => method in NAMES && model !== 'efficientnet-lite0');

/** A peer's settings in our words. */
function optionsOf(entry: Reference & { given?: Record<string, string> }): ExplainOptions {
  const { peer, options, method } = entry;
  const preset = peer === 'paper' ? {} : { preset: peer };
  if (method === 'reciprocam')
    return { variant: options.kernel as string, score: options.score as 'logit' | 'probability' };
  if (method === 'sscam') return { ...preset, samples: options.samples as number, noise: noiseOf(entry) };
  return {
    ...preset,
    ...(options.samples === undefined ? {} : { samples: options.samples as number }),
    ...(options.channels === undefined ? {} : { channels: options.channels as number }),
  };
}

/** The noise that was given, in the order samples are taken: round by round over the channels. */
function noiseOf({ given, options }: { given?: Record<string, string>; options: Reference['options'] }): RunTensor {
  const noise = npy(`parity/${given!.noise!}`);
  const unit = (options.noiseUnit as number | undefined) ?? 1;
  return { type: 'float32', dims: noise.dims, data: noise.data.map((value) => value * unit) };
}

describe('raw maps equal those of the peers', () => {
  it('there are peers', () => {
    expect(new Set(entries.map(({ method }) => method))).toEqual(new Set(Object.keys(NAMES)));
  });

  it.each(
    entries.map(
      (entry) =>
        [`${entry.model} ${entry.peer} ${entry.method} ${entry.variant ?? ''} ${entry.target}`, entry] as const,
    ),
  )('%s', async (_, entry) => {
    const model = await loadFixture(modelFile(entry.model), { batch: 'free' });
    const input = npy(`parity/${entry.model}/input.npy`);
    const image: RunTensor = { ...input, dims: input.dims.length === 3 ? [1, ...input.dims] : input.dims };
    const [[explanation]] = (await explain(model, [image], {
      methods: [NAMES[entry.method]!],
      targets: String(entry.target),
      layers: [entry.value!],
      ...optionsOf(entry),
    })) as [[Awaited<ReturnType<typeof explain>>[0][0]]];
    const reference = valuesOf(entry.raw);
    const found = asPeer(explanation!.raw[0]!.data, reference, entry.options);
    expect(relativeLength(found, reference)).toBeLessThan(Math.max(1e-4, 4 * (entry.peerError ?? 0)));
  });

  it.each(
    entries
      .filter(({ finished, peer }) => finished && peer !== 'paper')
      .map((entry) => [`${entry.model} ${entry.peer} ${entry.method} ${entry.target}`, entry] as const),
  )('finished: %s', async (_, entry) => {
    const model = await loadFixture(modelFile(entry.model), { batch: 'free' });
    const input = npy(`parity/${entry.model}/input.npy`);
    const [[explanation]] = (await explain(
      model,
      [{ ...input, dims: input.dims.length === 3 ? [1, ...input.dims] : input.dims }],
      {
        methods: [NAMES[entry.method]!],
        targets: String(entry.target),
        layers: [entry.value!],
        ...optionsOf(entry),
      },
    )) as [[Awaited<ReturnType<typeof explain>>[0][0]]];
    const reference = valuesOf(entry.finished!);
    // torch-cam leaves its maps at the layer's resolution.
    if (reference.length !== explanation!.map.data.length) return expect(entry.peer).toBe('torch-cam');
    expect(relativeLength(explanation!.map.data, reference)).toBeLessThan(1e-4);
  });
});

describe.each(['scorecam', 'ss-cam', 'is-cam', 'ablationcam', 'reciprocam'])('%s', (name) => {
  const few: ExplainOptions = name === 'ss-cam' || name === 'is-cam' ? { samples: 3 } : {};

  it('gives the same numbers for any batch', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx', { batch: 'free' });
    const image = noiseImage(model, 1);
    const run = async (sampleBatch: number) =>
      (await explain(model, [image], { methods: [name], ...few, sampleBatch }))[0]![0]!.raw[0]!.data;
    const one = await run(1);
    for (const batch of [3, 4, 16]) expect(relativeLength(await run(batch), one)).toBeLessThan(1e-5);
  });

  it('cut short, it gives what it has', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx', { batch: 'free' });
    const program = await ExplainProgram.open(model, { methods: [name], ...few, sampleBatch: 2 });
    const controller = new AbortController();
    const [[explanation]] = (await program.run([noiseImage(model, 1)], {
      signal: controller.signal,
      progress: (done, total) => {
        if (done >= total / 2) controller.abort();
      },
    })) as [[Awaited<ReturnType<typeof explain>>[0][0]]];
    await program.release();
    expect(explanation!.sampling!.interrupted).toBe(true);
    expect(explanation!.sampling!.samples).toBeLessThan(explanation!.sampling!.total);
    expect(explanation!.raw[0]!.data.every(Number.isFinite)).toBe(true);
    expect(Math.max(...explanation!.raw[0]!.data.map(Math.abs))).toBeGreaterThan(0);
  });
});

describe('closed forms', () => {
  // Behind the layer of tiny-cnn lie pooling and one linear layer: y = b + Σ_k w_k mean(A_k).
  const setting = async () => {
    const model = await loadFixture('models/parity-cnn.onnx', { batch: 'free' });
    const layer = model.defaultLayer!;
    return { model, layer, image: npy('parity/cnn/input.npy') as RunTensor };
  };

  it('Ablation-CAM on a pooling and linear head weighs a channel by its part of the score', async () => {
    const { model, layer, image } = await setting();
    const [[ablation]] = (await explain(model, [image], { methods: ['ablationcam'], targets: '3' })) as [
      Awaited<ReturnType<typeof explain>>[0],
    ];
    // Read off the file itself: the layer, and the row of the linear layer for class 3.
    const session = await runtime.open(expose(model.graph, [layer.value]));
    const activation = toFloat32((await session.run({ [model.image.name]: image }))[layer.value]!);
    await session.release();
    const head = model.graph.nodes.find((node) => node.op === 'Gemm')!;
    const weights = model.graph.initializers.get(head.inputs[1]!)!.numbers();
    const [channels, height, width] = layer.shape;
    const size = height * width;
    const expected = new Float64Array(size);
    for (let k = 0; k < channels; k++) {
      const plane = activation.subarray(k * size, (k + 1) * size);
      const mean = plane.reduce((sum, value) => sum + value, 0) / size;
      const part = (weights[3 * channels + k]! * mean) / Math.abs(ablation!.target.value);
      for (let i = 0; i < size; i++) expected[i]! += part * plane[i]!;
    }
    expect(relativeLength(ablation!.raw[0]!.data, expected)).toBeLessThan(1e-4);
  });

  it('Recipro-CAM of single places on a linear head is affine in CAM', async () => {
    const { model, image } = await setting();
    const [[recipro, cam]] = (await explain(model, [image], {
      methods: ['reciprocam', 'cam'],
      targets: '3',
      variant: 'pixel',
    })) as [Awaited<ReturnType<typeof explain>>[0]];
    const places = cam!.raw[0]!.data.length;
    // y(A ⊙ M_p) = b + CAM(p) / (h·w): after the bias is taken away both are one map.
    const bias = recipro!.raw[0]!.data[0]! - cam!.raw[0]!.data[0]! / places;
    const found = recipro!.raw[0]!.data.map((value) => (value - bias) * places);
    expect(relativeLength(found, cam!.raw[0]!.data)).toBeLessThan(1e-4);
  });

  it('Score-CAM tries the channels of largest spread first', async () => {
    const { model, image } = await setting();
    const [[few]] = (await explain(model, [image], { methods: ['scorecam'], channels: 2 })) as [
      Awaited<ReturnType<typeof explain>>[0],
    ];
    expect(few!.sampling!.total).toBe(2);
  });

  it('a preset means its peer’s variant, an option another', async () => {
    const { model } = await setting();
    const variant = (options: ExplainOptions) =>
      resolveOptions(model, { methods: ['scorecam'], ...options }).methods[0]!.options.variant;
    expect(variant({})).toBe('original');
    expect(variant({ preset: 'torch-cam' })).toBe('torch-cam');
    expect(variant({ preset: 'torch-cam', variant: 'original' })).toBe('original');
    expect(() => variant({ variant: 'orginal' })).toThrow(/original/);
  });
});

describe('the random numbers of a picture', () => {
  it('are the same wherever it stands in a run', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx', { batch: 'free' });
    const [first, second] = [noiseImage(model, 1), noiseImage(model, 2)];
    const options: ExplainOptions = { methods: ['smoothgrad', 'rise'], samples: 4, masks: 8 };
    const maps = async (images: readonly RunTensor[]) =>
      (await explain(model, images, options)).map((list) => list.map(({ raw }) => raw[0]!.data));
    const [[alone], [, behind]] = [await maps([second]), await maps([first, second])];
    expect(behind!.map((map, i) => relativeLength(map, alone![i]!)).every((error) => error < 1e-6)).toBe(true);
  });
});
