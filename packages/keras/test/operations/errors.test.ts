import { check, isSeewhyError } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { type Draw, seededDraw } from '../../../../tools/test-support/damage.ts';
import { importGraphModel, importKeras, readTfjs } from '../../src/index.ts';
import { graphCases, graphFiles } from './support.ts';

type Node = { name: string; op: string; input?: string[]; attr?: Record<string, unknown> };
interface Model {
  modelTopology: { node: Node[] };
  signature?: unknown;
  weightsManifest: { paths: string[]; weights: Record<string, unknown>[] }[];
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const base64 = (text: string) => Buffer.from(text).toString('base64');
const placeholder = (name: string, ...shape: number[]): Node => ({
  name,
  op: 'Placeholder',
  attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: shape.map((size) => ({ size: String(size) })) } } },
});
const int = (name: string, ...values: number[]): Node => ({
  name,
  op: 'Const',
  attr: {
    dtype: { type: 'DT_INT32' },
    value: {
      tensor: { dtype: 'DT_INT32', tensorShape: { dim: [{ size: String(values.length) }] }, intVal: values },
    },
  },
});

/** A graph without weights. */
const graph = (...node: Node[]) =>
  importKeras(
    new Map([['model.json', encode({ format: 'graph-model', modelTopology: { node }, weightsManifest: [] })]]),
  );

/** A fixture after a change of its JSON. */
function changed(name: string, change: (model: Model) => void): Map<string, Uint8Array> {
  const files = graphFiles(name);
  const model = JSON.parse(new TextDecoder().decode(files.get(`${name}.json`))) as Model;
  change(model);
  return files.set(`${name}.json`, encode(model));
}

const failure = async (made: Promise<unknown>) => {
  const error = await made.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isSeewhyError(error)) throw error ?? new Error('nothing was thrown');
  return error;
};

