import { explain, Model, noiseImage } from '@seewhy/core';
import {
  attributesFrom,
  Graph,
  GraphBuilder,
  graphFromModel,
  Node,
  readModel,
  Tensor,
  Value,
  type ValueName,
  writeGraph,
} from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { loadFixture, runtime } from './support.ts';

/** The beginning of a transformer: 16 × 16 pixels as 4 × 4 patches of 8 channels, `[1, 16, 8]`. */
function patchNetwork() {
  let made = 0;
  const weights = (...dims: number[]) => {
    made++;
    const size = dims.reduce((a, d) => a * d);
    return Tensor.floats(
      Array.from({ length: size }, (_, i) => 0.5 * Math.sin(1.3 * i + made)),
      dims,
    );
  };
  const b = new GraphBuilder(
    new Graph({
      irVersion: 8,
      opsets: new Map([
        ['', 17],
        ['com.microsoft', 1],
      ]),
      inputs: [new Value('image', 'float32', [1, 3, 16, 16])],
    }),
  );
  const linear = (x: ValueName, to: number, name: string) => b.matmul(x, b.constant(weights(8, to), name));
  const stem = b.op('Conv', ['image', b.constant(weights(8, 3, 4, 4), 'stem')], { strides: [4, 4] });
  return { b, weights, linear, patches: b.transpose(b.reshape(stem, [1, 8, 16]), [0, 2, 1]) };
}

/** The network that ends with these class scores. */
function scored(b: GraphBuilder, scores: ValueName): Promise<Model> {
  b.append(Node.make('Identity', [scores], ['logits']));
  b.output('logits');
  return Model.load(b.build(), { runtime });
}

/** Grad-CAM at the default layer is not empty. */
async function isSeen(model: Model): Promise<void> {
  const [explanation] = (await explain(model, [noiseImage(model, 5)], { methods: ['gradcam'] }))[0]!;
  expect(explanation!.raw[0]!.data.some((value) => value !== 0)).toBe(true);
}

