import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  assertValid,
  check,
  float,
  Graph,
  graphToProto,
  Node,
  readGraph,
  Tensor,
  unknownOperators,
  Value,
} from '../src/index.ts';

const base = new Graph({
  opsets: new Map([['', 17]]),
  inputs: [new Value('x', 'float32', [1])],
  outputs: [new Value('y')],
});
const named = (op: string, inputs: string[], outputs: string[], attributes = {}, domain = '') =>
  Node.make(op, inputs, outputs, attributes, { name: 'the-node', domain });
const body = (nodes: Node[], outputs: string[]) => ({
  graph: graphToProto(new Graph({ name: 'body', outputs: outputs.map((name) => new Value(name)), nodes })),
});
const w = new Map([['w', Tensor.floats([1])]]);

describe('each problem names the node or value', () => {
  const cases: [string, Graph, string, RegExp][] = [
    [
      'a value that nothing makes',
      base.with({ nodes: [named('Relu', ['gone'], ['y'])] }),
      'VALUE_MISSING',
      /'gone'.*the-node/,
    ],
    ['an output that nothing makes', base.with({ nodes: [] }), 'VALUE_MISSING', /output 'y'/],
    [
      'a value that a body reads and nothing makes',
      base.with({
        nodes: [
          named('If', ['x'], ['y'], {
            then_branch: body([Node.make('Relu', ['lost'], ['a'])], ['a']),
            else_branch: body([Node.make('Relu', ['x'], ['b'])], ['b']),
          }),
        ],
      }),
      'VALUE_MISSING',
      /'lost'.*the-node/,
    ],
    [
      'two nodes that make one value',
      base.with({ nodes: [Node.make('Relu', ['x'], ['y']), named('Neg', ['x'], ['y'])] }),
      'VALUE_DUPLICATE',
      /makes 'y' too.*the-node/,
    ],
    [
      'two nodes of one name',
      base.with({ nodes: [named('Relu', ['x'], ['a']), named('Neg', ['a'], ['y'])] }),
      'NODE_DUPLICATE',
      /'the-node' too/,
    ],
    [
      'a node that makes an input',
      base.with({ nodes: [named('Neg', ['x'], ['x', 'y'])] }),
      'VALUE_DUPLICATE',
      /'x' is an input.*the-node/,
    ],
    [
      'a node that makes an initializer',
      base.with({ initializers: w, nodes: [named('Neg', ['x'], ['w']), Node.make('Neg', ['w'], ['y'])] }),
      'VALUE_DUPLICATE',
      /'w' is an input or initializer already.*the-node/,
    ],
    [
      'a duplicate in a body',
      base.with({
        nodes: [
          named('If', ['x'], ['y'], {
            then_branch: body([Node.make('Relu', ['x'], ['a']), Node.make('Neg', ['x'], ['a'])], ['a']),
            else_branch: body([Node.make('Relu', ['x'], ['b'])], ['b']),
          }),
        ],
      }),
      'VALUE_DUPLICATE',
      /'a'.*the-node/,
    ],
    [
      'two inputs of one name',
      base.with({ inputs: [base.inputs[0]!, base.inputs[0]!], nodes: [named('Relu', ['x'], ['y'])] }),
      'VALUE_DUPLICATE',
      /Two inputs are called 'x'/,
    ],
    [
      'a cycle',
      base.with({ nodes: [named('Add', ['x', 'b'], ['y']), Node.make('Relu', ['y'], ['b'])] }),
      'GRAPH_CYCLE',
      /the-node/,
    ],
    [
      'an operator set that is not imported',
      base.with({ nodes: [named('Gelu', ['x'], ['y'], {}, 'com.microsoft')] }),
      'OPSET_MISSING',
      /'com\.microsoft'.*the-node/,
    ],
    [
      'no standard operator set',
      base.with({ opsets: new Map(), nodes: [named('Relu', ['x'], ['y'])] }),
      'OPSET_MISSING',
      /standard operator set.*the-node/,
    ],
    [
      'an attribute of the wrong type',
      base.with({ nodes: [named('Softmax', ['x'], ['y'], { axis: float(1) })] }),
      'ATTRIBUTE_INVALID',
      /'axis' has type FLOAT, not INT.*the-node/,
    ],
    [
      'a list where one number belongs',
      base.with({ nodes: [named('Conv', ['x', 'x'], ['y'], { group: [1] })] }),
      'ATTRIBUTE_INVALID',
      /'group' has type INTS, not INT.*the-node/,
    ],
    [
      'too few inputs',
      base.with({ nodes: [named('Conv', ['x'], ['y'])] }),
      'NODE_INPUTS',
      /1 inputs; Conv takes 2 to 3/,
    ],
    [
      'too many outputs',
      base.with({ nodes: [named('Relu', ['x'], ['y', 'z'])] }),
      'NODE_OUTPUTS',
      /2 outputs; Relu.*the-node/,
    ],
    ['no outputs', base.with({ outputs: [] }), 'GRAPH_NO_OUTPUT', /no output/],
  ];
  test.each(cases)('%s', (_, graph, code, message) => {
    const problems = check(graph);
    expect(problems.map((problem) => problem.code)).toContain(code);
    const { what, where } = problems.find((problem) => problem.code === code)!;
    expect(`${what} (${where})`).toMatch(message);
    expect(() => assertValid(graph)).toThrow(expect.objectContaining({ name: 'SeewhyError' }));
  });
});

test('a valid graph is returned as it is', () => {
  const graph = base.with({ nodes: [Node.make('Relu', ['x'], ['y'])] });
  expect(check(graph)).toEqual([]);
  expect(assertValid(graph)).toBe(graph);
});

test('the message says how many problems there are', () => {
  const graph = base.with({ nodes: [named('Relu', ['a'], ['b']), Node.make('Relu', ['c'], ['y'])] });
  expect(() => assertValid(graph)).toThrow(/'a'.*and 1 more problem\)/);
});

test('a damaged file does not flood the reader', () => {
  const nodes = Array.from({ length: 5000 }, (_, at) => Node.make('Relu', [`lost${at}`], [`v${at}`]));
  expect(check(base.with({ nodes })).length).toBe(100);
});

test('operators that the standard does not know are listed, not refused', () => {
  const graph = base.with({ nodes: [named('Frobnicate', ['x'], ['y'])] });
  expect(check(graph)).toEqual([]);
  expect(unknownOperators(graph).map((node) => node.name)).toEqual(['the-node']);
});

const models = new URL('../../../fixtures/models/', import.meta.url);
test.each(readdirSync(models).filter((name) => name.endsWith('.onnx')))('nothing is wrong with %s', (name) => {
  const external = (location: string, offset: number, length = 0) =>
    new Uint8Array(readFileSync(new URL(location, models))).subarray(offset, offset + length);
  const graph = readGraph(new Uint8Array(readFileSync(new URL(name, models))), { external });
  expect(check(graph)).toEqual([]);
  expect(unknownOperators(graph)).toEqual([]);
});
