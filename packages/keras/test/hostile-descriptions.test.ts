import { describe, expect, it } from 'vitest';
import { archive, repacked, survives, text } from './hostile-files.ts';

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
