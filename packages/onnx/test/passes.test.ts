import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type AttributeInput,
  attribute,
  check,
  expose,
  float,
  fold,
  foldBranches,
  Graph,
  graphToProto,
  inferTypes,
  inlineFunctions,
  inlineIf,
  Node,
  prepare,
  promoteConstants,
  readGraph,
  removeDeadNodes,
  removeUnusedInputs,
  sortNodes,
  Tensor,
  Value,
  writeGraph,
} from '../src/index.ts';
import { functionProto, refAttribute } from './functions.ts';
import { difference, noise, runBytes, runGraph } from './ort.ts';

const x = noise([2, 3]);
const input = new Value('x', 'float32', ['N', 3]);
const value = (name: string) => new Value(name);
const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../fixtures/models/${name}`, import.meta.url)));
const ops = (graph: Graph) => graph.nodes.map((node) => node.op);

const graphOf = (nodes: Node[], outputs: string[], rest: Partial<Graph> = {}) =>
  new Graph({
    opsets: new Map([['', 17]]),
    inputs: [input],
    outputs: outputs.map(value),
    nodes,
    ...rest,
  });

/** The same outputs before (as ONNX Runtime reads the file) and after. */
async function unchanged(before: Graph, after: Graph, feeds: Record<string, Tensor> = { x }) {
  expect(check(after)).toEqual([]);
  expect(
    difference(await runBytes(writeGraph(before), feeds, false), await runGraph(after, feeds, false)),
  ).toBeUndefined();
}

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

describe('inlineFunctions', () => {
  const call = (attributes: Record<string, AttributeInput> = {}, name = 'call', inputs = ['x'], outputs = ['y']) =>
    Node.make('Scaled', inputs, outputs, attributes, { name, domain: 'local' });
  // Scaled(a, b?) = LeakyRelu(a, alpha) + (b or nothing)
  const scaled = functionProto(
    'local',
    'Scaled',
    ['a'],
    ['out'],
    [
      Node.make('LeakyRelu', ['a'], ['t'], {}, { name: 'leaky' }).with({
        attributes: new Map([['alpha', refAttribute('alpha', 'slope')]]),
      }),
      Node.make('Neg', ['t'], ['out']),
    ],
  );
  scaled.attributeProto.push(attribute('slope', float(0.25)));
  const opsets = new Map([
    ['', 17],
    ['local', 1],
  ]);

  test('fills attributes from the call or the default; two calls do not clash', async () => {
    const graph = graphOf([call({ slope: float(0.5) }, 'one', ['x'], ['t']), call({}, 'two', ['t'], ['y'])], ['y'], {
      functions: [scaled],
      opsets,
    });
    const inlined = inlineFunctions(graph);
    expect(ops(inlined)).toEqual(['LeakyRelu', 'Neg', 'LeakyRelu', 'Neg']);
    expect(
      inlined.nodes.filter((node) => node.op === 'LeakyRelu').map((node) => node.attribute.float('alpha')),
    ).toEqual([0.5, 0.25]);
    expect(inlined.functions).toEqual([]);
    expect(new Set(inlined.nodes.flatMap((node) => node.outputs)).size).toBe(4);
    await unchanged(graph, inlined);
  });

  test('follows calls inside functions and inside bodies', async () => {
    const twice = functionProto(
      'local',
      'Twice',
      ['a'],
      ['out'],
      [
        Node.make('Scaled', ['a'], ['m'], {}, { domain: 'local' }).with({
          attributes: new Map([['slope', refAttribute('slope', 'slope')]]),
        }),
        Node.make('Scaled', ['m'], ['out'], {}, { domain: 'local' }),
      ],
      ['slope'],
    );
    const body = (name: string) =>
      graphToProto(
        new Graph({
          name,
          outputs: [value(name)],
          nodes: [Node.make('Twice', ['x'], [name], { slope: float(0.125) }, { domain: 'local' })],
        }),
      );
    const graph = graphOf(
      [
        Node.make('If', ['c'], ['z'], { then_branch: { graph: body('a') }, else_branch: { graph: body('b') } }),
        Node.make('Twice', ['z'], ['y'], { slope: float(0.5) }, { domain: 'local' }),
      ],
      ['y'],
      { functions: [scaled, twice], opsets, initializers: new Map([['c', new Tensor('bool', [], Uint8Array.of(1))]]) },
    );
    const inlined = inlineFunctions(graph);
    expect(ops(inlined)).toEqual(['If', 'LeakyRelu', 'Neg', 'LeakyRelu', 'Neg']);
    await unchanged(graph, inlined);
    await unchanged(graph, inlineIf(inlined));
    expect(ops(inlineIf(inlined))).not.toContain('If');
  });

  test('an input that is an output too, an output nobody takes, and an input that is left out', async () => {
    const odd = functionProto(
      'local',
      'Odd',
      ['a', 'low', 'high'],
      ['same', 'extra', 'clipped'],
      [Node.make('Neg', ['a'], ['extra']), Node.make('Clip', ['a', 'low', 'high'], ['clipped'])],
    );
    odd.output[0] = 'a';
    const graph = graphOf([Node.make('Odd', ['x', '', 'top'], ['y', '', 'z'], {}, { domain: 'local' })], ['y', 'z'], {
      functions: [odd],
      opsets,
      initializers: new Map([['top', Tensor.floats([0.5], [])]]),
    });
    const inlined = inlineFunctions(graph);
    const results = await runGraph(inlined, { x });
    expect(results.y!.numbers()).toEqual(x.numbers());
    expect(results.z!.numbers()).toEqual(x.numbers().map((v) => Math.min(v, 0.5)));
  });

  test('functions that call themselves, or unfold without end, are refused', () => {
    const a = functionProto('local', 'A', ['a'], ['out'], [Node.make('B', ['a'], ['out'], {}, { domain: 'local' })]);
    const b = functionProto('local', 'B', ['a'], ['out'], [Node.make('A', ['a'], ['out'], {}, { domain: 'local' })]);
    const start = Node.make('A', ['x'], ['y'], {}, { domain: 'local' });
    expect(() => inlineFunctions(graphOf([start], ['y'], { functions: [a, b], opsets }))).toThrow(/A → B → A/);
    const bomb = Array.from({ length: 40 }, (_, level) =>
      functionProto(
        'local',
        `F${level}`,
        ['a'],
        ['out'],
        Array.from({ length: 8 }, (_, at) =>
          Node.make(
            level === 39 ? 'Neg' : `F${level + 1}`,
            [at === 0 ? 'a' : `v${at}`],
            [at === 7 ? 'out' : `v${at + 1}`],
            {},
            {
              domain: level === 39 ? '' : 'local',
            },
          ),
        ),
      ),
    );
    const call = Node.make('F0', ['x'], ['y'], {}, { domain: 'local' });
    expect(() => inlineFunctions(graphOf([call], ['y'], { functions: bomb, opsets }))).toThrow(
      expect.objectContaining({ code: 'FUNCTION_TOO_LARGE' }),
    );
  });

  test('another opset is fine where nothing changed, an error where it did', () => {
    const body = (op: string) => {
      const proto = functionProto('local', 'F', ['a'], ['out'], [Node.make(op, ['a'], ['out'])]);
      proto.opsetImport = [{ $typeName: 'onnx.OperatorSetIdProto', domain: '', version: 18n }];
      return graphOf([Node.make('F', ['x'], ['y'], {}, { domain: 'local' })], ['y'], { functions: [proto], opsets });
    };
    expect(ops(inlineFunctions(body('Relu')))).toEqual(['Relu']);
    expect(() => inlineFunctions(body('ReduceMean'))).toThrow(
      /'F' is written for version 18.*for 17.*ReduceMean changed/,
    );
  });

  test('the fixture made by an exporter', async () => {
    const bytes = fixture('tiny-functions.onnx');
    const graph = readGraph(bytes);
    expect(graph.functions.length).toBeGreaterThan(1);
    const [feed] = graph.feeds;
    const feeds = { [feed!.name]: noise([1, 3, 32, 32]) };
    const inlined = inlineFunctions(graph);
    expect(check(inlined)).toEqual([]);
    expect(difference(await runBytes(bytes, feeds), await runGraph(inlined, feeds))).toBeUndefined();
  });
});

describe('inlineIf', () => {
  const branch = (name: string, nodes: Node[], rest: Partial<Graph> = {}) => ({
    graph: graphToProto(
      new Graph({ name, outputs: [new Value(nodes.at(-1)!.outputs[0]!, 'float32')], nodes, ...rest }),
    ),
  });
  const yes = new Tensor('bool', [], Uint8Array.of(1));
  const no = new Tensor('bool', [1], Uint8Array.of(0));

  test('takes the branch that runs, also nested, and changes names that clash', async () => {
    const inner = Node.make('If', ['no'], ['n'], {
      then_branch: branch('p', [Node.make('Exp', ['x'], ['q'])]),
      else_branch: branch('q', [Node.make('Add', ['t', 'w'], ['q'])], {
        initializers: new Map([['w', noise([3], 5)]]),
      }),
    });
    const graph = graphOf(
      [
        Node.make('Relu', ['x'], ['t0']),
        Node.make('If', ['yes'], ['y0'], {
          then_branch: branch('a', [Node.make('Neg', ['t0'], ['t'], {}, { name: 'same' }), inner], {}),
          else_branch: branch('b', [Node.make('Abs', ['x'], ['z'])]),
        }),
        Node.make('If', ['yes'], ['y1'], {
          then_branch: branch('a', [
            Node.make('Neg', ['y0'], ['t'], {}, { name: 'same' }),
            Node.make('Exp', ['t'], ['e']),
          ]),
          else_branch: branch('b', [Node.make('Abs', ['x'], ['z'])]),
        }),
        Node.make('Add', ['y1', 'w'], ['y']),
      ],
      ['y', 'y0'],
      {
        initializers: new Map([
          ['yes', yes],
          ['no', no],
          ['w', noise([3], 6)],
        ]),
      },
    );
    const inlined = inlineIf(graph);
    expect(ops(inlined)).toEqual(['Relu', 'Neg', 'Add', 'Neg', 'Exp', 'Add']);
    await unchanged(graph, inlined);
  });

  test('a branch that hands on an outer value or a constant', async () => {
    const handOn = (name: string, rest: Partial<Graph> = {}) => ({
      graph: graphToProto(new Graph({ name: 'b', outputs: [value(name)], nodes: [], ...rest })),
    });
    const graph = graphOf(
      [
        Node.make('Relu', ['x'], ['r']),
        Node.make('If', ['yes'], ['y'], { then_branch: handOn('r'), else_branch: handOn('r') }),
        Node.make('If', ['no'], ['z'], {
          then_branch: handOn('r'),
          else_branch: handOn('k', { initializers: new Map([['k', noise([2, 2], 3)]]) }),
        }),
      ],
      ['y', 'z'],
      {
        initializers: new Map([
          ['yes', yes],
          ['no', no],
        ]),
      },
    );
    const inlined = inlineIf(graph);
    expect(ops(inlined)).toEqual(['Relu', 'Identity', 'Identity']);
    const results = await runGraph(inlined, { x });
    expect(results.y!.numbers()).toEqual(x.numbers().map((v) => Math.max(v, 0)));
    expect(results.z!.numbers()).toEqual(noise([2, 2], 3).numbers());
  });

  test('foldBranches takes the branch that sizes decide, also within a branch; an If has the type of what its branches make', async () => {
    const inner = Node.make('If', ['c'], ['n'], {
      then_branch: branch('p', [Node.make('Exp', ['x'], ['q'])]),
      else_branch: branch('q', [Node.make('Abs', ['x'], ['q'])]),
    });
    const compare = (op: string) => [
      Node.make('Shape', ['x'], ['s']),
      Node.make('Size', ['s'], ['rank']),
      Node.make(op, ['rank', 'two'], ['c']),
    ];
    const graph = graphOf(
      [
        ...compare('Greater'),
        Node.make('If', ['c'], ['y'], {
          then_branch: branch('a', [Node.make('Neg', ['x'], ['z'])]),
          else_branch: branch('b', [inner]),
        }),
      ],
      ['y'],
      { initializers: new Map([['two', Tensor.int64([2], [])]]) },
    );
    expect(inferTypes(graph).get('y')).toBe('float32');
    const unsized = graph.with({ inputs: [new Value('x', 'float32')] });
    expect(ops(foldBranches(unsized))).toContain('If');
    const settled = foldBranches(unsized, { shapes: new Map([['x', x.dims]]) });
    expect(ops(settled)).toEqual(['Abs']);
    await unchanged(unsized, settled);
  });

  test('leaves a condition alone that depends on the input', () => {
    const graph = graphOf(
      [
        Node.make('ReduceSum', ['x'], ['s'], { keepdims: 0 }),
        Node.make('Greater', ['s', 'zero'], ['c']),
        Node.make('If', ['c'], ['y'], {
          then_branch: branch('a', [Node.make('Neg', ['x'], ['n'])]),
          else_branch: branch('b', [Node.make('Abs', ['x'], ['z'])]),
        }),
      ],
      ['y'],
      { initializers: new Map([['zero', Tensor.floats([0], [])]]) },
    );
    expect(inlineIf(graph)).toBe(graph);
    expect(ops(prepare(graph))).toContain('If');
  });

  test('the fixture: one condition an initializer, one computed from a shape', async () => {
    const bytes = fixture('tiny-if.onnx');
    const graph = readGraph(bytes);
    const prepared = prepare(graph);
    expect(ops(graph)).toContain('If');
    expect(ops(prepared)).not.toContain('If');
    const feeds = { [graph.feeds[0]!.name]: noise([1, 3, 32, 32]) };
    expect(difference(await runBytes(bytes, feeds), await runGraph(prepared, feeds))).toBeUndefined();
  });
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
