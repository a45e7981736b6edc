import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { expose, fold, type Graph, prepare, readGraph, Tensor, upgrade, writeGraph } from '../src/index.ts';
import { difference, noise, runBytes, runGraph } from './ort.ts';

const folder = new URL('../../../fixtures/onnx/light/', import.meta.url);
const passes = { upgrade, fold, prepare };

// The 9 zoo architectures that come with the onnx package: opset 9, their weights made by ConstantOfShape. ONNX Runtime runs each as
// it is and after the passes.
describe.each(readdirSync(folder).filter((name) => name.endsWith('.onnx')))('%s', (name) => {
  const bytes = new Uint8Array(readFileSync(new URL(name, folder)));
  const graph = readGraph(bytes);
  const input = graph.feeds[0]!;
  const feeds = { [input.name]: noise(input.shape as number[]) };

  test('gives the same outputs after every pass, to the last bit', async () => {
    const reference = await runBytes(bytes, feeds);
    expect(Object.keys(reference)).toHaveLength(1);
    for (const [label, pass] of Object.entries(passes)) {
      expect(`${label}: ${difference(reference, await runGraph(pass(graph), feeds)) ?? 'same'}`).toBe(`${label}: same`);
    }
  });

  // Constant weights make every class equal: with noise instead, an error anywhere shows in the output.
  test('gives the same outputs with noise for weights, to the last bit', async () => {
    // The value before the Softmax too: with noise for weights the probabilities saturate.
    const last = graph.nodes.find((node) => node.outputs[0] === graph.outputs[0]!.name)!;
    const noisy = withNoise(expose(graph, [last.inputs[0]!]));
    if (!noisy) return expect(name).toMatch(/vgg19|alexnet|zfnet/);
    const reference = await runBytes(writeGraph(noisy), feeds);
    expect(new Set(Object.values(reference).at(-1)!.numbers()).size).toBeGreaterThan(500);
    for (const [label, pass] of Object.entries(passes)) {
      expect(`${label}: ${difference(reference, await runGraph(pass(noisy), feeds)) ?? 'same'}`).toBe(`${label}: same`);
    }
  });

  test('has opset 13, no Constant nodes and no initializer among its inputs when prepared', () => {
    const prepared = prepare(graph);
    expect(prepared.opset).toBe(13);
    expect(prepared.inputs.map((value) => value.name)).toEqual([input.name]);
    expect(prepared.nodes.filter((node) => node.op === 'Constant')).toEqual([]);
    expect(graph.opset).toBe(9);
  });
});

/** The graph with noise in place of each weight that ConstantOfShape makes; undefined above 50 million weights. */
function withNoise(graph: Graph): Graph | undefined {
  const initializers = new Map(graph.initializers);
  const shapes = graph.nodes.filter((node) => node.op === 'ConstantOfShape');
  let total = 0;
  for (const node of shapes) {
    const dims = graph.initializers.get(node.inputs[0]!)!.numbers();
    const fan = dims.slice(1).reduce((product, dim) => product * dim, 1);
    total += fan * dims[0]!;
    if (total > 50e6) return undefined;
    const values = noise(dims, total).numbers();
    // A list is a variance, scale or bias of a normalization: near 1; a kernel keeps the size of what passes through it.
    const scaled = values.map((value) => (dims.length === 1 ? 1 + value / 2 : value * Math.sqrt(6 / fan)));
    initializers.set(node.outputs[0]!, Tensor.floats(scaled, dims));
  }
  return graph.with({ initializers, nodes: graph.nodes.filter((node) => !shapes.includes(node)) });
}
