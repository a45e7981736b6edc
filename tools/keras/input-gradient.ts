import { differentiate } from '@seewhy/autodiff';
import { ortRuntime, probe } from '@seewhy/core';
import { fold, type Graph, GraphBuilder, inferTypes, prepare, removeDeadNodes, Tensor } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { type Numbers, runGraph } from './run-graph.ts';

/**
 * Gradients of Σ seed_i · y_i by a graph's first input, for each y of some of its values, in one run.
 * @param feed the input's numbers
 * @param seed made for the shape that a y turns out to have
 */
export async function inputGradients(
  base: Graph,
  feed: Numbers,
  values: readonly string[],
  seed: (shape: readonly number[]) => Float32Array,
): Promise<Numbers[]> {
  const prepared = prepare(base);
  const input = prepared.inputs[0]!.name;
  const feeds = { [input]: { type: 'float32' as const, dims: [...feed.dims], data: Float32Array.from(feed.data) } };
  const { shapes } = await probe(ortRuntime(ort as never, { threads: 2 }), prepared, feeds);
  const graph = removeDeadNodes(fold(prepared, { shapes: shapes as ReadonlyMap<string, readonly number[]> }));
  const types = inferTypes(graph);
  const builder = new GraphBuilder(graph.with({ outputs: [] }));
  for (const [at, of] of values.entries()) {
    const shape = shapes.get(of) as readonly number[];
    const start = builder.constant(Tensor.floats(seed(shape), shape), `seed${at}`);
    const gradients = differentiate(builder, graph, { of, seed: start, wrt: [input], shapes, types });
    builder.output(gradients.get(input)!, `gradient${at}`);
  }
  const found = await runGraph(builder.build(), { [input]: feed });
  return values.map((_, at) => found[`gradient${at}`]!);
}
