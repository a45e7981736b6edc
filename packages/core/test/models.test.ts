import { explain, type Model, noiseImage, predictionsOf, stack, toFloat32 } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { loadFixture, npy, relativeError, runtime } from './support.ts';

/** What each fixture model is, as seewhy must find it. */
const MODELS = [
  { file: 'models/tiny-cnn.onnx', layout: 'NCHW', activation: 'softmax', batch: 'free', layer: 'features.5' },
  { file: 'models/tiny-nhwc.onnx', layout: 'NHWC', activation: 'softmax', batch: 'free', layer: 'last_conv' },
  { file: 'models/tiny-vit.onnx', layout: 'NCHW', activation: undefined, batch: 'free', layer: 'blocks.1.norm1' },
  { file: 'models/tiny-swin.onnx', layout: 'NCHW', activation: undefined, batch: 'free', layer: 'layer_norm_10' },
  { file: 'models/tiny-external.onnx', layout: 'NCHW', activation: 'softmax', batch: 'free', layer: 'features.5' },
  { file: 'models/tiny-fp16.onnx', layout: 'NCHW', activation: 'softmax', batch: 'free', layer: 'features.5' },
  { file: 'models/tiny-qdq.onnx', layout: 'NCHW', activation: undefined, batch: 'free', layer: 'features.5' },
  {
    file: 'models/tiny-dynamic-quantised.onnx',
    layout: 'NCHW',
    activation: 'softmax',
    batch: 'fixed',
    layer: 'features.5',
  },
  { file: 'models/tiny-grey.onnx', layout: 'NCHW', activation: undefined, batch: 'free', layer: 'features.5' },
  { file: 'models/tiny-binary.onnx', layout: 'NCHW', activation: 'sigmoid', batch: 'free', layer: 'features.5' },
  { file: 'models/tiny-if.onnx', layout: 'NCHW', activation: 'softmax', batch: 'free', layer: 'features.5' },
  { file: 'models/tiny-functions.onnx', layout: 'NCHW', activation: undefined, batch: 'free', layer: 't' },
  {
    file: 'models/tiny-fixed-batch.onnx',
    layout: 'NCHW',
    activation: undefined,
    batch: 'free',
    layer: '/AveragePool_output_0',
  },
  { file: 'models/tiny-segmentation.onnx', layout: 'NCHW', activation: undefined, batch: 'free', layer: 'down.3' },
  { file: 'models/tiny-opset9.onnx', layout: 'NCHW', activation: 'softmax', batch: 'free', layer: '/Clip_2_output_0' },
  { file: 'models/tiny-yolo.onnx', layout: 'NCHW', activation: undefined, batch: 'free', layer: 'merge3.leave' },
] as const;

/** A detector has no best class: a class probability of one of its boxes. */
const targetsOf = (file: string, several: string) => (file.includes('yolo') ? 'output[4,17],output[6,70]' : several);

const METHOD_NAMES = ['gradcam', 'layercam', 'hirescam', 'saliency', 'gradient-x-input'];

describe.each(MODELS)('$file', ({ file, layout, activation, batch, layer }) => {
  it('is understood', async () => {
    const model = await loadFixture(file, { batch: 'free' });
    expect({
      layout: model.image.layout,
      activation: model.output.activation,
      layer: model.defaultLayer?.name,
      batch: model.batch,
      reason: model.batchReason,
    }).toEqual({ layout, activation, layer, batch, reason: batch === 'free' ? '' : model.batchReason });
  });

  it('for one picture a run, says every size of its inputs, and gives the same gradient', async () => {
    const [free, one] = [await loadFixture(file, { batch: 'free' }), await loadFixture(file)];
    expect(one.graph.feeds.map(({ shape }) => shape)).toEqual(one.graph.feeds.map(({ name }) => one.shapes.get(name)));
    const image = [noiseImage(one, 1)];
    const maps = await Promise.all(
      [free, one].map((model) => explain(model, image, { methods: ['saliency'], targets: targetsOf(file, 'top') })),
    );
    const [a, b] = maps.map((lists) => lists[0]![0]!.raw[0]!.data);
    expect(relativeError(b!, a!)).toBeLessThan(file.includes('fp16') ? 2e-2 : 1e-4);
  });

  it('explains by every method, two pictures together as each alone', async () => {
    const model = await loadFixture(file, { batch: 'free' });
    if (model.batch === 'fixed') return;
    const images = [noiseImage(model, 1), noiseImage(model, 2)];
    const targets = targetsOf(file, 'top:2');
    const together = await explain(model, images, { methods: METHOD_NAMES, targets });
    const alone = [
      ...(await explain(model, [images[0]!], { methods: METHOD_NAMES, targets })),
      ...(await explain(model, [images[1]!], { methods: METHOD_NAMES, targets })),
    ];
    together.forEach((list, at) => {
      expect(list).toHaveLength(2 * METHOD_NAMES.length);
      list.forEach((explanation, position) => {
        const other = alone[at]![position]!;
        expect(explanation.method).toBe(other.method);
        expect(explanation.target.index).toBe(other.target.index);
        expect(explanation.raw[0]!.data.every(Number.isFinite)).toBe(true);
        expect(explanation.map.data).toHaveLength(model.image.height * model.image.width);
        expect(relativeError(explanation.raw[0]!.data, other.raw[0]!.data)).toBeLessThan(
          file.includes('fp16') ? 2e-2 : 1e-4,
        );
      });
    });
  });

  it('has class scores equal to the plain model', async () => {
    const model = await loadFixture(file);
    const image = noiseImage(model, 3);
    const session = await runtime.open(model.graph);
    const plain = toFloat32((await session.run({ ...model.extras, [model.image.name]: image }))[model.output.name]!);
    await session.release();
    const [explanation] = (
      await explain(model, [image], { top: model.output.classes, targets: targetsOf(file, 'top') })
    )[0]!;
    if (model.output.positions > 1 || model.output.activation) return;
    const found = new Float32Array(plain.length);
    for (const one of explanation!.predictions) found[one.index] = one.logit;
    // Tapping a quantised graph keeps the runtime from fusing it: a result may fall on the next of its 256 steps.
    expect(relativeError(found, plain)).toBeLessThan(file.includes('qdq') ? 2 / 128 + 1e-3 : 1e-5);
  });
});

