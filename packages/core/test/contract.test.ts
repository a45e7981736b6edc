import {
  ExplainProgram,
  hasOption,
  imageDims,
  METHODS,
  type Method,
  type MethodOptions,
  type Model,
  noiseImage,
  type RunTensor,
  usesLayer,
} from '@seewhy/core';
import { isSeewhyError } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { loadFixture, readFixture, relativeError } from './support.ts';

/** Kinds of model that every method must explain or refuse. */
const KINDS: readonly { readonly kind: string; readonly file: string; readonly batch: 'one' | 'free' }[] = [
  { kind: 'NCHW', file: 'models/tiny-cnn.onnx', batch: 'free' },
  { kind: 'NHWC', file: 'models/tiny-nhwc.onnx', batch: 'free' },
  { kind: 'grey', file: 'models/tiny-grey.onnx', batch: 'free' },
  { kind: 'batch of 1 only', file: 'models/tiny-dynamic-quantised.onnx', batch: 'free' },
  { kind: 'prepared for one', file: 'models/tiny-cnn.onnx', batch: 'one' },
  { kind: 'fp16', file: 'models/tiny-fp16.onnx', batch: 'free' },
  { kind: 'quantised', file: 'models/tiny-qdq.onnx', batch: 'free' },
  { kind: 'ViT', file: 'models/tiny-vit.onnx', batch: 'free' },
  { kind: 'Swin', file: 'models/tiny-swin.onnx', batch: 'free' },
  { kind: 'two inputs', file: 'models/tiny-two-inputs.onnx', batch: 'free' },
  { kind: 'one sigmoid', file: 'models/tiny-binary.onnx', batch: 'free' },
  { kind: 'segmentation', file: 'models/tiny-segmentation.onnx', batch: 'free' },
];

/** Enough to see that it works, of every option that says how much is done. */
const LITTLE: Partial<MethodOptions> = {
  steps: 3,
  samples: 4,
  masks: 12,
  window: 8,
  stride: 8,
  segments: 6,
  segmentation: 'grid',
  // All of them where the picture is cut into six: few draws may leave a region undecided, which is an error.
  coalitions: 62,
  permutations: 2,
};

const little = (method: Method) =>
  Object.fromEntries(Object.entries(LITTLE).filter(([name]) => hasOption(method, name as keyof MethodOptions)));

const SECOND_INPUT: Record<string, RunTensor> = Object.fromEntries(
  readFixture('models/tiny-two-inputs.onnx')
    .feeds.filter((value) => value.shape?.length !== 4)
    .map(({ name, shape }) => {
      const dims = shape!.map((dim) => (typeof dim === 'number' ? dim : 1));
      return [name, { type: 'float32', dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.5) }];
    }),
);

const models = new Map<string, Promise<Model>>();
const load = ({ kind, file, batch }: (typeof KINDS)[number]) => {
  const known = models.get(kind);
  if (known) return known;
  const inputs = kind === 'two inputs' ? { inputs: SECOND_INPUT } : {};
  const model = loadFixture(file, { batch, ...inputs });
  models.set(kind, model);
  return model;
};

const rawDims = (method: Method, model: Model): readonly number[] => {
  const { image } = model;
  if (method.output === 'plane') return [image.height, image.width];
  if (method.output === 'pixel') return imageDims(image).slice(1);
  return [model.defaultLayer!.grid.height, model.defaultLayer!.grid.width];
};

describe.each(KINDS)('a model: $kind', (entry) => {
  it.each(METHODS.map((method) => [method.name, method] as const))('%s', async (name, method) => {
    const model = await load(entry);
    const images = [noiseImage(model, 1)];
    if (model.batch === 'free') images.push(noiseImage(model, 2), noiseImage(model, 3), noiseImage(model, 4));
    let program: ExplainProgram | undefined;
    try {
      program = await ExplainProgram.open(model, { methods: [name], ...little(method) });
      const items = await program.run(images);
      expect(items).toHaveLength(images.length);
      for (const [explanation] of items) {
        const { raw, map, layers } = explanation!;
        expect(raw).toHaveLength(1);
        expect(raw[0]!.dims).toEqual(rawDims(method, model));
        expect(raw[0]!.data.every(Number.isFinite)).toBe(true);
        expect([map.height, map.width]).toEqual([model.image.height, model.image.width]);
        expect(map.data.every(Number.isFinite)).toBe(true);
        expect(layers).toHaveLength(usesLayer(method) ? 1 : 0);
      }
      // The pictures do not disturb one another.
      const again = await ExplainProgram.open(model, { methods: [name], ...little(method) });
      const [alone] = await again.run([images[0]!]).finally(() => again.release());
      const tolerance = entry.kind === 'fp16' ? 2e-2 : entry.kind === 'quantised' ? 5e-2 : 1e-4;
      expect(relativeError(items[0]![0]!.raw[0]!.data, alone![0]!.raw[0]!.data)).toBeLessThan(tolerance);
    } catch (error) {
      if (!isSeewhyError(error)) throw error;
      const text = `${error.what} ${error.cure}`;
      // The reason, and what to use instead.
      const others = METHODS.filter((other) => other.name !== name);
      expect(
        others.some((other) => new RegExp(`(^|[^a-z-])${literal(other.name)}($|[^a-z-])`).test(error.cure ?? '')),
        text,
      ).toBe(true);
    } finally {
      await program?.release();
    }
  });
});

const literal = (text: string) => text.replace(/[+.]/g, '\\$&');
