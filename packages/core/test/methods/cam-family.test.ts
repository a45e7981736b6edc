import { explain, Model, noiseImage } from '@seewhy/core';
import { Graph, Node, Tensor, Value } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { loadFixture, npy, readFixture, relativeError, runtime } from '../support.ts';
import { explainOne, relativeLength } from './graph-references.ts';

const raw = async (model: Model, method: string, more: object = {}, seed = 5) =>
  (await explain(model, [noiseImage(model, seed)], { methods: [method], targets: '1', ...more }))[0]![0]!.raw[0]!.data;

/** Global average pooling and one linear layer behind the default layer. */
const POOLED = ['parity-cnn', 'parity-residual', 'tiny-cnn', 'tiny-nhwc', 'tiny-grey'];

describe('identities of the CAM family', () => {
  it.each(POOLED)('%s: CAM is Grad-CAM times the number of cells, and so is HiResCAM', async (file) => {
    const model = await loadFixture(`models/${file}.onnx`);
    const [, height, width] = model.defaultLayer!.shape;
    const gradcam = (await raw(model, 'gradcam')).map((value) => value * height * width);
    expect(relativeLength(await raw(model, 'cam'), gradcam)).toBeLessThan(1e-5);
    expect(
      relativeLength(
        (await raw(model, 'hirescam')).map((value) => value * height * width),
        gradcam,
      ),
    ).toBeLessThan(1e-5);
    // Behind the pooling the gradient is the same everywhere: the activations cannot shift its mean.
    expect(
      relativeLength(
        (await raw(model, 'xgradcam')).map((value) => value * height * width),
        gradcam,
      ),
    ).toBeLessThan(1e-3);
  });

  it.each(['parity-cnn', 'tiny-nhwc', 'tiny-vit', 'tiny-swin'])(
    '%s: element-wise Grad-CAM is LayerCAM where nothing is negative, and never below HiResCAM',
    async (file) => {
      const model = await loadFixture(`models/${file}.onnx`);
      const [elementwise, layercam, hirescam] = await Promise.all(
        ['gradcam-elementwise', 'layercam', 'hirescam'].map((method) => raw(model, method)),
      );
      if (model.defaultLayer!.op === 'Relu') expect(relativeError(elementwise!, layercam!)).toBeLessThan(1e-5);
      elementwise!.forEach((value, at) => {
        expect(value).toBeGreaterThanOrEqual(hirescam![at]! - 1e-6);
      });
    },
  );
});

/** y = Σ A ⊙ W with A = x: the gradient of layer A is W, so every map has a closed form. A Relu of x + 0 stands for the layer. */
async function closed(activation: readonly number[], gradient: readonly number[], channels: number, side: number) {
  const dims = [channels, side, side];
  const cells = channels * side * side;
  const graph = new Graph({
    opsets: new Map([['', 17]]),
    irVersion: 8,
    name: 'closed',
    inputs: [new Value('x', 'float32', [1, ...dims])],
    outputs: [new Value('y', 'float32', [1, 2])],
    initializers: new Map([
      ['shape', Tensor.int64([1, cells])],
      ['zeros', Tensor.floats(new Float64Array(channels), [channels])],
      [
        'one',
        Tensor.floats(
          Float64Array.from({ length: channels ** 2 }, (_, at) => Number(at % (channels + 1) === 0)),
          [channels, channels, 1, 1],
        ),
      ],
      [
        'w',
        Tensor.floats(
          gradient.flatMap((value) => [value, 0]),
          [cells, 2],
        ),
      ],
    ]),
    nodes: [
      Node.make('Conv', ['x', 'one', 'zeros'], ['layer'], { kernel_shape: [1, 1] }, { name: 'layer' }),
      Node.make('Reshape', ['layer', 'shape'], ['flat'], {}, { name: 'flat' }),
      Node.make('MatMul', ['flat', 'w'], ['y'], {}, { name: 'head' }),
    ],
  } as never);
  const model = await Model.load(graph, { runtime });
  return async (method: string, more: object = {}) => {
    const image = { type: 'float32' as const, dims: [1, ...dims], data: Float32Array.from(activation) };
    const one = await explainOne(model, image, { methods: [method], targets: '0', layers: ['layer'], ...more });
    return Array.from(one.raw[0]!.data);
  };
}