describe('what is wrong is told', () => {
  it('an operation without a rule: op, node, nearest, cure', async () => {
    const error = await failure(graph(placeholder('x', -1, 4), { name: 'head/y', op: 'Softmaxx', input: ['x'] }));
    expect(error.code).toBe('OPERATION_UNKNOWN');
    expect(error.message).toContain("'Softmaxx'");
    expect(error.message).toContain("'head/y'");
    expect(error.message).toContain("Did you mean 'Softmax'");
    expect(error.cure).toContain('tf2onnx');
  });

  it.each(['Switch', 'Merge', 'StatelessWhile', 'TensorListStack'])('control flow: %s', async (op) => {
    const error = await failure(
      graph(
        placeholder('x', -1, 4),
        { name: 'loop/y', op, input: ['x', 'loop/z'] },
        { name: 'loop/z', op: 'NextIteration', input: ['loop/y'] },
        { name: 'out', op: 'Relu', input: ['loop/y'] },
      ),
    );
    expect(error.code).toBe('OPERATION_CONTROL_FLOW');
    expect(error.message).toContain(`'${op}'`);
  });

  it.each(['PartitionedCall', 'StatefulPartitionedCall'])('a function: %s', async (op) => {
    const error = await failure(graph(placeholder('x', -1, 4), { name: 'y', op, input: ['x'] }));
    expect(error.code).toBe('OPERATION_FUNCTION');
    expect(error.message).toContain("'y'");
  });

  it('an operation without a rule that no output needs is no matter', async () => {
    const files = changed('linear', ({ modelTopology }) =>
      modelTopology.node.push({ name: 'unused', op: 'NonMaxSuppressionV5', input: ['image'] }),
    );
    expect((await importKeras(files)).graph.outputs).toHaveLength(9);
  });

  it('a cycle', async () => {
    const error = await failure(
      graph(
        placeholder('x', -1, 4),
        { name: 'a', op: 'Add', input: ['x', 'b'] },
        { name: 'b', op: 'Relu', input: ['a'] },
        { name: 'c', op: 'Relu', input: ['b'] },
      ),
    );
    expect(error.code).toBe('GRAPH_CYCLE');
  });

  it('an input that does not exist, with the nearest', async () => {
    const error = await failure(graph(placeholder('image', -1, 4), { name: 'y', op: 'Relu', input: ['imagee'] }));
    expect(error.code).toBe('GRAPH_INPUT_MISSING');
    expect(error.message).toContain("Did you mean 'image'");
  });

  it('an output port that does not exist', async () => {
    const error = await failure(graph(placeholder('x', -1, 4), { name: 'y', op: 'Relu', input: ['x:3'] }));
    expect(error.code).toBe('GRAPH_INVALID');
  });

  it('a name given twice', async () => {
    expect((await failure(graph(placeholder('x', -1, 4), placeholder('x', -1, 4)))).code).toBe('GRAPH_INVALID');
  });

  it('weights cut short', async () => {
    const files = graphFiles('convolution');
    files.set('convolution.bin', files.get('convolution.bin')!.subarray(0, 100));
    expect((await failure(importKeras(files))).code).toBe('SHARD_TRUNCATED');
  });

  it('a weight that is not in the manifest', async () => {
    const files = changed('convolution', ({ weightsManifest }) => {
      const [group] = weightsManifest;
      group!.weights[group!.weights.length - 1]!.name = 'other';
    });
    expect((await failure(importKeras(files))).code).toBe('WEIGHT_MISSING');
  });

  it('a weight of another shape', async () => {
    const files = changed('convolution', ({ weightsManifest }) => {
      const weight = weightsManifest[0]!.weights.find(({ shape }) => (shape as number[]).length === 4)!;
      weight.shape = [...(weight.shape as number[])].reverse();
    });
    expect((await failure(importKeras(files))).code).toBe('WEIGHT_MISMATCH');
  });

  it.each([
    ['a huge stride', { strides: { list: { i: ['1', '99999999999', '1', '1'] } } }],
    ['a stride of 0', { strides: { list: { i: ['1', '0', '1', '1'] } } }],
    ['strides that are no list', { strides: { list: { i: 'many' } } }],
    ['an unknown padding', { padding: { s: base64('BOTH') } }],
    ['a text that is no base64', { padding: { s: '\u0000!' } }],
  ])('%s', async (_, attr) => {
    const files = changed('convolution', ({ modelTopology }) =>
      Object.assign(modelTopology.node.find(({ op }) => op === 'Conv2D')!.attr!, attr),
    );
    expect((await failure(importKeras(files))).code).toBe('ATTRIBUTE_INVALID');
  });

  it('a stride over items', async () => {
    const files = changed('convolution', ({ modelTopology }) =>
      Object.assign(modelTopology.node.find(({ op }) => op === 'Conv2D')!.attr!, {
        strides: { list: { i: ['2', '1', '1', '1'] } },
      }),
    );
    expect((await failure(importKeras(files))).code).toBe('OPERATION_UNSUPPORTED');
  });

  it.each([
    ['Reshape', [int('s', -1, 7)]],
    ['Reshape', [int('s', -5, 2)]],
    ['Transpose', [int('s', 0, 0)]],
    ['Mean', [int('s', 9)]],
    ['Tile', [int('s', 1, 0)]],
    ['Pad', [int('s', 1, 2, 3)]],
    ['ArgMax', [int('s', 5)]],
    ['TopKV2', [int('s', 99)]],
    ['Slice', [int('s', 0, 3), int('t', -1, 9)]],
    ['SplitV', [int('s', 1, 1), int('t', 1)]],
  ] as const)('%s of [N, 4] that does not fit', async (op, constants) => {
    const error = await failure(
      graph(placeholder('x', 2, 4), ...constants, {
        name: 'y',
        op,
        input: ['x', ...constants.map(({ name }) => name)],
      }),
    );
    expect(error.code).toBe('SHAPE_MISMATCH');
    expect(error.message).toContain("'y'");
  });

  it('more elements than a picture has', async () => {
    const error = await failure(
      graph(placeholder('x', -1, 4), int('s', 65536, 65536), int('v', 1), { name: 'y', op: 'Fill', input: ['s', 'v'] }),
    );
    expect(error.code).toBe('SHAPE_MISMATCH');
  });

  it('statistics of the batch', async () => {
    const files = changed('pooling', ({ modelTopology }) =>
      Object.assign(modelTopology.node.find(({ op }) => op === 'FusedBatchNormV3')!.attr!, {
        is_training: { b: true },
      }),
    );
    const error = await failure(importKeras(files));
    expect(error.code).toBe('OPERATION_UNSUPPORTED');
    expect(error.cure).toContain('training=False');
  });

  it('an input without a size: how to give one', async () => {
    const open: Node = {
      name: 'x',
      op: 'Placeholder',
      attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { unknownRank: true } } },
    };
    const relu: Node = { name: 'y', op: 'Relu', input: ['x'] };
    expect((await failure(graph(open, relu))).code).toBe('INPUT_SHAPE_NEEDED');
    const files = new Map([['model.json', encode({ modelTopology: { node: [open, relu] }, weightsManifest: [] })]]);
    const model = await importKeras(files, { inputShape: [5, 6, 3] });
    expect(model.graph.inputs[0]!.shape).toEqual(['N', 5, 6, 3]);
  });

  it('a Layers model', () => {
    const json = { modelTopology: { class_name: 'Sequential', config: {} }, weightsManifest: [] };
    const model = readTfjs('model.json', new Map([['model.json', encode(json)]]));
    expect(() => importGraphModel(model)).toThrow(/Layers model/);
  });
});

