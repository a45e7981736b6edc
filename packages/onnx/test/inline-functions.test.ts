import { describe, expect, test } from 'vitest';
import {
  type AttributeInput,
  attribute,
  check,
  float,
  Graph,
  graphToProto,
  inlineFunctions,
  inlineIf,
  Node,
  readGraph,
  Tensor,
} from '../src/index.ts';
import { functionProto, refAttribute } from './functions.ts';
import { difference, noise, runBytes, runGraph } from './ort.ts';
import { fixture, graphOf, ops, unchanged, value, x } from './pass-graphs.ts';

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
