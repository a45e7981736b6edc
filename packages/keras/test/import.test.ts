import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../src/archive/json.ts';
import { importKeras } from '../src/index.ts';
import { wantedShape } from '../src/model/wanted-shape.ts';
import { FIXTURES, fixture, layerRecords, relativeError, run } from './support.ts';

const load = (name: string) => new Uint8Array(readFileSync(join(FIXTURES, name)));
const record = (file: string) => layerRecords().find((entry) => entry.file === file)!;

/** A .keras archive with another description. */
function changed(name: string, change: (json: ReturnType<typeof JSON.parse>) => void): Uint8Array {
  const entries = unzipSync(load(name));
  const json = parseJson(entries['config.json']!, name);
  change(json);
  return zipSync({ ...entries, 'config.json': strToU8(JSON.stringify(json)) }, { level: 0 });
}

describe('quantised weights', () => {
  it('of 8 bits are used as the numbers they stand for, and that is said', async () => {
    const { notices } = await importKeras(fixture('int8.keras'));
    expect(notices).toEqual([expect.stringMatching(/^The file says int8 of 5 layers, 'dense' first; .* about 1e-2/)]);
  });

  it('of 4 bits are refused by name', async () => {
    await expect(importKeras(fixture('refused/packed.keras'))).rejects.toMatchObject({
      code: 'LAYER_UNSUPPORTED',
      message: expect.stringMatching(/packed as int4.*'dense'.*before quantize/),
    });
  });

  it('with LoRA beside them in an .h5 file are refused where the file does not tell its alpha', async () => {
    await expect(importKeras(fixture('refused/lora.h5'))).rejects.toMatchObject({
      code: 'LAYER_UNSUPPORTED',
      message: expect.stringMatching(/LoRA of its 'query_dense'.*'attention'.*\.keras/),
    });
  });

  it('whose scale does not fit are refused', async () => {
    const bytes = changed('int8.keras', (json) => {
      const dense = json.config.layers.find(({ name }: { name: string }) => name === 'turned');
      dense.config.equation = 'abc,dec->abde';
    });
    // The scale lies along [e, d] in the file and the equation says [d, e].
    await expect(importKeras(bytes)).rejects.toMatchObject({ code: 'WEIGHT_MISMATCH' });
  });
});

it.each([
  ['IntegerLookup', /codes into numbers.*Do that before the model/],
  ['MelSpectrogram', /spectrogram of sound/],
  ['TFSMLayer', /SavedModel that lies beside the file.*tf2onnx/],
  ['TorchModuleWrapper', /program of another framework/],
])('a layer %s is refused with its own reason, unless it is registered', async (className, message) => {
  const model = changed('grey.keras', (json) => {
    const pool = json.config.layers.find(({ class_name }: { class_name: string }) => class_name === 'MaxPooling2D');
    pool.class_name = className;
  });
  await expect(importKeras(model)).rejects.toMatchObject({
    code: 'LAYER_UNSUPPORTED',
    message: expect.stringMatching(message),
  });
  const { layers } = await importKeras(model, { layers: { [className]: { build: (layer) => layer.x } } });
  expect(layers.map((layer) => layer.className)).toContain(className);
});

it('the weights manifest of face-api is told from a model', async () => {
  const manifest = [{ weights: [{ name: 'dense0/conv0/filters', shape: [1], dtype: 'float32' }], paths: ['a.bin'] }];
  const files = {
    'face-weights_manifest.json': strToU8(` ${JSON.stringify(manifest, null, 2)}`),
    'a.bin': new Uint8Array(4),
  };
  await expect(importKeras(files)).rejects.toMatchObject({
    code: 'MODEL_ONLY_WEIGHTS',
    message: expect.stringMatching(/weights of a TensorFlow\.js model, without the model.*face-api/),
  });
});

it('a half turn is two quarter turns', async () => {
  const { inputs, outputs } = record('parts.keras.json');
  const turned = changed('parts.keras', (json) => {
    json.config.layers.find(({ name }: { name: string }) => name === 'rot90').config.k = 2;
  });
  const place = (await importKeras(fixture('parts.keras'))).graph.outputs.findIndex(({ name }) => name === 'rot90');
  const quarter = outputs[place]!;
  const half = (await run((await importKeras(turned)).graph, inputs))[place]!;
  const [count, rows, columns, channels] = half.dims as [number, number, number, number];
  expect(quarter.dims).toEqual([count, columns, rows, channels]);
  // NumPy's: out[i, j] = in[j, last − i].
  const expected = Float32Array.from(half.data, (_, at) => {
    const [c, j, i, n] = [
      at % channels,
      Math.floor(at / channels) % columns,
      Math.floor(at / channels / columns) % rows,
      Math.floor(at / channels / columns / rows),
    ];
    return quarter.data[((n * columns + j) * rows + (rows - 1 - i)) * channels + c]!;
  });
  expect(relativeError(half, { dims: half.dims, data: expected })).toBeLessThan(1e-6);
});

