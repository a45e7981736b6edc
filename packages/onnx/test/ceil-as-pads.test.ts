import { describe, expect, test } from 'vitest';
import { Node, Value } from '../src/index.ts';
import { ceilAsPads } from '../src/passes/ceil-as-pads.ts';
import { noise, runGraph } from './ort.ts';
import { graphOf, unchanged } from './pass-graphs.ts';

const sizes = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** Pools of one axis, of all kernels, strides and pads up to 4, over n elements. */
function pools(op: string, n: number, more: Record<string, number> = {}) {
  const nodes = sizes(1, 4).flatMap((k) =>
    sizes(1, 4).flatMap((s) =>
      sizes(0, k - 1).flatMap((begin) =>
        sizes(0, k - 1).map((end) => {
          const attributes = { kernel_shape: [k], strides: [s], pads: [begin, end], ceil_mode: 1, ...more };
          return Node.make(op, ['x'], [`k${k} s${s} pads ${begin} ${end}`], attributes);
        }),
      ),
    ),
  );
  const outputs = nodes.flatMap((node) => node.outputs);
  return graphOf(nodes, outputs, { inputs: [new Value('x', 'float32', [1, 1, n])] });
}

describe('ceilAsPads', () => {
  test.each(['MaxPool', 'AveragePool'])('%s: the same windows, to the last bit', async (op) => {
    for (const n of sizes(4, 11)) {
      const graph = pools(op, n);
      const after = ceilAsPads(graph);
      expect(after.nodes.every((node) => !node.attribute.has('ceil_mode'))).toBe(true);
      await unchanged(graph, after, { x: noise([1, 1, n]) });
    }
  });

  test('its sizes are those that the runtime infers', async () => {
    // 17 elements, one of padding on each side, windows of 2 in steps of 2: 9 of them begin within; ⌈17 / 2⌉ + 1 is 10.
    const pool = { kernel_shape: [2], strides: [2], pads: [1, 1], ceil_mode: 1 };
    const graph = graphOf([Node.make('MaxPool', ['x'], ['p'], pool), Node.make('Shape', ['p'], ['y'])], ['y'], {
      inputs: [new Value('x', 'float32', [1, 1, 17])],
    });
    const inferred = await runGraph(ceilAsPads(graph), { x: noise([1, 1, 17]) });
    expect(inferred.y!.numbers()).toEqual([1, 1, 9]);
  });

  test('leaves alone what pads cannot say', () => {
    const pool = { kernel_shape: [3], strides: [2], ceil_mode: 1 };
    const of = (op: string, attributes: object) =>
      graphOf([Node.make(op, ['x'], ['y'], { ...pool, ...attributes })], ['y']);
    for (const graph of [
      of('AveragePool', { count_include_pad: 1 }),
      of('MaxPool', { ceil_mode: 0 }),
      of('MaxPool', { auto_pad: 'SAME_UPPER' }),
      of('MaxPool', { kernel_shape: [2], strides: [4], dilations: [3] }),
    ])
      expect(ceilAsPads(graph)).toBe(graph);
  });
});