describe('what the graph keeps', () => {
  it('TensorFlow names, channels first between convolutions, one change of layout', async () => {
    const { graph, layers } = await importKeras(graphFiles('fused'));
    const names = graph.valueNames;
    const convolutions = layers.filter(({ className }) => /Conv2D|DepthwiseConv2d/.test(className));
    expect(convolutions).toHaveLength(5);
    for (const { name, value, layout } of convolutions) {
      expect(layout).toBe('channels-first');
      expect(value).toBe(name);
      expect(names.has(name)).toBe(true);
    }
    const changes = graph.nodes.filter(
      ({ op, outputs: [output] }) => op === 'Transpose' && !graph.outputs.some(({ name }) => name === output),
    );
    // The picture comes in as it is; Flatten asks for TensorFlow's order.
    const inner = changes.filter(({ outputs }) =>
      (graph.consumers.get(outputs[0]!) ?? []).some(({ op }) => op === 'Conv' || op === 'Reshape'),
    );
    expect(inner.length).toBeLessThanOrEqual(2);
  });

  it('a batch of 1 is freed where nothing mixes items', async () => {
    const { graph, notices } = await importKeras(graphFiles('fixed_batch'));
    expect(graph.inputs[0]!.shape![0]).toBe('N');
    expect(notices).toEqual([]);
  });

  it('and stays where something does', async () => {
    const { graph: made, notices } = await graph(placeholder('x', 1, 4, 4, 3), int('axis', 0), {
      name: 'y',
      op: 'Mean',
      input: ['x', 'axis'],
    });
    expect(made.inputs[0]!.shape).toEqual([1, 4, 4, 3]);
    expect(notices.join()).toMatch(/batch stays at 1.*'y'/);
  });

  it('a dilated convolution between SpaceToBatchND and BatchToSpaceND becomes one Conv', async () => {
    const { graph } = await importKeras(graphFiles('dilated'));
    const convolutions = graph.nodes.filter(({ op }) => op === 'Conv');
    expect(convolutions.map((node) => node.attribute.ints('dilations'))).toEqual([
      [2, 2],
      [2, 3],
    ]);
  });
});

const ODD = [null, -1, 0, 1, 7, 99999999999, '-1', '4096', '1e99', 'AAAA', '', [], {}, true, 1e300, 'x'.repeat(300)];

describe('damaged graph models', () => {
  const names = graphCases().map(({ name }) => name);
  it.each(names)('%s: an error of ours or a valid graph', async (name) => {
    const next = seededDraw(name.length * 131 + name.charCodeAt(0));
    const codes = new Set<string>();
    for (let round = 0; round < 60; round++) {
      const files = changed(name, (model) => {
        for (let times = 1 + next(3); times > 0; times--) damage(model, next);
      });
      if (next(8) === 0) {
        const shard = files.get(`${name}.bin`)!;
        files.set(`${name}.bin`, shard.subarray(0, next(shard.length)));
      }
      try {
        const { graph } = await importKeras(files);
        expect(check(graph)).toEqual([]);
        codes.add('ok');
      } catch (error) {
        if (!isSeewhyError(error)) throw error;
        expect(error.message.length).toBeLessThan(2000);
        expect(error.cure).toBeTruthy();
        codes.add(error.code);
      }
    }
    expect(codes.size).toBeGreaterThan(2);
  });
});

/** One place of the JSON, at any depth of a node, a weight or the signature, becomes something else or another one of its kind. */
function damage(model: Model, next: Draw): void {
  const { node } = model.modelTopology;
  const one = node[next(node.length)]!;
  const other = node[next(node.length)]!;
  switch (next(7)) {
    case 0:
      if (Array.isArray(one.input) && one.input.length > 0) one.input[next(one.input.length)] = other.name;
      return;
    case 1:
      one.op = other.op;
      return;
    case 2:
      one.attr = other.attr ?? {};
      return;
    case 3:
      if (Array.isArray(one.input)) one.input = one.input.slice(0, next(one.input.length + 1));
      return;
    case 4:
      replace(model.weightsManifest[0]?.weights[next(model.weightsManifest[0].weights.length)], next);
      return;
    default:
      replace(one, next);
  }
}

function replace(start: unknown, next: Draw): void {
  let place = start as Record<string, unknown>;
  for (let depth = 0; depth < 6; depth++) {
    const keys = place && typeof place === 'object' ? Object.keys(place) : [];
    if (keys.length === 0) return;
    const key = keys[next(keys.length)]!;
    const inner = place[key];
    if (inner === null || typeof inner !== 'object' || next(6) === 0) {
      place[key] = ODD[next(ODD.length)];
      return;
    }
    place = inner as Record<string, unknown>;
  }
}
