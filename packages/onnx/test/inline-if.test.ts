import { describe, expect, test } from 'vitest';
import {
  foldBranches,
  Graph,
  graphToProto,
  inferTypes,
  inlineIf,
  Node,
  prepare,
  readGraph,
  Tensor,
  Value,
} from '../src/index.ts';
import { difference, noise, runBytes, runGraph } from './ort.ts';
import { fixture, graphOf, ops, unchanged, value, x } from './pass-graphs.ts';

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