const near = (found: number[], expected: number[]) => expect(relativeLength(found, expected)).toBeLessThan(1e-5);

describe('closed forms of the CAM family, two channels of 2 × 2', () => {
  const A = [1, 2, 0, 3, 4, 0, 1, 1];
  const G = [0.5, -1, 2, 0, 1, 1, 0, -0.5];
  const weigh = (w0: number, w1: number) => [0, 1, 2, 3].map((at) => w0 * A[at]! + w1 * A[4 + at]!);

  it("Grad-CAM++ in the paper's form", async () => {
    const run = await closed(A, G, 2, 2);
    const weight = (channel: number) => {
      const [a, g] = [A.slice(channel * 4, channel * 4 + 4), G.slice(channel * 4, channel * 4 + 4)];
      const total = a.reduce((x, y) => x + y, 0);
      return g.reduce((w, one) => w + (one ** 2 / (2 * one ** 2 + total * one ** 3 + 1e-6)) * Math.max(one, 0), 0);
    };
    near(await run('gradcam++'), weigh(weight(0), weight(1)));
  });

  it('Grad-CAM++ as in xplique and tf-keras-vis', async () => {
    const run = await closed(A, G, 2, 2);
    const score = A.reduce((sum, value, at) => sum + value * G[at]!, 0);
    const weight = (channel: number, mean: boolean) => {
      const [a, g] = [A.slice(channel * 4, channel * 4 + 4), G.slice(channel * 4, channel * 4 + 4)];
      const s = a.reduce((x, y) => x + y, 0) / (mean ? 4 : 1);
      const alpha = g.map((one) => (one === 0 ? 0 : one ** 2 / (2 * one ** 2 + s * one ** 3)));
      const scale = mean ? 4 : alpha.reduce((x, y) => x + y, 0) / Math.exp(score);
      return g.reduce((w, one, at) => w + alpha[at]! * Math.max(one, 0), 0) / scale;
    };
    near(await run('gradcam++', { variant: 'xplique' }), weigh(weight(0, true), weight(1, true)));
    near(await run('gradcam++', { variant: 'tf-keras-vis' }), weigh(weight(0, false), weight(1, false)));
    near(await run('gradcam++', { preset: 'xplique' }), weigh(weight(0, true), weight(1, true)));
  });

  it('tf-keras-vis of a score whose exponential leaves float32 is finite, and the same map', async () => {
    const large = await closed(
      A,
      G.map((value) => 100 * value),
      2,
      2,
    );
    const found = await large('gradcam++', { variant: 'tf-keras-vis' });
    expect(found.every(Number.isFinite)).toBe(true);
    expect(Math.max(...found.map(Math.abs))).toBeGreaterThan(0);
  });

  it('XGrad-CAM and element-wise Grad-CAM', async () => {
    const run = await closed(A, G, 2, 2);
    near(await run('xgradcam'), weigh((0.5 - 2) / 6, (4 - 0.5) / 6));
    near(await run('gradcam-elementwise'), [0.5 + 4, 0, 0, 0]);
  });

  it('LayerCAM is Σ ReLU(g) ⊙ A, also where an activation is negative', async () => {
    const run = await closed([1, -2, 0.5, 3, 4, 0, 1, 1], G, 2, 2);
    near(await run('layercam'), [4.5, 0, 1, 0]);
    near(await run('gradcam-elementwise'), [4.5, 2, 1, 0]);
    near(await run('hirescam'), [4.5, 2, 1, -0.5]);
  });

  it('FEM in both forms, with the threshold as an option', async () => {
    const run = await closed([9, 0, 0, 0, 1, 1, 2, 4], G, 2, 2);
    const [mean0, mean1] = [9 / 4, 2];
    near(await run('fem', { deviations: 1 }), [mean0, 0, 0, mean1]);
    near(await run('fem', { deviations: 1, variant: 'pytorch-grad-cam' }), [9 / 4 + 1 / 4, 1 / 4, 2 / 4, 4 / 4]);
    near(await run('fem', { deviations: 0 }), [mean0, 0, mean1, mean1]);
  });

  it('layer activation', async () => {
    const run = await closed(A, G, 2, 2);
    near(await run('layer-activation'), [2.5, 1, 0.5, 2]);
    near(await run('layer-activation', { variant: 'max' }), [4, 2, 1, 3]);
    near(await run('layer-activation', { variant: 'norm' }), [Math.sqrt(17), 2, 1, Math.sqrt(10)]);
  });

  it('EigenCAM: the larger magnitude is positive, whatever the sign of the activations', async () => {
    const B = [10, 1, 2, 3, 20, 2, 4, 6];
    const rank1 = [1, -3 / 6, -2 / 6, -1 / 6].map((value) => value * 6 * Math.sqrt(5));
    near(await (await closed(B, G, 2, 2))('eigencam'), rank1);
    near(
      await (
        await closed(
          B.map((value) => -value),
          G,
          2,
          2,
        )
      )('eigencam'),
      rank1,
    );
    // All cells equal: nothing varies.
    expect(await (await closed([1, 1, 1, 1, 5, 5, 5, 5], G, 2, 2))('eigencam')).toEqual([0, 0, 0, 0]);
  });

  it('EigenCAM at equal singular values: one map, in the plane that they span', async () => {
    // Centred rows: (±1, 0) and (0, ±1).
    const run = await closed([1, -1, 0, 0, 0, 0, 1, -1], G, 2, 2);
    const found = await run('eigencam');
    expect(await run('eigencam')).toEqual(found);
    near(found, [1, -1, 0, 0]);
  });
});

