import { differentiate } from '@seewhy/autodiff';
import { ortRuntime, probe } from '@seewhy/core';
import { type Graph, GraphBuilder, inferTypes, prepare, Tensor, Value } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { type Numbers, runGraph } from '../keras/run-graph.ts';

/** The slope of a weighted sum of a classifier's logits up its own gradient by the image, and the same by a central difference. */
export async function slope(base: Graph, image: Numbers): Promise<{ along: number; away: number }> {
  const size = image.data.length / image.dims[0]!;
  const first = { dims: [1, ...image.dims.slice(1)], data: Float32Array.from(image.data.slice(0, size)) };
  const logits = prepare(base).nodes.find(({ op }) => op === 'Softmax')!.inputs[0]!;
  const graph = prepare(base.with({ outputs: [new Value(logits, 'float32')] }));
  const input = graph.inputs[0]!.name;
  const runtime = ortRuntime(ort as never, { threads: 1 });
  const { shapes } = await probe(runtime, graph, { [input]: { type: 'float32', ...first } });
  const builder = new GraphBuilder(graph.with({ outputs: [] }));
  const classes = (shapes.get(logits) as readonly number[])[1]!;
  const seed = Array.from({ length: classes }, (_, at) => (at % 2 === 0 ? 1 : -1) / (at + 1));
  const gradients = differentiate(builder, graph, {
    of: logits,
    seed: builder.constant(Tensor.floats(seed, [1, classes])),
    wrt: [input],
    shapes,
    types: inferTypes(graph),
  });
  builder.output(gradients.get(input)!, 'gradient');
  const { gradient } = await runGraph(builder.build(), { [input]: first });
  // Up the gradient itself the difference is the least rounded.
  const norm = Math.sqrt(Array.from(gradient!.data).reduce((sum, value) => sum + value * value, 0));
  const step = 1e-3;
  const at = async (sign: number) => {
    const data = first.data.map((value, index) => value + (sign * step * gradient!.data[index]!) / norm);
    const values = (await runGraph(graph, { [input]: { dims: first.dims, data } }))[logits]!;
    return Array.from(values.data).reduce((sum, value, index) => sum + value * seed[index]!, 0);
  };
  return { along: norm, away: ((await at(1)) - (await at(-1))) / (2 * step) };
}
