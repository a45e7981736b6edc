import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, isSeewhyError } from '@seewhy/onnx';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { cpuMilliseconds } from '../../../tools/test-support/cpu-milliseconds.ts';
import { type Draw, damaged, seededDraw } from '../../../tools/test-support/damage.ts';
import { importKeras } from '../src/index.ts';
import { FIXTURES, fixture } from './support.ts';

/** Milliseconds of computing for one file, where a few are usual: what passes this does not end. */
const HANG = 30_000;

const load = (name: string) => new Uint8Array(readFileSync(join(FIXTURES, name)));
const text = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** The code of the clear error, or 'ok'. */
async function survives(files: Uint8Array | Map<string, Uint8Array>): Promise<string> {
  try {
    const { graph } = await importKeras(files);
    return check(graph).length === 0 ? 'ok' : 'INVALID_GRAPH';
  } catch (error) {
    if (isSeewhyError(error)) {
      // One line, not the whole file.
      expect(error.message.length).toBeLessThan(1500);
      expect(error.cure).toBeTruthy();
      return error.code;
    }
    throw error;
  }
}

const archive = () => unzipSync(load('structure.keras'));

/** The archive with its parts damaged from inside, so that the zip itself is sound. */
function repacked(change: (entries: Record<string, Uint8Array>) => void): Uint8Array {
  const entries = archive();
  change(entries);
  return zipSync(entries, { level: 0 });
}

const victims: [string, (next: Draw) => Uint8Array | Map<string, Uint8Array>][] = [
  ['a .keras archive', (next) => damaged(load('structure.keras'), next)],
  [
    'config.json',
    (next) =>
      repacked((entries) => {
        entries['config.json'] = damaged(entries['config.json']!, next);
      }),
  ],
  [
    'model.weights.h5',
    (next) =>
      repacked((entries) => {
        entries['model.weights.h5'] = damaged(entries['model.weights.h5']!, next);
      }),
  ],
  ['a .h5 file', (next) => damaged(load('structure.h5'), next)],
  [
    'model.json',
    (next) => {
      const files = new Map(fixture('tfjs-uint8/model.json'));
      files.set('model.json', damaged(files.get('model.json')!, next));
      return files;
    },
  ],
];

describe('damaged files: a clear error or a right answer', () => {
  const ROUNDS = Number(process.env.SEEWHY_FUZZ ?? 300);
  it.each(victims)('%s with hundreds of kinds of damage: no crash, no hang, no memory', async (_, damage) => {
    const next = seededDraw(20260101);
    const codes = new Map<string, number>();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < ROUNDS; round++) {
      const start = cpuMilliseconds();
      const code = await survives(damage(next));
      codes.set(code, (codes.get(code) ?? 0) + 1);
      expect(cpuMilliseconds() - start, `round ${round}`).toBeLessThan(HANG);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
    expect(codes.get('INVALID_GRAPH')).toBeUndefined();
    expect(codes.size).toBeGreaterThan(1);
    // What came before has left no trace.
    expect(await survives(load('structure.keras'))).toBe('ok');
    expect(await survives(load('structure.h5'))).toBe('ok');
  });

  it.each(['structure.keras', 'structure.h5'])('%s cut off at every percent', async (name) => {
    const bytes = load(name);
    for (let percent = 0; percent < 100; percent++)
      expect(await survives(bytes.slice(0, Math.floor((bytes.length * percent) / 100))), `${percent} %`).toMatch(
        /^[A-Z0-9_]+$/,
      );
  });

  it.each([
    ['nothing', new Uint8Array(0), 'MODEL_NOT_KERAS', /empty/],
    ['a text', text('hello, this is no model'), 'MODEL_NOT_KERAS', /zip, HDF5 or JSON/],
    ['a web page', text('<!DOCTYPE html><html>'), 'MODEL_NOT_KERAS', /web page/],
    [
      'a Git LFS pointer',
      text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
      'MODEL_NOT_KERAS',
      /Git LFS pointer/,
    ],
    ['another JSON', text({ a: 1 }), 'MODEL_NOT_KERAS', /describes no model/],
    ['half a JSON', text('{"class_name": "Sequential"'), 'JSON_INVALID', /not JSON/],
    ['JSON nested a thousand deep', text(`{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`), 'JSON_INVALID', /deeper/],
    ['an empty zip', zipSync({}), 'ARCHIVE_INVALID', /config\.json/],
    ['a zip of something else', zipSync({ 'readme.txt': text('hi') }), 'ARCHIVE_INVALID', /config\.json/],
  ])('%s in place of a model', async (_, bytes, code, message) => {
    expect(await survives(bytes)).toBe(code);
    await expect(importKeras(bytes)).rejects.toThrow(message);
  });

  it('a SavedModel is named, with its conversion', async () => {
    await expect(
      importKeras({ 'saved_model.pb': text('x'), 'variables/variables.index': text('y') }),
    ).rejects.toMatchObject({
      code: 'MODEL_SAVED_MODEL',
      cure: expect.stringContaining('tf2onnx'),
    });
  });
});