describe('EigenCAM against the singular values of hand-made matrices', () => {
  it.each([
    ['more cells than channels', 3, 6, 1],
    ['more channels than cells', 40, 4, 2],
    ['a second value near to the first', 5, 5, 3],
    ['tiny activations', 8, 4, 4],
  ] as const)('%s', async (kind, channels, side, seed) => {
    const cells = side * side;
    // X = 1 · u₁v₁ᵀ + s · u₂v₂ᵀ, u orthogonal to each other and to 1, v orthogonal: u₁ is the map.
    const second = kind === 'a second value near to the first' ? 0.999 : 0.4;
    const scale = kind === 'tiny activations' ? 1e-12 : 1;
    const wave = (length: number, frequency: number) => {
      const values = Array.from({ length }, (_, at) => Math.cos((Math.PI * frequency * (2 * at + 1)) / (2 * length)));
      const norm = Math.hypot(...values);
      return values.map((value) => value / norm);
    };
    const [u1, u2, v1, v2] = [wave(cells, seed), wave(cells, seed + 1), wave(channels, 1), wave(channels, 2)];
    const activation = Array.from({ length: channels * cells }, (_, at) => {
      const [channel, cell] = [Math.floor(at / cells), at % cells];
      return scale * (3 + u1[cell]! * v1[channel]! + second * u2[cell]! * v2[channel]!);
    });
    const mean = activation.map((value) => value - 3 * scale);
    const found = await (await closed(scale === 1 ? activation : mean, activation, channels, side))('eigencam');
    const sign = Math.sign(found.reduce((sum, value, at) => sum + value * u1[at]!, 0));
    expect(
      relativeLength(
        found,
        u1.map((value) => sign * scale * value),
      ),
    ).toBeLessThan(2e-4);
    expect(Math.max(...found)).toBeGreaterThanOrEqual(-Math.min(...found) - 1e-6 * scale);
  });
});

