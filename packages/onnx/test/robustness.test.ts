import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cpuMilliseconds } from '../../../tools/test-support/cpu-milliseconds.ts';
import { damaged, seededDraw } from '../../../tools/test-support/damage.ts';
import {
  check,
  externalReferences,
  freeBatch,
  Graph,
  graphToProto,
  inferTypes,
  isSeewhyError,
  Node,
  prepare,
  readGraph,
  Tensor,
  Value,
  writeGraph,
  writeShared,
} from '../src/index.ts';

/** Milliseconds of computing for one file, where a few are usual: what passes this does not end. */
const HANG = 30_000;

const folder = new URL('../../../fixtures/models/', import.meta.url);
const light = new URL('../../../fixtures/onnx/light/', import.meta.url);
const load = (name: string, from = folder) => new Uint8Array(readFileSync(new URL(name, from)));

/** Everything that looks at a file before a runtime does. Returns the code of the clear error, or 'ok'. */
function survives(bytes: Uint8Array): string {
  try {
    const graph = readGraph(bytes);
    check(graph);
    inferTypes(graph);
    writeShared(graph);
    const prepared = prepare(graph);
    freeBatch(prepared);
    writeShared(prepared);
    return 'ok';
  } catch (error) {
    if (isSeewhyError(error)) return error.code;
    throw error;
  }
}

const victims: [string, Uint8Array][] = [
  ['tiny-opset9.onnx', load('tiny-opset9.onnx')],
  ['tiny-if.onnx', load('tiny-if.onnx')],
  ['tiny-functions.onnx', load('tiny-functions.onnx')],
  ['tiny-dynamic-quantised.onnx', load('tiny-dynamic-quantised.onnx')],
  ['light_zfnet512.onnx', load('light_zfnet512.onnx', light)],
];

describe('damaged files: a clear error or a right answer', () => {
  test.each([...victims, ['tiny-vit.onnx', load('tiny-vit.onnx')] as const])(
    '%s cut off at every percent',
    (_, bytes) => {
      for (let percent = 0; percent < 100; percent++) {
        const code = survives(bytes.slice(0, Math.floor((bytes.length * percent) / 100)));
        expect(code, `${percent} %`).toMatch(/^[A-Z_]+$/);
      }
    },
  );

  test.each(victims)('%s cut off at every byte of its first thousand', (_, bytes) => {
    for (let end = 0; end < 1000; end++) survives(bytes.slice(0, end));
  });

  const ROUNDS = Number(process.env.SEEWHY_FUZZ ?? 1500);
  test.each(victims)('%s with a thousand kinds of damage: no crash, no hang, no memory', (_, bytes) => {
    const next = seededDraw(20260101);
    const codes = new Map<string, number>();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < ROUNDS; round++) {
      let file = damaged(bytes, next);
      for (let more = next(4); more > 0; more--) file = damaged(file, next);
      const start = cpuMilliseconds();
      const code = survives(file);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      expect(cpuMilliseconds() - start, `round ${round}`).toBeLessThan(HANG);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
    // Both happen: damage in a weight is nobody's business, damage in the structure is.
    expect(codes.get('ok') ?? 0).toBeGreaterThan(ROUNDS / 50);
    expect(codes.size).toBeGreaterThan(2);
  });

  test.each([
    ['nothing', new Uint8Array(0), 'MODEL_NOT_ONNX', /empty/],
    ['a text', new TextEncoder().encode('hello, this is no model'), 'MODEL_NOT_ONNX', /protobuf/],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), 'MODEL_NOT_ONNX', /./],
    ['a web page', new TextEncoder().encode('<!DOCTYPE html><html>'), 'MODEL_NOT_ONNX', /web page/],
    [
      'a Git LFS pointer',
      new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
      'MODEL_NOT_ONNX',
      /Git LFS pointer/,
    ],
    ['zeros', new Uint8Array(1000), 'MODEL_NOT_ONNX', /./],
    ['a zip', Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0), 'MODEL_NOT_ONNX', /./],
  ])('%s in place of a model', (_, bytes, code, message) => {
    expect(survives(bytes)).toBe(code);
    expect(() => readGraph(bytes)).toThrow(message);
  });
});