describe('targets', () => {
  const maps = async (
    model: Model,
    targets: string,
    score: 'logit' | 'probability' = 'logit',
    methods = ['saliency'],
  ) => (await explain(model, [noiseImage(model, 4)], { targets, score, methods }))[0]!;

  it('a contrast is the difference of two classes', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx');
    const [a, b, contrast] = await maps(model, '1,3,1-3');
    const difference = a!.raw[0]!.data.map((value, index) => value - b!.raw[0]!.data[index]!);
    expect(relativeError(contrast!.raw[0]!.data, difference)).toBeLessThan(1e-5);
    expect(contrast!.target.slug).toBe('1-3');
  });

  it('all classes one after the other equal each class alone', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx');
    const all = await maps(model, 'all');
    expect(all.length).toBe(model.output.classes);
    const [second] = await maps(model, '2');
    expect(relativeError(all[2]!.raw[0]!.data, second!.raw[0]!.data)).toBeLessThan(1e-5);
  });

  it('probability: the gradient through the softmax, in closed form', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx');
    const logits = await maps(model, 'all');
    const [probability] = await maps(model, '1', 'probability');
    // ∂p1/∂x = p1 (∂z1/∂x − Σ_k p_k ∂z_k/∂x)
    const p = new Map(
      (await explain(model, [noiseImage(model, 4)], { top: model.output.classes }))[0]![0]!.predictions.map((one) => [
        one.index,
        one.probability,
      ]),
    );
    const expected = probability!.raw[0]!.data.map((_, at) => {
      const mean = logits.reduce((sum, one) => sum + p.get(one.target.index)! * one.raw[0]!.data[at]!, 0);
      return p.get(1)! * (logits[1]!.raw[0]!.data[at]! - mean);
    });
    expect(relativeError(probability!.raw[0]!.data, expected)).toBeLessThan(1e-4);
  });

  it("the two sides of one sigmoid output are each other's negative", async () => {
    const model = await loadFixture('models/tiny-binary.onnx');
    expect(model.output).toMatchObject({ binary: true, classes: 2 });
    const [negative, positive] = await maps(model, '0,1');
    expect(
      relativeError(
        negative!.raw[0]!.data.map((value) => -value),
        positive!.raw[0]!.data,
      ),
    ).toBeLessThan(1e-6);
    const [top] = await maps(model, 'top');
    expect(top!.target.index).toBe(top!.predictions[0]!.index);
  });

  it('labels, synonyms, and what is misspelt', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx', {
      labels: ['ant', 'tabby, tabby cat', 'great-dane', 'bee', 'cow', 'dog', 'elk', 'fox', 'gnu', 'hen'],
    });
    expect(model.parseTargets('tabby cat')).toMatchObject([{ kind: 'class', index: 1 }]);
    expect(model.parseTargets('great-dane-ant')).toMatchObject([{ kind: 'contrast', index: 2, against: 0 }]);
    expect(model.parseTargets('tabby, tabby cat')).toMatchObject([{ kind: 'class', index: 1 }]);
    expect(() => model.parseTargets('tabi cat')).toThrow(/Did you mean .*tabby/);
    expect(() => model.parseTargets('4711')).toThrow(/does not exist/);
    const { classes } = model.output;
    expect(() => model.parseTargets(`top:${classes + 1}`)).toThrow(
      new RegExp(`${classes + 1} best classes .* has ${classes} classes.*'top:${classes}' at most`),
    );
  });
});

