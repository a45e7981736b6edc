import { type Graph, GraphBuilder, Node, Value } from '@seewhy/onnx';
import type { Layer } from '../layers.ts';
import type { Model } from '../model.ts';
import { asFloat32 } from '../program.ts';
import type { RunTensor, Session } from '../runtime/runtime.ts';
import { classScores } from '../seed.ts';
import { fromFloat32, toFloat32 } from '../tensors.ts';

/** Input that is added to a layer's activation. */
export const DELTA = 'seewhy.delta';

/** The plain model with one of its values (the image, or a layer's activation) moved by a step along a direction. */
export class Moved {
  readonly deviation: number;
  private readonly session: Session;
  private readonly feeds: Record<string, RunTensor>;
  private readonly input: string;
  private readonly start: Float32Array;
  private readonly output: string;
  private readonly score: (scores: Float32Array) => number;

  private constructor(
    fields: Pick<Moved, 'deviation'> & Record<'session' | 'feeds' | 'input' | 'start' | 'output' | 'score', unknown>,
  ) {
    this.deviation = fields.deviation;
    this.session = fields.session as Session;
    this.feeds = fields.feeds as Record<string, RunTensor>;
    this.input = fields.input as string;
    this.start = fields.start as Float32Array;
    this.output = fields.output as string;
    this.score = fields.score as (scores: Float32Array) => number;
  }

  static async open(
    model: Model,
    image: RunTensor,
    layer: Layer | undefined,
    score: (scores: Float32Array) => number,
  ): Promise<Moved> {
    const built = plainGraph(model, layer);
    const session = await model.runtime.open(built.graph);
    try {
      const feeds = model.feeds([image]);
      if (!layer) {
        const start = toFloat32(image);
        return new Moved({
          session,
          feeds,
          input: model.image.name,
          start,
          output: built.scores,
          deviation: deviationOf(start),
          score,
        });
      }
      const dims = model.shapes.get(layer.value)!.map((dim) => (typeof dim === 'number' ? dim : dim.batch));
      const start = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
      const type = model.types.get(layer.value) ?? 'float32';
      const still = fromFloat32(start, type, dims);
      const results = await session.run({ ...feeds, [DELTA]: still }, [layer.value]);
      const deviation = deviationOf(toFloat32(results[layer.value]!));
      return new Moved({
        session,
        feeds: { ...feeds, [DELTA]: still },
        input: DELTA,
        start,
        output: built.scores,
        deviation,
        score,
      });
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** The score at start + h·direction. */
  async at(direction: Float32Array | undefined, h: number): Promise<{ value: number; scores: Float32Array }> {
    const here = this.feeds[this.input]!;
    const point = new Float32Array(this.start.length);
    for (let i = 0; i < point.length; i++) point[i] = this.start[i]! + h * (direction?.[i] ?? 0);
    const results = await this.session.run({ ...this.feeds, [this.input]: fromFloat32(point, here.type, here.dims) }, [
      this.output,
    ]);
    const scores = toFloat32(results[this.output]!);
    return { value: this.score(scores), scores };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** The model with its class scores as output and, for a layer, an input that is added to the layer's activation. */
export function plainGraph(model: Model, layer: Layer | undefined): { graph: Graph; scores: string } {
  let graph = model.graph.with({ outputs: [] });
  if (layer) {
    const sum = `${layer.value}/moved`;
    const dims = model.shapes.get(layer.value)!.map((dim) => (typeof dim === 'number' ? dim : dim.batch));
    const nodes = graph.nodes.map((node) =>
      node.inputs.includes(layer.value)
        ? node.with({ inputs: node.inputs.map((name) => (name === layer.value ? sum : name)) })
        : node,
    );
    graph = graph.with({
      nodes: [...nodes, Node.make('Add', [layer.value, DELTA], [sum])],
      inputs: [...graph.inputs, new Value(DELTA, model.types.get(layer.value) ?? 'float32', dims)],
      outputs: [new Value(layer.value)],
    });
  }
  const builder = new GraphBuilder(graph, { prefix: 'seewhy/verify' });
  const { output } = model;
  const facts = {
    b: builder,
    output,
    of: output.logits,
    logits: output.logits,
    shape: model.shapes.get(output.logits)!,
    type: model.types.get(output.logits) ?? 'float32',
  } as const;
  const scores = asFloat32(builder, classScores(facts), model.types.get(output.logits));
  builder.output(scores);
  return { graph: builder.build(), scores };
}

function deviationOf(values: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(squares / values.length - mean * mean, 0)) || 1;
}
