import { describe, expect, test } from 'vitest';
import {
  check,
  expose,
  fold,
  Graph,
  graphToProto,
  inferTypes,
  Node,
  prepare,
  promoteConstants,
  readGraph,
  removeDeadNodes,
  removeUnusedInputs,
  sortNodes,
  Tensor,
  Value,
} from '../src/index.ts';
import { difference, noise, runBytes, runGraph } from './ort.ts';
import { fixture, graphOf, input, ops, unchanged, value, x } from './pass-graphs.ts';

describe('sortNodes', () => {
  test('puts nodes behind what they read, also what a body reads', async () => {
    const body = (name: string) =>
      graphToProto(new Graph({ name, outputs: [value(name)], nodes: [Node.make('Neg', ['late'], [name])] }));
    const graph = graphOf(
      [
        Node.make('If', ['yes'], ['y'], { then_branch: { graph: body('a') }, else_branch: { graph: body('b') } }),
        Node.make('Relu', ['x'], ['late']),
      ],
      ['y'],
      { initializers: new Map([['yes', new Tensor('bool', [], Uint8Array.of(1))]]) },
    );
    const sorted = sortNodes(graph);
    expect(ops(sorted)).toEqual(['Relu', 'If']);
    expect(sortNodes(sorted)).toBe(sorted);
    await unchanged(sorted, sorted);
  });

  test('names the nodes of a cycle', () => {
    const graph = graphOf(
      [
        Node.make('Add', ['x', 'c'], ['a'], {}, { name: 'first' }),
        Node.make('Relu', ['a'], ['b'], {}, { name: 'second' }),
        Node.make('Neg', ['b'], ['c'], {}, { name: 'third' }),
        Node.make('Neg', ['c'], ['y'], {}, { name: 'after' }),
      ],
      ['y'],
    );
    expect(() => sortNodes(graph)).toThrow(/cycle.*'first'.*→.*'second'.*→.*'third'/);
    expect(() => sortNodes(graph)).not.toThrow(/after/);
    expect(() => prepare(graph)).toThrow(expect.objectContaining({ code: 'GRAPH_CYCLE' }));
  });

  test('a chain of 400,000 nodes in reverse order: no stack overflow, linear time', () => {
    // Seconds; a step that looked at all nodes for each would take longer than any test may.
    const count = 400_000;
    const nodes = Array.from({ length: count }, (_, at) =>
      Node.make('Relu', [at === 0 ? 'x' : `v${at}`], [`v${at + 1}`]),
    );
    const sorted = prepare(graphOf(nodes.reverse(), [`v${count}`]));
    expect(sorted.nodes[0]!.inputs).toEqual(['x']);
    expect(check(sorted)).toEqual([]);
  });
});

describe('removeDeadNodes and removeUnusedInputs', () => {
  test('drop what no output needs, keep what a body reads', () => {
    const body = (name: string) =>
      graphToProto(new Graph({ name, outputs: [value(name)], nodes: [Node.make('Add', ['x', 'captured'], [name])] }));
    const graph = graphOf(
      [
        Node.make('Relu', ['x'], ['captured']),
        Node.make('Neg', ['w'], ['unused']),
        Node.make('If', ['c'], ['y'], { then_branch: { graph: body('a') }, else_branch: { graph: body('b') } }),
      ],
      ['y'],
      {
        inputs: [input, new Value('c', 'bool', []), new Value('left', 'float32', [1])],
        initializers: new Map([['w', noise([3])]]),
        values: new Map([
          ['unused', value('unused')],
          ['captured', value('captured')],
        ]),
      },
    );
    const clean = removeDeadNodes(graph);
    expect(ops(clean)).toEqual(['Relu', 'If']);
    expect([...clean.initializers.keys()]).toEqual([]);
    expect([...clean.values.keys()]).toEqual(['captured']);
    expect(clean.inputs.map(({ name }) => name)).toEqual(['x', 'c', 'left']);
    expect(removeDeadNodes(clean)).toBe(clean);

    const { graph: fewer, dropped } = removeUnusedInputs(clean);
    expect(dropped).toEqual(['left']);
    expect(fewer.inputs.map(({ name }) => name)).toEqual(['x', 'c']);
  });
});

