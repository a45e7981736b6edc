import { type Graph, Node, removeDeadNodes, Value, type ValueName } from '@seewhy/onnx';
import type { Layer } from '../layers.ts';
import type { Model } from '../model.ts';
import { asFloat32, programBase, withNodes } from '../program.ts';
import type { RunTensor, Session } from '../runtime/runtime.ts';
import { seedOf } from '../seed.ts';
import type { ScoreKind, Target } from '../target.ts';
import { formOf } from '../target-form.ts';
import { classScore } from '../targets/class-score.ts';
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
  private readonly plain: PlainModel;

  private constructor(
    fields: Pick<Moved, 'deviation'> & Record<'session' | 'feeds' | 'input' | 'start' | 'plain', unknown>,
  ) {
    this.deviation = fields.deviation;
    this.session = fields.session as Session;
    this.feeds = fields.feeds as Record<string, RunTensor>;
    this.input = fields.input as string;
    this.start = fields.start as Float32Array;
    this.plain = fields.plain as PlainModel;
  }

  static async open(model: Model, image: RunTensor, layer: Layer | undefined, of: ExplainedScore): Promise<Moved> {
    const built = await plainGraph(model, layer, of);
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
          plain: built,
          deviation: deviationOf(start),
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
        plain: built,
        deviation,
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
    const feeds = { ...this.feeds, [this.input]: fromFloat32(point, here.type, here.dims) };
    const results = await this.session.run(feeds, this.plain.wanted);
    return { value: this.plain.valueOf(results), scores: toFloat32(results[this.plain.scores]!) };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** What is explained: a target that no longer depends on the picture, and the kind of score. */
export interface ExplainedScore {
  readonly target: Target;
  readonly score: ScoreKind;
}

/** The model without any backward pass, and how the explained score is read from its outputs. */
export interface PlainModel {
  readonly graph: Graph;
  /** Class scores before the activation. */
  readonly scores: ValueName;
  /** Outputs that `valueOf` reads. */
  readonly wanted: readonly ValueName[];
  /** The score: in double precision from the class scores where they hold it, else as the graph gives it. */
  readonly valueOf: (results: Readonly<Record<string, RunTensor>>) => number;
}

/** The model with its scores as outputs and, for a layer, an input that is added to the layer's activation. */
export async function plainGraph(
  model: Model,
  layer: Layer | undefined,
  { target, score }: ExplainedScore,
): Promise<PlainModel> {
  let graph = model.graph.with({ outputs: [] });
  if (layer) {
    // The sum takes the name of the value: whoever reads it reads what was moved.
    const still = `${layer.value}/still`;
    const dims = model.shapes.get(layer.value)!.map((dim) => (typeof dim === 'number' ? dim : dim.batch));
    const nodes = graph.nodes.map((node) =>
      node.outputs.includes(layer.value)
        ? node.with({ outputs: node.outputs.map((name) => (name === layer.value ? still : name)) })
        : node,
    );
    graph = graph.with({
      nodes: [...nodes, Node.make('Add', [still, DELTA], [layer.value])],
      inputs: [...graph.inputs, new Value(DELTA, model.types.get(layer.value) ?? 'float32', dims)],
      outputs: [new Value(layer.value)],
    });
  }
  const { output, shapes, types, image } = model;
  const form = formOf(target);
  const added = await form.nodes?.(model);
  const base = programBase(
    withNodes({ graph, shapes, types, image, output }, added ? [added] : []),
    score,
    model.runtime.profile,
  );
  const { builder } = base;
  const scores = asFloat32(builder, base.scores, types.get(output.logits));
  const seed = form.nodes ? form.seed(base.facts, added) : seedOf(base.facts, target);
  const value = asFloat32(builder, seed.score, base.types.get(seed.of));
  for (const name of new Set([scores, value])) builder.output(name);
  return {
    graph: removeDeadNodes(builder.build()),
    scores,
    wanted: [...new Set([scores, value])],
    valueOf: (results) =>
      classScore(target, toFloat32(results[scores]!), output, score) ?? toFloat32(results[value]!)[0]!,
  };
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