describe('Finer-CAM', () => {
  const image = npy('parity/cnn/input.npy');

  it('is Grad-CAM of y_c − α · mean of the three nearest, and Grad-CAM at α = 0', async () => {
    const model = await loadFixture('models/parity-cnn.onnx');
    const of = async (method: string, targets: string, more: object = {}) =>
      (await explain(model, [image], { methods: [method], targets, ...more }))[0]!;
    const classes = (await of('gradcam', 'all')).map(({ raw: [map], target }) => ({ map: map!.data, y: target.value }));
    for (const c of [0, 3]) {
      const nearest = classes
        .map(({ y }, at) => ({ at, gap: Math.abs(y - classes[c]!.y) }))
        .filter(({ at }) => at !== c)
        .sort((a, b) => a.gap - b.gap)
        .slice(0, 3);
      for (const alpha of [0.6, 1]) {
        const expected = classes[c]!.map.map(
          (value, cell) => value - (alpha / 3) * nearest.reduce((sum, { at }) => sum + classes[at]!.map[cell]!, 0),
        );
        const [found] = await of('finer-cam', String(c), { alpha });
        expect(relativeLength(found!.raw[0]!.data, expected)).toBeLessThan(1e-5);
      }
      const [plain] = await of('finer-cam', String(c), { alpha: 0 });
      expect(relativeLength(plain!.raw[0]!.data, classes[c]!.map)).toBeLessThan(1e-6);
    }
  });

  it.each(['torch-cam', 'pytorch-grad-cam'])(
    '%s on one sigmoid output: Grad-CAM times 1 + α, and says so',
    async (variant) => {
      const model = await loadFixture('models/tiny-binary.onnx');
      const options = { methods: ['gradcam', 'finer-cam'], targets: '0', variant, alpha: 0.5 };
      const [gradcam, finer] = (await explain(model, [noiseImage(model, 1)], options))[0]!;
      expect(
        relativeLength(
          finer!.raw[0]!.data,
          gradcam!.raw[0]!.data.map((value) => 1.5 * value),
        ),
      ).toBeLessThan(1e-5);
      expect(finer!.notes.join(' ')).toContain('times 1.5');
    },
  );

  it('compares with fewer than three where there are not so many, and pictures in a batch keep their own rivals', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx', { batch: 'free' });
    const images = [1, 2, 3].map((seed) => noiseImage(model, seed));
    for (const variant of ['torch-cam', 'pytorch-grad-cam']) {
      const together = await explain(model, images, { methods: ['finer-cam'], variant });
      for (const [at, one] of images.entries()) {
        const alone = await explainOne(model, one, { methods: ['finer-cam'], variant });
        expect(relativeLength(together[at]![0]!.raw[0]!.data, alone.raw[0]!.data)).toBeLessThan(1e-5);
      }
    }
  });

  it('a model with one value has no other class: one sentence, and not among the methods it supports', async () => {
    const graph = readFixture('models/tiny-cnn.onnx');
    const one = Tensor.floats(
      Float64Array.from({ length: 5 }, (_, at) => at - 2),
      [5, 1],
    );
    const regression = graph.with({
      initializers: new Map([...graph.initializers, ['last', one]]),
      nodes: [...graph.nodes, Node.make('MatMul', [graph.outputs[0]!.name, 'last'], ['value'], {}, { name: 'value' })],
      outputs: [new Value('value', 'float32', [1, 1])],
    });
    const model = await Model.load(regression, { runtime });
    await expect(explain(model, [noiseImage(model, 1)], { methods: ['finer-cam'] })).rejects.toMatchObject({
      code: 'NO_OTHER_CLASS',
    });
    const support = model.methods().find(({ method }) => method.name === 'finer-cam')!;
    expect(support).toMatchObject({ supported: false, reason: expect.stringContaining('one value') });
    expect(model.methods().find(({ method }) => method.name === 'gradcam')!.supported).toBe(true);
  });
});