describe('hostile archives', () => {
  it.each(['../evil.txt', 'a/../../evil', '/etc/passwd', 'C:\\evil', '..\\evil'])(
    'an entry %s is refused',
    async (entry) => {
      const bytes = repacked((entries) => {
        entries[entry] = text('x');
      });
      expect(await survives(bytes)).toBe('ARCHIVE_ESCAPES');
    },
  );

  it('zip bombs are refused before they are unpacked', async () => {
    const bomb = zipSync({ 'config.json': new Uint8Array(512 << 20), 'model.weights.h5': text('x') }, { level: 1 });
    expect(bomb.length).toBeLessThan(8 << 20);
    const before = process.memoryUsage().rss;
    expect(await survives(bomb)).toBe('ARCHIVE_TOO_LARGE');
    expect(process.memoryUsage().rss - before).toBeLessThan(256 << 20);
  });

  it('an entry that says it is small but is not fills no memory', async () => {
    const bomb = zipSync({ 'config.json': new Uint8Array(64 << 20), 'model.weights.h5': text('x') }, { level: 9 });
    const view = new DataView(bomb.buffer);
    // Sizes stand in the local header (offset 22) and in the central directory (offset 24 of its entry).
    for (let at = 0; at + 46 < bomb.length; at++) {
      if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 1000, true);
      if (view.getUint32(at, true) === 0x04034b50) view.setUint32(at + 22, 1000, true);
    }
    expect(await survives(bomb)).toMatch(/ARCHIVE|JSON|CONFIG/);
  });

  it('assets and everything else in the archive stay packed', async () => {
    const bytes = repacked((entries) => {
      entries['assets/virus.exe'] = text('MZ');
    });
    expect(await survives(bytes)).toBe('ok');
  });
});

describe('hostile HDF5: tools/keras/hostile.py', () => {
  it.each([
    ['external-link.h5', 'HDF5_ESCAPES', /other\.h5/],
    ['external-storage.h5', 'HDF5_DATASET', /outside the file/],
    ['external-device.h5', 'HDF5_DATASET', /outside the file/],
    ['virtual.h5', 'HDF5_ESCAPES', /other files/],
    ['wrong-shape.h5', 'WEIGHT_MISMATCH', /\[4, 3\].*\[3, 4\]/],
    ['huge.h5', 'WEIGHT_MISMATCH', /\[1000000, 1000000\]/],
    ['huge-fitting.h5', 'HDF5_DATASET', /too large/],
    ['missing.h5', 'HDF5_DATASET', /kernel.*not there/],
    ['text-weight.h5', 'HDF5_DATASET', /no numbers/],
    ['soft-link-loop.h5', /HDF5/, /./],
  ])('%s', async (name, code, message) => {
    const started = cpuMilliseconds();
    expect(await survives(fixture(`hostile/${name}`))).toMatch(code);
    await expect(importKeras(fixture(`hostile/${name}`))).rejects.toThrow(message);
    expect(cpuMilliseconds() - started).toBeLessThan(HANG);
  });
});

/** A small whole model as architecture and weights, to be changed. */
function architecture(change: (json: Record<string, unknown>) => void): Map<string, Uint8Array> {
  const json = JSON.parse(new TextDecoder().decode(archive()['config.json'])) as Record<string, unknown>;
  change(json);
  return new Map([
    [
      'model.keras',
      repacked((entries) => {
        entries['config.json'] = text(json);
      }),
    ],
  ]);
}

interface Described {
  class_name: string;
  name: string;
  module: string;
  config: Record<string, unknown>;
  inbound_nodes: { args: unknown[]; kwargs: Record<string, unknown> }[];
}
const layersOf = (json: Record<string, unknown>) => (json.config as { layers: Described[] }).layers;

