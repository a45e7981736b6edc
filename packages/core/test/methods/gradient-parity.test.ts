import { readFileSync } from 'node:fs';
import { type ExplainOptions, explain, type RunTensor, toFloat32 } from '@seewhy/core';
import { GraphBuilder } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { fixture, npy, runtime } from '../support.ts';
import type { Reference } from './graph-references.ts';
import { distance, load, pictureOf } from './parity-cases.ts';

/** A row of which the map may be missing, with what is fed besides. */
interface Entry extends Omit<Reference, 'raw'> {
  readonly raw: string | null;
  readonly given: Readonly<Record<string, string>>;
}

const entries = JSON.parse(readFileSync(fixture('parity/methods.json'), 'utf8')) as Entry[];
const given = (file: string) => npy(`parity/${file}`);
/** A picture of its own, batch first. */
const single = (file: string): RunTensor => {
  const tensor = given(file);
  return tensor.dims.length === 3 ? { ...tensor, dims: [1, ...tensor.dims] } : tensor;
};

/** Σ over the channels of a reference `[C, H, W]`. */
function overChannels({ data, dims }: { data: Float32Array; dims: readonly number[] }): Float32Array {
  const size = dims[1]! * dims[2]!;
  return Float32Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < dims[0]!; c++) sum += data[c * size + i]!;
    return sum;
  });
}

/** What the peer's settings are called here. */
function optionsOf(entry: Entry): ExplainOptions {
  const { options, given: files } = entry;
  const all: Record<string, unknown> = {};
  if (typeof options.steps === 'number') all.steps = options.steps;
  if (typeof options.rule === 'string') all.rule = /linspace/.test(options.rule) ? 'mean' : options.rule;
  const unit = typeof options.noiseUnit === 'number' ? options.noiseUnit : 1;
  if (files.noise) {
    const noise = given(files.noise);
    all.noise = { ...noise, data: noise.data.map((value) => value * unit) };
  }
  if (files.baseline) all.baseline = single(files.baseline);
  if (files.baselines) {
    const many = given(files.baselines);
    const size = many.data.length / many.dims[0]!;
    all.baseline = Array.from({ length: many.dims[0]! }, (_, i) => ({
      ...many,
      dims: [1, ...many.dims.slice(1)],
      data: many.data.slice(i * size, (i + 1) * size),
    }));
  }
  if (files.alphas) {
    const [alphas, choice] = [given(files.alphas).data, given(files.choice!).data];
    const rows = Float32Array.from({ length: 2 * alphas.length }, (_, i) => (i % 2 === 0 ? alphas : choice)[i >> 1]!);
    all.positions = { type: 'float32', dims: [alphas.length, 2], data: rows };
  }
  return all;
}

/** Methods of ours for an entry: the noise tunnel around something else is a wrapper. */
function requestOf(entry: Entry): ExplainOptions | undefined {
  const { method, options, peer } = entry;
  const of = options.of;
  // tf-explain's SmoothGrad is of the cross-entropy: another quantity under the same name.
  if (/cross-entropy/.test(String(options.score))) return undefined;
  const base = optionsOf(entry);
  if (method === 'smoothgrad' && (of === 'gradient-x-input' || of === 'integrated-gradients'))
    return { ...base, methods: [of], smooth: 'mean', ...(of === 'integrated-gradients' ? { steps: 8 } : {}) };
  if (method === 'smoothgrad')
    return { ...base, methods: [method], variant: of === 'saliency' || options.abs === true ? 'magnitude' : 'signed' };
  if (method === 'vargrad')
    return { ...base, methods: [method], variant: options.variance === 'unbiased' ? 'unbiased' : 'population' };
  if (method === 'smoothgradcam++') return { ...base, methods: ['smooth-gradcam++'], variant: 'torch-cam' };
  // tf-explain leaves out the factor x − x′: another quantity under the same name.
  if (method === 'integrated-gradients') return options.multiply === false ? undefined : { ...base, methods: [method] };
  if (['smoothgrad-squared', 'expected-gradients', 'layer-integrated-gradients'].includes(method))
    return { ...base, methods: [method] };
  if (method === 'layer-gradient-x-activation') return { methods: [method] };
  if (entry.variant === 'aug-smooth') return { methods: [method], augment: true, preset: peer };
  return undefined;
}

/**
 * One of the points on these paths lies so near the kink of a rectifier that the last digit decides on which side: all of the difference
 * lies in the receptive field of one unit.
 */
const KINKED = new Set([
  'residual/captum.integrated-gradients.picture.t4.raw.npy',
  'efficientnet-lite0/captum.integrated-gradients.gauss-legendre.t282.raw.npy',
]);