describe('names', () => {
  it('values are called as Keras calls the layers, nested models as outer/inner, a second call name:1', async () => {
    const { graph, layers } = await importKeras(fixture('structure.keras'));
    const values = graph.valueNames;
    const views = new Map(layers.map((view) => [view.name, view]));
    for (const name of [
      'shared',
      'shared:1',
      'middle/inner/conv',
      'middle/inner/bn',
      'classifier/head',
      'frozen/last',
      'joined',
    ])
      expect([name, views.get(name)?.value, values.has(views.get(name)?.value ?? '')]).toEqual([
        name,
        expect.any(String),
        true,
      ]);
    expect(views.get('middle/inner/conv')).toMatchObject({
      className: 'Conv2D',
      value: 'middle/inner/conv',
      shape: [null, 8, 8, 3],
      layout: 'channels-first',
    });
    expect(graph.outputs.map(({ name }) => name)).toEqual(['joined', 'classifier', 'frozen']);
    expect(graph.inputs.map(({ name, shape }) => [name, shape])).toEqual([['image', ['N', 8, 8, 3]]]);
    expect(graph.opset).toBe(17);
  });

  it('an activation inside a layer is a node of its own, the last one makes the output', async () => {
    const { graph } = await importKeras(fixture('tfjs-float32/model.json'));
    const last = graph.producers.get(graph.outputs[0]!.name)!;
    expect([last.op, graph.outputs[0]!.name]).toEqual(['Softmax', 'predictions']);
    expect(graph.producers.get(last.inputs[0]!)!.op).toBe('Gemm');
  });
});

describe('files', () => {
  it('architecture and weights in two files predict what the whole model predicts', async () => {
    const files = new Map([...fixture('architecture.json'), ...fixture('architecture.weights.h5')]);
    const model = await importKeras(files);
    expect(model.format).toBe('architecture');
    // The model that tools/keras/tfjs.py writes, before any quantisation.
    const { inputs, outputs } = record('float32.tfjs.json');
    const [result] = await run(model.graph, inputs);
    expect(relativeError(result!, outputs[0]!)).toBeLessThan(1e-5);
  });

  it('either of the two alone is refused with the cure', async () => {
    await expect(importKeras(fixture('architecture.json'))).rejects.toMatchObject({ code: 'MODEL_NO_WEIGHTS' });
    await expect(importKeras(fixture('architecture.weights.h5'))).rejects.toMatchObject({ code: 'MODEL_ONLY_WEIGHTS' });
  });

  it('labels are taken from a file beside the model', async () => {
    const files = { 'structure.keras': load('structure.keras'), 'labels.txt': strToU8('cat\ndog\n') };
    expect((await importKeras(files)).labels).toEqual(['cat', 'dog']);
    const indexed = {
      'structure.keras': load('structure.keras'),
      'class_indices.json': strToU8('{"cat": 1, "dog": 0}'),
    };
    expect((await importKeras(indexed)).labels).toEqual(['dog', 'cat']);
  });
});

describe('open sizes', () => {
  const open = (name: string) =>
    changed(name, (json) => {
      json.config.layers[0].config.batch_shape = [null, null, null, json.config.layers[0].config.batch_shape[3]];
    });

  it('stay open where the layers allow it', async () => {
    const { graph } = await importKeras(
      changed('structure.keras', (json) => {
        json.config.layers[0].config.batch_shape = [null, null, null, 3];
      }),
    );
    expect(graph.inputs[0]!.shape).toEqual(['N', 'height', 'width', 3]);
    const { inputs, outputs } = record('structure.keras.json');
    const results = await run(graph, inputs);
    for (const [index, result] of results.entries()) expect(relativeError(result, outputs[index]!)).toBeLessThan(1e-4);
  });

  it('are asked for where a layer needs them, and taken from inputShape', async () => {
    await expect(importKeras(open('preprocessing.keras'))).rejects.toMatchObject({
      code: 'INPUT_SHAPE_NEEDED',
      cure: expect.stringContaining('inputShape'),
    });
    const { graph } = await importKeras(open('preprocessing.keras'), { inputShape: [12, 10, 3] });
    expect(graph.inputs[0]!.shape).toEqual(['N', 12, 10, 3]);
    await expect(importKeras(open('preprocessing.keras'), { inputShape: [12, 10, 4] })).rejects.toMatchObject({
      code: 'INPUT_SHAPE_MISMATCH',
    });
  });
});

describe('a size for pictures', () => {
  it('fills what the model leaves open, whatever its channels', async () => {
    const { graph } = await importKeras(fixture('grey.keras'), { size: [12, 10] });
    expect(graph.inputs[0]!.shape).toEqual(['N', 12, 10, 1]);
    const { inputs, outputs } = record('grey.keras.json');
    const [result] = await run(graph, inputs);
    expect(relativeError(result!, outputs[0]!)).toBeLessThan(1e-4);
  });

  it.each([
    [
      [null, null, null, 4],
      [null, 5, 6, 4],
    ],
    [
      [null, 1, null, null],
      [null, 1, 5, 6],
    ],
    [
      [8, 5, null, 3],
      [8, 5, 6, 3],
    ],
    [
      [null, 5, 6, 2],
      [null, 5, 6, 2],
    ],
    [
      [null, 7],
      [null, 7],
    ],
    [undefined, [null, 5, 6, 3]],
  ])('of an input %j gives %j', (declared, expected) =>
    expect(wantedShape({ size: [5, 6] }, { name: 'x', index: 0 }, declared)).toEqual(expected),
  );

  it('that is not the fixed one is refused', async () => {
    await expect(importKeras(fixture('structure.keras'), { size: [9, 8] })).rejects.toMatchObject({
      code: 'INPUT_SHAPE_MISMATCH',
      what: expect.stringContaining('9 x 8'),
    });
  });
});