describe('hostile descriptions', () => {
  it.each([
    [
      'a Lambda with byte code (CVE-2024-3660)',
      {
        class_name: 'Lambda',
        module: 'keras.layers',
        config: {
          name: 'evil',
          function: { class_name: '__lambda__', config: { code: '4wEAAAA=', defaults: null, closure: null } },
        },
      },
      'LAYER_LAMBDA',
    ],
    [
      'a Lambda of Keras 2',
      {
        class_name: 'Lambda',
        module: '',
        config: { name: 'evil', function: ['4wEAAAA=', null, null], function_type: 'lambda', module: 'os' },
      },
      'LAYER_LAMBDA',
    ],
    [
      'a function of any module (CVE-2025-1550)',
      { class_name: 'function', module: 'builtins', config: { name: 'evil', module: 'os', function: 'system' } },
      'LAYER_UNKNOWN',
    ],
    [
      'a class of any module',
      { class_name: 'Popen', module: 'subprocess', config: { name: 'evil', args: ['touch /tmp/pwned'] } },
      'LAYER_UNKNOWN',
    ],
    [
      'a StringLookup that reads a file (GHSA-36rr-ww3j-vrjv)',
      { class_name: 'StringLookup', module: 'keras.layers', config: { name: 'evil', vocabulary: '/etc/passwd' } },
      'LAYER_UNSUPPORTED',
    ],
    [
      'a TorchModuleWrapper with a pickle',
      { class_name: 'TorchModuleWrapper', module: 'keras.layers', config: { name: 'evil', module: 'gASV' } },
      'LAYER_UNSUPPORTED',
    ],
    [
      'a TFSMLayer that loads a folder',
      { class_name: 'TFSMLayer', module: 'keras.layers', config: { name: 'evil', filepath: '/tmp/evil' } },
      'LAYER_UNSUPPORTED',
    ],
    [
      'a name of every object',
      { class_name: '__proto__', module: 'keras.layers', config: { name: 'evil' } },
      'LAYER_UNKNOWN',
    ],
    [
      'another one',
      { class_name: 'constructor', module: 'keras.src.ops.numpy', config: { name: 'evil' } },
      'FUNCTION_UNKNOWN',
    ],
    [
      'an activation that is a Lambda',
      {
        class_name: 'Activation',
        module: 'keras.layers',
        config: { name: 'evil', activation: { class_name: '__lambda__', config: { code: 'x' } } },
      },
      'LAYER_LAMBDA',
    ],
    [
      'an activation that is no activation',
      { class_name: 'Activation', module: 'keras.layers', config: { name: 'evil', activation: 'os.system' } },
      'ACTIVATION_UNKNOWN',
    ],
    [
      'a billion cells of a pooling',
      {
        class_name: 'AdaptiveAveragePooling2D',
        module: 'keras.layers',
        config: { name: 'evil', output_size: [1e9, 1e9 + 7] },
      },
      'LAYER_OPTION',
    ],
    [
      'a billion classes of a one_hot',
      { class_name: 'OneHot', module: 'keras.src.ops.nn', config: { name: 'evil', num_classes: 1e9 } },
      'MODEL_TOO_LARGE',
    ],
    [
      'a billion parts of a split',
      {
        class_name: 'Split',
        module: 'keras.src.ops.numpy',
        config: { name: 'evil', indices_or_sections: 1e9, axis: 3 },
      },
      /SHAPE_MISMATCH|MODEL_TOO_LARGE/,
    ],
  ])('%s', async (_, layer, code) => {
    const files = architecture((json) => {
      const layers = layersOf(json);
      const target = layers.find(({ name }) => name === 'shared')!;
      Object.assign(target, layer, { name: 'evil' });
      for (const { inbound_nodes } of layers) for (const node of inbound_nodes) rename(node, 'shared', 'evil');
    });
    expect(await survives(files)).toMatch(code);
  });

  it.each([
    ['two layers with one name', (layers: Described[]) => layers.push(structuredClone(layers[1]!)), 'CONFIG_INVALID'],
    [
      'a layer that is not there',
      (layers: Described[]) => rename(layers.at(-1)!.inbound_nodes[0], 'middle', 'nowhere'),
      /CONFIG_INVALID|ok/,
    ],
    [
      'a call that never was',
      (layers: Described[]) => {
        history(layers, 'middle')[1] = 5;
      },
      'CONFIG_INVALID',
    ],
    [
      'an output that never was',
      (layers: Described[]) => {
        history(layers, 'joined')[2] = 9;
      },
      'CONFIG_INVALID',
    ],
    [
      'a layer that waits for itself',
      (layers: Described[]) => {
        history(layers, 'shared').splice(0, 3, 'joined', 0, 0);
      },
      'CONFIG_CYCLE',
    ],
    [
      'a kernel of a billion',
      (layers: Described[]) => {
        layers.find(({ name }) => name === 'shared')!.config.kernel_size = [1e9, 3];
      },
      'LAYER_OPTION',
    ],
    [
      'a stride of zero',
      (layers: Described[]) => {
        layers.find(({ name }) => name === 'shared')!.config.strides = [0, 0];
      },
      'LAYER_OPTION',
    ],
    [
      'filters that are a text',
      (layers: Described[]) => {
        layers.find(({ name }) => name === 'shared')!.config.filters = 'many';
      },
      'LAYER_OPTION',
    ],
    [
      'more filters than there are',
      (layers: Described[]) => {
        layers.find(({ name }) => name === 'shared')!.config.filters = 7;
      },
      'WEIGHT_MISMATCH',
    ],
    [
      'a window larger than its input',
      (layers: Described[]) => {
        Object.assign(layers.find(({ name }) => name === 'shared')!.config, {
          kernel_size: [99, 99],
          padding: 'valid',
        });
      },
      /SHAPE_MISMATCH|WEIGHT_MISMATCH/,
    ],
  ])('%s', async (_, change, code) => {
    expect(await survives(architecture((json) => change(layersOf(json))))).toMatch(code);
  });

  it('a subclassed model is refused with the reason', async () => {
    const files = architecture((json) => {
      json.class_name = 'MyModel';
      json.module = 'my_package';
      json.config = { name: 'mine', units: 3 };
    });
    expect(await survives(files)).toBe('MODEL_SUBCLASSED');
  });
});

