import { Model, type ModelOptions, noiseImage, type RunTensor, toFloat32 } from '@seewhy/core';
import { type Graph, GraphBuilder, removeDeadNodes, Tensor, Value } from '@seewhy/onnx';
import { readFixture, runtime } from '../support.ts';

const load = (graph: Graph, options: Partial<ModelOptions> = {}): Promise<Model> =>
  Model.load(graph, { runtime, batch: 'free', ...options });

/** A fixture with nodes appended that make its output anew. */
function ending(file: string, end: (b: GraphBuilder, before: string) => string): Graph {
  const graph = readFixture(`models/${file}.onnx`);
  const [output] = graph.outputs;
  const b = new GraphBuilder(graph.with({ outputs: [] }), { prefix: 'end' });
  b.output(end(b, output!.name), 'made', 'float32');
  return b.build();
}

/** Small models of every kind of output. */
export const MODELS = {
  /** Softmax over five classes. */
  softmax: (options?: Partial<ModelOptions>) => load(readFixture('models/tiny-cnn.onnx'), options),
  /** Logits of a transformer. */
  logits: () => load(readFixture('models/tiny-vit.onnx')),
  /** Channels last, Softmax. */
  nhwc: () => load(readFixture('models/tiny-nhwc.onnx')),
  /** Half precision, Softmax. */
  half: () => load(readFixture('models/tiny-fp16.onnx')),
  /** One sigmoid output. */
  binary: () => load(readFixture('models/tiny-binary.onnx')),
  /** Five sigmoid outputs. */
  labels: () => load(ending('tiny-vit', (b, x) => b.op('Sigmoid', [x]))),
  /** One value without an activation. */
  regression: () =>
    load(ending('tiny-vit', (b, x) => b.matmul(x, b.constant(Tensor.floats([1, -2, 0.5, 1, 2], [5, 1]))))),
  /** Logits for every pixel. */
  segmentation: () => load(readFixture('models/tiny-segmentation.onnx')),
  /** Softmax for every pixel. */
  segmentationSoftmax: () => load(ending('tiny-segmentation', (b, x) => b.op('Softmax', [x], { axis: 1 }))),
  /** One sigmoid for every pixel. */
  mask: () => load(ending('tiny-segmentation', (b, x) => b.op('Sigmoid', [b.slice(x, [1], [2], [1])]))),
} as const;

export type ModelName = keyof typeof MODELS;

/** The plain model on the host: any of its values for a picture, in double precision. */
export class Plain {
  private readonly model: Model;
  private readonly values: readonly string[];
  private readonly session: Awaited<ReturnType<Model['runtime']['open']>>;

  private constructor(model: Model, values: readonly string[], session: Plain['session']) {
    this.model = model;
    this.values = values;
    this.session = session;
  }

  static async open(model: Model, values: readonly string[]): Promise<Plain> {
    const unique = [...new Set(values)];
    const graph = removeDeadNodes(model.graph.with({ outputs: unique.map((name) => new Value(name)) }));
    return new Plain(model, unique, await runtime.open(graph));
  }

  async run(image: RunTensor): Promise<Record<string, Float64Array>> {
    const results = await this.session.run(this.model.feeds([image]));
    return Object.fromEntries(this.values.map((name) => [name, Float64Array.from(toFloat32(results[name]!))]));
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** A picture plus a step along a direction. */
export function moved(image: RunTensor, direction: Float32Array, step: number): RunTensor {
  return { ...image, data: (image.data as Float32Array).map((value, i) => value + step * direction[i]!) };
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Softmax, and log Σ exp, of numbers in double precision. */
export function logSumExp(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

export const picture = (model: Model, seed = 0): RunTensor => noiseImage(model, seed);