describe('parity with the peers', () => {
  const cases = entries.flatMap((entry) => {
    const request = entry.raw && entry.target !== null ? requestOf(entry) : undefined;
    return request ? [{ entry, request }] : [];
  });

  it('has references of every method', () => {
    const found = new Set(cases.map(({ entry }) => entry.method));
    expect([...found].sort()).toEqual([
      'expected-gradients',
      'gradcam',
      'integrated-gradients',
      'layer-gradient-x-activation',
      'layer-integrated-gradients',
      'smoothgrad',
      'smoothgrad-squared',
      'smoothgradcam++',
      'vargrad',
    ]);
  });

  for (const { entry, request } of cases) {
    it(`${entry.model}: ${entry.peer} ${entry.method} ${entry.variant ?? ''} ${entry.value ?? ''} of ${entry.target}`, async () => {
      const layers = entry.value === null ? {} : { layers: [entry.value] };
      const options = { ...request, ...layers, targets: String(entry.target) };
      const [explanation] = (await explain(await load(entry.model), [pictureOf(entry.model)], options))[0]!;
      const reference = given(entry.raw!);
      let raw: Float32Array = explanation!.raw[0]!.data;
      if (entry.options.rectified === true) raw = raw.map((value) => Math.max(value, 0));
      const expected =
        entry.layout.raw === 'CHW' && explanation!.raw[0]!.dims.length === 2 ? overChannels(reference) : reference.data;
      expect(distance(raw, expected)).toBeLessThan(KINKED.has(entry.raw!) ? 2e-3 : 1e-4);
    });
  }
});

describe('maps of pixels finished as the peers do', () => {
  const finished = entries.filter(
    (entry) =>
      entry.finished !== null &&
      entry.layer === null &&
      ['saliency', 'tf-keras-vis'].includes(entry.peer) &&
      ['saliency', 'smoothgrad', 'integrated-gradients'].includes(entry.method),
  );

  it('has references', () => expect(finished.length).toBeGreaterThanOrEqual(6));

  for (const entry of finished) {
    it(`${entry.model}: ${entry.peer} ${entry.method}`, async () => {
      const base = entry.method === 'saliency' ? { methods: ['saliency'] } : requestOf(entry)!;
      const options = { ...base, targets: String(entry.target), preset: entry.peer };
      const [explanation] = (await explain(await load(entry.model), [pictureOf(entry.model)], options))[0]!;
      expect(distance(explanation!.map.data, given(entry.finished!).data)).toBeLessThan(1e-4);
      expect(explanation!.notes.join(' ')).not.toMatch(/own way/);
    });
  }

  it("captum's scale is where the running sum of the sorted values reaches 98 %", async () => {
    const { normalise } = await import('../../src/heatmap/stages.ts');
    const values = Float32Array.of(60, 1, 30, 7, 2);
    // Sorted 1 2 7 30 60, running 1 3 10 40 100.
    for (const [percent, scale] of [
      [98, 60],
      [40, 30],
      [41, 60],
      [5, 7],
    ] as const) {
      const made = normalise({ width: 5, height: 1, data: values }, { by: 'cumulative', percent });
      expect(made.scale).toBe(scale);
      expect([...made.map.data]).toEqual([...values].map((value) => Math.fround(Math.min(1, value / scale))));
    }
  });

  it.each(['captum', 'tf-keras-vis', 'xplique', 'saliency'] as const)(
    'the graph finishes like the host: %s',
    async (preset) => {
      const { appendFinishing, appendReduction } = await import('../../src/finish-in-graph.ts');
      const { reducerOf, stagesOf } = await import('../../src/heatmap/finishing.ts');
      const { findMethod } = await import('@seewhy/core');
      const model = await load('cnn');
      const method = findMethod('gradient-x-input');
      const [made] = (await explain(model, [pictureOf('cnn')], { methods: [method.name], targets: '3', preset }))[0]!;
      const { image } = model;
      const before = new GraphBuilder(
        model.graph.with({ inputs: [], outputs: [], nodes: [], initializers: new Map(), values: new Map() }),
      );
      const raw = before.input('raw', 'float32', [1, ...made!.raw[0]!.dims]);
      const finishing = { preset, fusion: 'max' } as const;
      const plane = appendReduction(before, raw, reducerOf(method, finishing), image);
      const map = { value: plane, height: image.height, width: image.width };
      before.output(appendFinishing(before, [map], stagesOf(method, finishing, 1), image));
      const session = await runtime.open(before.build());
      const { dims, data } = made!.raw[0]!;
      const outputs = await session.run({ raw: { type: 'float32', dims: [1, ...dims], data } });
      expect(distance(toFloat32(Object.values(outputs)[0]!), made!.map.data)).toBeLessThan(1e-5);
      await session.release();
    },
  );
});