/** Where the first input of a layer comes from: `[layer, call, output]`. */
function history(layers: Described[], name: string): unknown[] {
  const layer = layers.find((entry) => entry.name === name)!;
  let result: unknown[] | undefined;
  const walk = (value: unknown): void => {
    if (result || typeof value !== 'object' || value === null) return;
    const { keras_history } = value as { keras_history?: unknown[] };
    if (keras_history) result = keras_history;
    else for (const inner of Object.values(value)) walk(inner);
  };
  walk(layer.inbound_nodes);
  if (!result) throw new Error(`${name} has no input: ${JSON.stringify(layer.inbound_nodes)}`);
  return result;
}

function rename(value: unknown, from: string, to: string): void {
  if (typeof value !== 'object' || value === null) return;
  const { keras_history } = value as { keras_history?: unknown[] };
  if (keras_history?.[0] === from) keras_history[0] = to;
  for (const inner of Object.values(value)) rename(inner, from, to);
}

/** A model.json as it can be broken. */
interface Changed {
  format: string;
  weightsManifest: { paths: string[]; weights: { name: string; shape: number[]; quantization?: unknown }[] }[];
}

describe('TensorFlow.js files', () => {
  const files = (change: (json: Changed, files: Map<string, Uint8Array>) => void) => {
    const all = new Map(fixture('tfjs-uint8/model.json'));
    const json = JSON.parse(new TextDecoder().decode(all.get('model.json')!)) as Changed;
    change(json, all);
    all.set('model.json', text(json));
    return all;
  };
  it.each([
    [
      'a shard cut short',
      (_: Changed, all: Map<string, Uint8Array>) =>
        all.set('group1-shard1of2.bin', all.get('group1-shard1of2.bin')!.slice(0, 10)),
      'SHARD_TRUNCATED',
    ],
    [
      'a shard missing',
      (_: Changed, all: Map<string, Uint8Array>) => all.delete('group1-shard2of2.bin'),
      'SHARD_MISSING',
    ],
    [
      'a shard outside',
      (json: Changed) => {
        json.weightsManifest[0]!.paths[0] = '../../../etc/passwd';
      },
      'SHARD_ESCAPES',
    ],
    [
      'a shard from elsewhere',
      (json: Changed) => {
        json.weightsManifest[0]!.paths[0] = 'https://example.org/shard';
      },
      'SHARD_ESCAPES',
    ],
    [
      'a weight of a negative size',
      (json: Changed) => {
        json.weightsManifest[0]!.weights[0]!.shape = [-1, 3];
      },
      'MANIFEST_INVALID',
    ],
    [
      'a weight of petabytes',
      (json: Changed) => {
        json.weightsManifest[0]!.weights[0]!.shape = [2 ** 40, 2 ** 10];
      },
      'SHARD_TRUNCATED',
    ],
    [
      'a quantisation that is not known',
      (json: Changed) => {
        json.weightsManifest[0]!.weights[0]!.quantization = { dtype: 'uint4', scale: 1, min: 0 };
      },
      'MANIFEST_INVALID',
    ],
    [
      'a scale that is no number',
      (json: Changed) => {
        json.weightsManifest[0]!.weights[0]!.quantization = { dtype: 'uint8', scale: '1', min: 0 };
      },
      'MANIFEST_INVALID',
    ],
    [
      'a weight twice',
      (json: Changed) => {
        json.weightsManifest[0]!.weights[1]!.name = json.weightsManifest[0]!.weights[0]!.name;
      },
      'MANIFEST_INVALID',
    ],
    [
      'no weights at all',
      (json: Changed) => {
        json.weightsManifest = [];
      },
      'WEIGHT_MISSING',
    ],
    [
      'a graph model without a graph',
      (json: Changed) => {
        json.format = 'graph-model';
      },
      /^(MODEL_TFJS_GRAPH|GRAPH_INVALID)$/,
    ],
  ])('%s', async (_, change, code) => {
    expect(await survives(files(change))).toMatch(code);
  });
});