describe('hostile graphs', () => {
  const one = (nodes: Node[], initializers: Record<string, Tensor> = {}) =>
    new Graph({
      opsets: new Map([['', 17]]),
      inputs: [new Value('x', 'float32', [1, 3])],
      outputs: [new Value('y')],
      initializers: new Map(Object.entries(initializers)),
      nodes,
    });

  test('bodies nested a thousand deep are refused, thirty deep are read', () => {
    const nested = (depth: number) => {
      let body = graphToProto(
        new Graph({ name: 'b', outputs: [new Value('v0')], nodes: [Node.make('Neg', ['x'], ['v0'])] }),
      );
      for (let level = 1; level <= depth; level++) {
        const node = Node.make('If', ['c'], [`v${level}`], {
          then_branch: { graph: body },
          else_branch: { graph: body },
        });
        body = graphToProto(new Graph({ name: 'b', outputs: [new Value(`v${level}`)], nodes: [node] }));
      }
      return body;
    };
    // Twice the same body at each level would be 2^depth of them: one branch is enough.
    const graph = (depth: number) => {
      let body = nested(0);
      for (let level = 1; level <= depth; level++) {
        const node = Node.make('If', ['c'], [`v${level}`], { then_branch: { graph: body } });
        body = graphToProto(new Graph({ name: 'b', outputs: [new Value(`v${level}`)], nodes: [node] }));
      }
      return one([Node.make('If', ['c'], ['y'], { then_branch: { graph: body } })], {
        c: new Tensor('bool', [], Uint8Array.of(1)),
      });
    };
    expect(survives(writeGraph(graph(30)))).toMatch(/ok|VALUE|NODE/);
    // protobuf's own limit on depth: found while reading.
    expect(survives(writeGraph(graph(300)))).toMatch(/MODEL_TRUNCATED|MODEL_NOT_ONNX/);
  });

  test('dimension bombs: a small file that asks for petabytes', () => {
    const before = process.memoryUsage().rss;
    const big = Tensor.int64([1 << 20, 1 << 20, 1 << 10]);
    const bombs = [
      one([Node.make('ConstantOfShape', ['s'], ['c']), Node.make('Add', ['x', 'c'], ['y'])], { s: big }),
      one([Node.make('Expand', ['s1', 's'], ['c']), Node.make('Add', ['x', 'c'], ['y'])], {
        s: big,
        s1: Tensor.floats([1]),
      }),
      one([Node.make('Tile', ['t', 's'], ['c']), Node.make('Add', ['x', 'c'], ['y'])], {
        s: big,
        t: Tensor.floats([1], [1, 1, 1]),
      }),
      one([Node.make('Range', ['a', 'b', 'd'], ['c']), Node.make('Cast', ['c'], ['y'], { to: 1 })], {
        a: Tensor.int64([0], []),
        b: Tensor.int64([2n ** 62n], []),
        d: Tensor.int64([1], []),
      }),
      // Doubling forty times.
      one(
        [
          ...Array.from({ length: 40 }, (_, at) =>
            Node.make('Concat', [`v${at}`, `v${at}`], [`v${at + 1}`], { axis: 0 }),
          ),
          Node.make('ReduceMean', ['v40'], ['y']),
        ],
        { v0: Tensor.floats(new Float32Array(1000)) },
      ),
      one(
        [
          ...Array.from({ length: 30 }, (_, at) => Node.make('Mul', [`v${at}`, `w${at}`], [`v${at + 1}`])),
          Node.make('ReduceMean', ['v30'], ['y']),
        ],
        {
          v0: Tensor.floats([1]),
          ...Object.fromEntries(
            Array.from({ length: 30 }, (_, at) => [`w${at}`, Tensor.floats([1, 1], [2, ...new Array(at).fill(1)])]),
          ),
        },
      ),
    ];
    for (const bomb of bombs) expect(survives(writeGraph(bomb))).toBe('ok');
    expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
  });

  test('a thousand Shape and Concat nodes that grow a list stay linear', () => {
    const nodes = Array.from({ length: 1000 }, (_, at) =>
      Node.make('Concat', [`s${at}`, 'one'], [`s${at + 1}`], { axis: 0 }),
    );
    const graph = one([Node.make('Shape', ['x'], ['s0']), ...nodes, Node.make('Reshape', ['x', 's1000'], ['y'])], {
      one: Tensor.int64([1]),
    });
    const start = cpuMilliseconds();
    expect(survives(writeGraph(graph))).toBe('ok');
    expect(cpuMilliseconds() - start).toBeLessThan(HANG);
  });

  test('names that are properties of every object', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const graph = one([Node.make(name, ['x'], ['t'], { [name]: 1 }), Node.make('Relu', ['t'], ['y'])]);
      for (const opset of [9, 17])
        expect(survives(writeGraph(graph.with({ opsets: new Map([['', opset]]) })))).toBe('ok');
      expect(survives(writeGraph(one([Node.make('Relu', ['x'], [name]), Node.make('Neg', [name], ['y'])])))).toBe('ok');
    }
  });
});

test('reading and preparing 100 MB copies no weights', () => {
  const count = 400;
  const initializers = new Map<string, Tensor>();
  const nodes: Node[] = [];
  for (let at = 0; at < count; at++) {
    initializers.set(`w${at}`, Tensor.floats(new Float32Array(62_500).fill(at)));
    nodes.push(Node.make('Add', [`v${at}`, `w${at}`], [`a${at}`]), Node.make('Relu', [`a${at}`], [`v${at + 1}`]));
  }
  const graph = new Graph({
    opsets: new Map([['', 9]]),
    inputs: [new Value('v0', 'float32', [62_500])],
    outputs: [new Value(`v${count}`)],
    initializers,
    nodes,
  });
  const bytes = writeGraph(graph);
  expect(bytes.length).toBeGreaterThan(100e6);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const start = cpuMilliseconds();
    const prepared = prepare(readGraph(bytes));
    best = Math.min(best, cpuMilliseconds() - start);
    for (const tensor of prepared.initializers.values()) expect(tensor.bytes.buffer).toBe(bytes.buffer);
    expect(writeShared(prepared).files).toHaveLength(1);
  }
  expect(best).toBeLessThan(2000);
});

test('the fixtures themselves are read', () => {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.onnx') || name.includes('external')) continue;
    expect([name, survives(load(name))]).toEqual([name, 'ok']);
    expect(externalReferences(load(name))).toEqual([]);
  }
});