describe('precision', () => {
  const policy = (dtype: unknown) =>
    changed('structure.keras', (json) => {
      json.config.layers.find((layer: { name: string }) => layer.name === 'shared').config.dtype = dtype;
    });

  it('a file in mixed_float16 predicts what its weights predict in float32, and says so', async () => {
    const { graph, notices } = await importKeras(fixture('mixed.keras'));
    const { inputs, outputs } = record('mixed.keras.json');
    const [result] = await run(graph, inputs);
    expect(relativeError(result!, outputs[0]!)).toBeLessThan(1e-4);
    expect(notices).toEqual([
      expect.stringMatching(/^The file says mixed_float16 of 5 layers, 'rescaling' first; .*float32/),
    ]);
  });

  it.each([
    ['mixed_bfloat16', 'mixed_bfloat16'],
    [{ class_name: 'Policy', config: { name: 'mixed_float16' } }, 'mixed_float16'],
    ['float64', 'float64'],
    ['float32', undefined],
    [{ module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' } }, undefined],
  ])('of a layer with dtype %j', async (dtype, said) => {
    const { notices } = await importKeras(policy(dtype));
    expect(notices).toEqual(said === undefined ? [] : [expect.stringContaining(`says ${said} of the layer 'shared'`)]);
  });
});

describe('what the importer does not know', () => {
  const custom = (className: string, name = 'joined') =>
    changed('structure.keras', (json) => {
      const layer = json.config.layers.find((entry: { name: string }) => entry.name === name);
      layer.class_name = className;
      layer.module = 'my_package';
    });

  it('a custom layer is refused by name, and built by what the caller registers', async () => {
    await expect(importKeras(custom('my>Joiner'))).rejects.toMatchObject({
      code: 'LAYER_UNKNOWN',
      where: expect.stringContaining('joined'),
      cure: expect.stringContaining("'Joiner'"),
    });
    const model = await importKeras(custom('my>Joiner'), { layers: { Joiner: { build: (layer) => layer.x } } });
    expect(model.graph.outputs[0]!.name).toBe('joined');
  });

  it('a misspelt class gets the nearest names', async () => {
    await expect(importKeras(custom('Conv2d', 'shared'))).rejects.toMatchObject({
      cure: expect.stringContaining("'Conv2D'"),
    });
  });

  it('a Lambda is never run, and is built by what the caller registers for it', async () => {
    await expect(importKeras(custom('Lambda'))).rejects.toMatchObject({
      code: 'LAYER_LAMBDA',
      cure: expect.stringContaining('Lambda:'),
    });
    expect(
      (await importKeras(custom('Lambda'), { layers: { 'Lambda:joined': { build: (layer) => layer.x } } })).layers
        .length,
    ).toBeGreaterThan(0);
  });
});

describe('preprocessing hints', () => {
  it.each([
    ['mobilenetv2_1.00_224', { mode: 'tf', architecture: 'MobileNetV2' }],
    ['resnet50', { mode: 'caffe', architecture: 'ResNet' }],
    ['resnet50v2', { mode: 'tf', architecture: 'ResNetV2' }],
    ['densenet121', { mode: 'torch', architecture: 'DenseNet' }],
    ['efficientnetb5', { mode: 'none', architecture: 'EfficientNet' }],
    ['vgg16', { mode: 'caffe', architecture: 'VGG' }],
    ['something', undefined],
  ])('%s', async (name, hint) => {
    const model = await importKeras(
      changed('structure.keras', (json) => {
        json.config.name = name;
      }),
    );
    if (hint) expect(model.preprocessing).toMatchObject(hint);
    else expect(model.preprocessing).toBeUndefined();
  });

  it('a model that begins with a Rescaling needs none', async () => {
    const model = await importKeras(
      changed('structure.keras', (json) => {
        const [input, first] = json.config.layers;
        const rescaling = structuredClone(first);
        Object.assign(rescaling, {
          class_name: 'Rescaling',
          name: 'rescale',
          config: { name: 'rescale', scale: 0.5, offset: 0 },
        });
        json.config.name = 'vgg16';
        for (const node of first.inbound_nodes)
          for (const arg of node.args)
            if (arg.config.keras_history[0] === input.name) arg.config.keras_history[0] = 'rescale';
        json.config.layers.splice(1, 0, { ...rescaling, inbound_nodes: [rescaling.inbound_nodes[0]] });
      }),
    );
    expect(model.preprocessing).toMatchObject({ mode: 'none', reason: expect.stringContaining('rescale') });
  });
});