describe('predictions', () => {
  it('best first, equal ones in their own order, with a softmax of the scores', async () => {
    const { output } = await loadFixture('models/tiny-cnn.onnx');
    const scores = Float32Array.from([0, -1, 2.5, -0, Number.NEGATIVE_INFINITY, 2.5, -1.5, 1e-40, -1e-40, 3e38, 3e38]);
    const found = predictionsOf(
      { output: { ...output, classes: 11, activation: undefined }, labels: undefined },
      scores,
    );
    expect(found.map((one) => one.index)).toEqual([9, 10, 2, 5, 7, 0, 3, 8, 1, 6, 4]);
    expect(found.map((one) => one.probability)).toEqual([0.5, 0.5, ...Array(9).fill(0)]);
    expect(found[2]).toEqual({ index: 2, label: 'class 2', logit: 2.5, probability: 0 });
  });

  it('a score that is not a number does not disturb the others', async () => {
    const { output } = await loadFixture('models/tiny-cnn.onnx');
    const scores = Float32Array.from([1, Number.NaN, 3, 2]);
    const found = predictionsOf(
      { output: { ...output, classes: 4, activation: undefined }, labels: undefined },
      scores,
    );
    expect(found.map((one) => one.index).filter((index) => index !== 1)).toEqual([2, 3, 0]);
  });
});

describe('layers', () => {
  it('CAM equals Grad-CAM times the number of cells on pooling + linear', async () => {
    const model = await loadFixture('models/parity-cnn.onnx');
    const [cam, gradcam, hirescam] = (
      await explain(model, [npy('parity/cnn/input.npy')], { methods: ['cam', 'gradcam', 'hirescam'], targets: '3' })
    )[0]!;
    const cells = model.defaultLayer!.grid.height * model.defaultLayer!.grid.width;
    expect(
      relativeError(
        gradcam!.raw[0]!.data.map((value) => value * cells),
        cam!.raw[0]!.data,
      ),
    ).toBeLessThan(1e-5);
    expect(relativeError(hirescam!.raw[0]!.data, gradcam!.raw[0]!.data)).toBeLessThan(1e-5);
  });

  it('offers the nearest name', async () => {
    const model = await loadFixture('models/parity-cnn.onnx');
    expect(() => model.layer('features.77')).toThrow(/Did you mean 'features\.7'/);
    expect(model.layer('features').value).toBe(model.defaultLayer!.value);
  });

  it('several layers are fused', async () => {
    const model = await loadFixture('models/parity-cnn.onnx');
    const [explanation] = (
      await explain(model, [npy('parity/cnn/input.npy')], {
        methods: ['layercam'],
        layers: ['features.1', 'features.7'],
        targets: '3',
      })
    )[0]!;
    expect(explanation!.raw.map((raw) => raw.dims.join('x'))).toEqual(['32x32', '8x8']);
    expect(Math.max(...explanation!.map.data)).toBeCloseTo(1, 5);
  });
});

describe('inputs', () => {
  it('a second input is asked for by name, then used', async () => {
    await expect(loadFixture('models/tiny-two-inputs.onnx')).rejects.toMatchObject({ code: 'INPUT_NEEDED' });
    const error = await loadFixture('models/tiny-two-inputs.onnx').catch((cause) => cause as Error);
    const name = /'([^']+)'/.exec((error as Error).message)![1]!;
    const dims = [1, 4];
    for (const size of [4, 8, 5, 6, 3]) {
      dims[1] = size;
      const model = await loadFixture('models/tiny-two-inputs.onnx', {
        inputs: { [name]: { type: 'float32', dims: [...dims], data: new Float32Array(size).fill(0.5) } },
      }).catch(() => undefined);
      if (!model) continue;
      const [explanation] = (await explain(model, [noiseImage(model, 1)]))[0]!;
      expect(explanation!.raw[0]!.data.every(Number.isFinite)).toBe(true);
      return;
    }
    throw new Error('no size of the second input was accepted');
  });

  it('a picture of another size or type is refused', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx');
    await expect(
      explain(model, [{ type: 'float32', dims: [1, 3, 5, 5], data: new Float32Array(75) }]),
    ).rejects.toMatchObject({ code: 'INPUT_SHAPE' });
    const image = noiseImage(model, 1);
    await expect(
      explain(model, [{ ...image, type: 'uint8', data: Uint8Array.from(image.data as Float32Array) }]),
    ).rejects.toMatchObject({ code: 'INPUT_TYPE' });
    await expect(explain(model, [stack([image, image])])).rejects.toMatchObject({ code: 'BATCH_FIXED' });
  });

  it('an abort stops before the next run', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx');
    await expect(explain(model, [noiseImage(model, 1)], {}, AbortSignal.abort())).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});
