import { float, Graph, Node, Value } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { gatesOnce } from '../src/index.ts';
import { run, uniform } from './harness.ts';

const SIZE = 48;
const gate = (output: string, alpha = 1 / 6) =>
  Node.make('HardSigmoid', ['x'], [output], { alpha: float(alpha), beta: float(0.5) });
const swish = (output: string) => Node.make('HardSwish', ['x'], [output], {}, { name: `${output}/node` });

const graphOf = (nodes: readonly Node[], outputs: readonly string[]) =>
  new Graph({
    opsets: new Map([['', 17]]),
    inputs: [new Value('image', 'float32', [SIZE])],
    outputs: outputs.map((name) => new Value(name)),
    initializers: new Map(),
    nodes: [Node.make('Neg', ['image'], ['x']), ...nodes],
  });

const feeds = { image: new ort.Tensor('float32', uniform(3, SIZE, -5, 5), [SIZE]) };

async function same(graph: Graph): Promise<readonly string[]> {
  const once = gatesOnce(graph);
  const [before, after] = [await run(graph, feeds), await run(once, feeds)];
  for (const { name } of graph.outputs) expect(after[name]!.data).toEqual(before[name]!.data);
  return once.nodes.map(({ op }) => op);
}

describe('gatesOnce', () => {
  it('shares the gate of a gradient with the function, bit by bit', async () => {
    expect(await same(graphOf([swish('y'), Node.make('Neg', ['y'], ['z']), gate('h')], ['z', 'h']))).toEqual([
      'Neg',
      'HardSigmoid',
      'Mul',
      'Neg',
    ]);
  });

  it('keeps names, and an order in which everything comes before what needs it', async () => {
    const early = graphOf([gate('h'), Node.make('Neg', ['h'], ['n']), swish('y'), swish('y2')], ['y', 'y2', 'n']);
    expect(await same(early)).toEqual(['Neg', 'HardSigmoid', 'Neg', 'Mul', 'Mul']);
    const late = graphOf([swish('y'), swish('y2'), gate('h')], ['y', 'y2', 'h']);
    expect(await same(late)).toEqual(['Neg', 'HardSigmoid', 'Mul', 'Mul']);
    expect(gatesOnce(late).nodes.map(({ name }) => name)).toContain('y/node');
  });

  it('leaves alone what has no such gate', () => {
    for (const nodes of [[swish('y')], [swish('y'), gate('h', 0.2)]]) {
      const graph = graphOf(nodes, ['y']);
      expect(gatesOnce(graph)).toBe(graph);
    }
  });
});