describe('the default layer', () => {
  it('the class token hides later patch tokens: the default is what the last attention reads', async () => {
    const model = await loadFixture('models/tiny-vit.onnx');
    expect(model.defaultLayerReason).toMatch(/last attention/);
    const [explanation] = (await explain(model, [noiseImage(model, 5)], { methods: ['gradcam'] }))[0]!;
    expect(explanation!.diagnosis.max - explanation!.diagnosis.min).toBeGreaterThan(0);
  });

  it.each([
    ['sigmoid attention', (b, q, k, v) => b.matmul(b.op('Sigmoid', [b.matmul(q, b.transpose(k, [0, 2, 1]))]), v)],
    ['linear attention', (b, q, k, v) => b.matmul(q, b.matmul(b.transpose(k, [0, 2, 1]), v))],
    [
      "ONNX Runtime's fused attention",
      (b, q, k, v) => b.multi('MultiHeadAttention', [q, k, v], { num_heads: 2 }, 1, 'heads', 'com.microsoft')[0]!,
    ],
  ] as [string, (b: GraphBuilder, q: ValueName, k: ValueName, v: ValueName) => ValueName][])(
    'a class token behind %s: the default is what that reads',
    async (_, attend) => {
      const { b, weights, linear, patches } = patchNetwork();
      const tokens = b.op('Concat', [b.constant(weights(1, 1, 8), 'class'), patches], { axis: 1 });
      const read = b.op('LayerNormalization', [tokens, b.constant(weights(8), 'scale')], { axis: -1 });
      const mixed = attend(b, linear(read, 8, 'q'), linear(read, 8, 'k'), linear(read, 8, 'v'));
      const out = linear(b.add(tokens, mixed), 8, 'mlp');
      const head = b.op('Gather', [out, b.int(0)], { axis: 1 });
      const model = await scored(b, linear(head, 5, 'head'));
      expect(model.defaultLayer!.value).toBe(read);
      expect(model.defaultLayerReason).toMatch(/last attention/);
      await isSeen(model);
    },
  );

  it('a head that pools by attention: the default is what its keys and values are made of', async () => {
    const { b, weights, linear, patches } = patchNetwork();
    const read = b.op('LayerNormalization', [patches, b.constant(weights(8), 'scale')], { axis: -1 });
    const both = b.add(linear(read, 16, 'kv'), b.constant(weights(16), 'kv.bias'));
    const [keys, values] = b.split(both, [8, 8], 2) as [ValueName, ValueName];
    // One query that was learnt, for all pictures.
    const scores = b.matmul(b.constant(weights(1, 1, 8), 'query'), b.transpose(keys, [0, 2, 1]));
    const pooled = b.squeeze(b.matmul(b.op('Softmax', [scores], { axis: -1 }), values), [1]);
    const model = await scored(b, linear(pooled, 5, 'head'));
    expect(model.layers.map(({ value }) => value)).toContain(both);
    expect(model.defaultLayer!.value).toBe(read);
    expect(model.defaultLayerReason).toMatch(/attention of the head pools/);
    await isSeen(model);
  });

  it('a detector of several scales: the default is the last layer that all of them depend on', async () => {
    const model = await loadFixture('models/tiny-yolo.onnx');
    expect(model.defaultLayer!.name).toBe('merge3.leave');
    expect(model.defaultLayerReason).toMatch(/all scales/);
    // Boxes 0 to 63 are of the finer scale, 64 to 79 of the coarser.
    const targets = 'output[4,0],output[5,63],output[4,64],output[6,79],output[0,17]';
    const found = (await explain(model, [noiseImage(model, 5)], { methods: ['gradcam'], targets }))[0]!;
    expect(found.map(({ raw }) => raw[0]!.data.some((value) => value !== 0))).toEqual(Array(5).fill(true));
  });

  it('group normalisation as exporters write it, with channels in groups, keeps the picture', async () => {
    const { b, weights, linear } = patchNetwork();
    const conv = b.op('Conv', ['image', b.constant(weights(8, 3, 3, 3), 'kernel')], { strides: [2, 2] });
    const parted = b.reshape(conv, [0, 2, -1]);
    const ones = b.constant(Tensor.floats([1, 1], [2]), 'ones');
    const zeros = b.constant(Tensor.floats([0, 0], [2]), 'zeros');
    const normed = b.reshape(b.op('InstanceNormalization', [parted, ones, zeros]), [1, 8, 7, 7]);
    const scaled = b.add(b.mul(normed, b.constant(weights(8, 1, 1), 'scale')), b.constant(weights(8, 1, 1), 'shift'));
    const last = b.op('Relu', [scaled]);
    const model = await scored(b, linear(b.reduceMean(last, [2, 3], false), 5, 'head'));
    expect(model.defaultLayer).toMatchObject({ value: last, shape: [8, 7, 7] });
    await isSeen(model);
  });

  it('what stands outside of all modules in a file of the default exporter is named by the module before it', async () => {
    const { b, weights, linear, patches } = patchNetwork();
    const registers = b.op('Concat', [b.constant(weights(1, 2, 8), 'registers'), patches], { axis: 1 });
    const normed = b.op('LayerNormalization', [registers, b.constant(weights(8), 'scale')], { axis: -1 });
    const [first, last] = [b.slice(normed, [2], [99], [1]), b.reduceMean(normed, [1], false)];
    const pooled = b.op('Mul', [b.reduceMean(first, [1], false), last]);
    b.append(Node.make('Identity', [linear(pooled, 5, 'head')], ['logits']));
    b.output('logits');
    const file = readModel(writeGraph(b.build()));
    const scopes = (...names: string[]) => `[${names.map((name) => `'${name}'`).join(', ')}]`;
    for (const node of file.graph!.node) {
      const [output] = node.output;
      const value =
        output === normed ? scopes('', 'norm', 'layer_norm') : output === first ? scopes('', 'slice_2') : undefined;
      if (value)
        node.metadataProps.push({ $typeName: 'onnx.StringStringEntryProto', key: 'pkg.torch.onnx.name_scopes', value });
    }
    const model = await Model.load(graphFromModel(file), { runtime });
    const names = new Map(model.layers.map(({ value, name }) => [value, name]));
    expect(names.get(normed)).toBe('norm');
    expect(names.get(first)).toBe('norm/Slice');
    expect(model.layer(first).name).toBe('norm/Slice');
    expect(model.layer('norm').value).toBe(normed);
  });

  it('class scores of every token, which an auxiliary head adds, are no features', async () => {
    const { b, weights, linear, patches } = patchNetwork();
    const tokens = b.op('LayerNormalization', [patches, b.constant(weights(8), 'scale')], { axis: -1 });
    const each = b.add(linear(tokens, 5, 'auxiliary'), b.constant(weights(5), 'bias'));
    const scores = b.add(linear(b.reduceMean(tokens, [1], false), 5, 'head'), b.reduceMax(each, [1], false));
    const model = await scored(b, scores);
    expect(model.layers.map(({ value }) => value)).toContain(each);
    expect(model.defaultLayer!.value).toBe(tokens);
    await isSeen(model);
    // A network that gives its pooled features: there all layers have as many channels as the output.
    const embedding = patchNetwork();
    const hidden = embedding.b.op('Relu', [embedding.linear(embedding.patches, 12, 'up')]);
    const last = embedding.b.add(
      embedding.patches,
      embedding.b.matmul(hidden, embedding.b.constant(embedding.weights(12, 8), 'down')),
    );
    const features = await scored(embedding.b, embedding.b.reduceMean(last, [1], false));
    expect(features.defaultLayer!.value).toBe(last);
  });

  it('a network of operators on integers has float layers too', async () => {
    const tensor = (values: number[], dims: number[]) => Tensor.floats(values, dims);
    const bytes = (type: 'uint8' | 'int8', values: number[], dims: number[]) =>
      Tensor.of(type, dims, type === 'uint8' ? Uint8Array.from(values) : Int8Array.from(values));
    const weight = Array.from({ length: 4 * 3 * 9 }, (_, k) => Math.round(80 * Math.sin(1.7 * k)));
    const make = (op: string, inputs: string[], output: string, rest = {}, attributes = {}) =>
      new Node({ op, inputs, outputs: [output], attributes: attributesFrom(attributes), ...rest });
    const ms = { domain: 'com.microsoft' };
    const graph = new Graph({
      irVersion: 8,
      opsets: new Map([
        ['', 17],
        ['com.microsoft', 1],
      ]),
      inputs: [new Value('image', 'float32', [1, 3, 16, 16])],
      outputs: [new Value('scores')],
      initializers: new Map([
        ['s', tensor([0.02], [])],
        ['z', bytes('uint8', [128], [])],
        ['w', bytes('int8', weight, [4, 3, 3, 3])],
        ['wz', bytes('int8', [0], [])],
      ]),
      nodes: [
        make('QuantizeLinear', ['image', 's', 'z'], 'q'),
        make('QLinearConv', ['q', 's', 'z', 'w', 's', 'wz', 's', 'z'], 'features_quantized', {}, { strides: [2, 2] }),
        make('QLinearGlobalAveragePool', ['features_quantized', 's', 'z', 's', 'z'], 'pooled', ms, {
          channels_last: 0,
        }),
        make('DequantizeLinear', ['pooled', 's', 'z'], 'float'),
        make('Flatten', ['float'], 'scores'),
      ],
    });
    const model = await Model.load(graph, { runtime, batch: 'free' });
    expect(model.layers.map(({ value }) => value)).toContain('features');
    expect(model.defaultLayer).toMatchObject({ op: 'DequantizeLinear', shape: [4, 7, 7] });
    expect(model.batch).toBe('free');
    await isSeen(model);
  });

  it('a branch that only chooses what is kept is no layer: the default is what the kept values are made of', async () => {
    const node = (op: string, inputs: string[], output: string[], attributes = {}) =>
      new Node({ op, domain: '', inputs, outputs: output, attributes: attributesFrom(attributes) });
    const filters = (count: number, channels: number) =>
      Tensor.floats(
        Array.from({ length: count * channels }, (_, k) => Math.sin(k + count)),
        [count, channels, 1, 1],
      );
    const graph = new Graph({
      irVersion: 8,
      opsets: new Map([['', 17]]),
      inputs: [new Value('image', 'float32', [1, 3, 8, 8])],
      outputs: [new Value('kept')],
      initializers: new Map([
        ['stem', filters(6, 3)],
        ['box', filters(4, 6)],
        ['class', filters(1, 6)],
        ['rows', Tensor.int64([1, 4, 64])],
        ['flat', Tensor.int64([64])],
        ['count', Tensor.int64([5])],
      ]),
      nodes: [
        node('Conv', ['image', 'stem'], ['features']),
        node('Conv', ['features', 'box'], ['boxes']),
        node('Conv', ['features', 'class'], ['scores']),
        node('Reshape', ['boxes', 'rows'], ['boxes.flat']),
        node('Reshape', ['scores', 'flat'], ['scores.flat']),
        node('TopK', ['scores.flat', 'count'], ['best', 'places']),
        node('Gather', ['boxes.flat', 'places'], ['kept'], { axis: 2 }),
      ],
    });
    const model = await Model.load(graph, { runtime });
    expect(model.layers.map(({ value }) => value)).toEqual(['features', 'boxes']);
    expect(model.defaultLayer!.value).toBe('boxes');
  });
});