describe('expose', () => {
  const graph = graphOf([Node.make('Relu', ['x'], ['layer4.relu']), Node.make('Neg', ['layer4.relu'], ['y'])], ['y'], {
    initializers: new Map([['w', noise([3])]]),
  });

  test('makes inner values, inputs and constants outputs, each once', async () => {
    const exposed = expose(graph, ['layer4.relu', 'x', 'w', 'y', 'layer4.relu']);
    expect(exposed.outputs.map(({ name }) => name)).toEqual(['y', 'layer4.relu', 'x', 'w']);
    const results = await runGraph(exposed, { x });
    expect(results['layer4.relu']!.numbers()).toEqual(x.numbers().map((v) => Math.max(v, 0)));
  });

  test('offers the nearest names', () => {
    expect(() => expose(graph, ['layer4_relu'])).toThrow(/no value 'layer4_relu'.*Did you mean 'layer4\.relu'/);
    expect(() => expose(graph, [''])).toThrow(expect.objectContaining({ code: 'VALUE_UNKNOWN' }));
  });
});

test('promoteConstants: initializers listed as inputs become constants', () => {
  const graph = graphOf([Node.make('Add', ['x', 'w'], ['y'])], ['y'], {
    irVersion: 3,
    inputs: [input, new Value('w', 'float32', [3])],
    initializers: new Map([['w', noise([3])]]),
  });
  const promoted = promoteConstants(graph);
  expect(promoted.inputs.map(({ name }) => name)).toEqual(['x']);
  expect(promoted.irVersion).toBe(4);
});

describe('inferTypes', () => {
  test('sizes and indices tell nothing about the values that they move', () => {
    const int64 = (...values: number[]) => Tensor.int64(values);
    const graph = graphOf(
      [
        Node.make('Own', ['x'], ['unknown'], {}, { domain: 'some.company' }),
        Node.make('Reshape', ['unknown', 'size'], ['reshaped']),
        Node.make('Slice', ['unknown', 'zero', 'one'], ['sliced']),
        Node.make('Gather', ['unknown', 'one'], ['gathered']),
        Node.make('ReduceSum', ['unknown', 'one'], ['reduced']),
        Node.make('Add', ['unknown', 'x'], ['added']),
        Node.make('Relu', ['x'], ['blocked'], {}, { domain: 'com.microsoft.nchwc' }),
      ],
      ['reshaped', 'sliced', 'gathered', 'reduced', 'added', 'blocked'],
      { initializers: new Map([...Object.entries({ size: int64(3, 2), zero: int64(0), one: int64(1) })]) },
    );
    const types = inferTypes(graph);
    for (const name of ['unknown', 'reshaped', 'sliced', 'gathered', 'reduced'])
      expect(types.get(name)).toBeUndefined();
    expect(types.get('added')).toBe('float32');
    expect(types.get('blocked')).toBe('float32');
  });
});

describe('prepare', () => {
  test.each([
    'tiny-opset9.onnx',
    'tiny-vit.onnx',
    'tiny-swin.onnx',
    'tiny-qdq.onnx',
    'tiny-dynamic-quantised.onnx',
    'tiny-segmentation.onnx',
    'tiny-nhwc.onnx',
    'tiny-fp16.onnx',
    'tiny-yolo.onnx',
  ])('%s: the same outputs, to the last bit; a second time changes nothing', async (name) => {
    const bytes = fixture(name);
    const graph = readGraph(bytes);
    const prepared = prepare(graph);
    expect(check(prepared)).toEqual([]);
    const feeds = Object.fromEntries(
      prepared.feeds.map(({ name, type, shape }) => [
        name,
        noise(
          shape!.map((dim) => (typeof dim === 'number' ? dim : 1)),
          1,
          type,
        ),
      ]),
    );
    // Unoptimised: with fewer nodes the runtime would fuse other pairs, and round elsewhere.
    const reference = await runBytes(bytes, feeds, false);
    expect(difference(reference, await runGraph(prepared, feeds, false))).toBeUndefined();
    const again = prepare(prepared);
    expect(again.nodes.length).toBe(prepared.nodes.length);
    expect(fold(prepared).initializers.size).toBe(prepared.initializers.size);
  });
});
