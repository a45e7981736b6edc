import { removeDeadNodes } from '@seewhy/onnx';
import { throwIfAborted } from './aborted.ts';
import type { ClassOutput } from './class-output.ts';
import type { Layer } from './layers.ts';
import type { GraphMethod } from './methods/method.ts';
import type { Model } from './model.ts';
import { asFloat32, buildProgram, type ChosenMethod, type ProgramMap } from './program.ts';
import type { RunTensor, Session } from './runtime/runtime.ts';
import { seedOf } from './seed.ts';
import type { ScoreKind, Target } from './target.ts';
import { formOf, resolveTarget } from './target-form.ts';
import { item, toFloat32 } from './tensors.ts';

export interface ExplainerRequest {
  readonly methods: readonly ChosenMethod<GraphMethod>[];
  readonly layers: readonly Layer[];
  readonly targets: readonly Target[];
  readonly score: ScoreKind;
}

/** What one run says about one item. */
export interface ItemResult {
  /** Scores of all classes before the activation. */
  readonly scores: Float32Array;
  /** One a target, method and layer. */
  readonly maps: readonly ItemMap[];
  /** One a target, in order. */
  readonly targets: readonly ItemTarget[];
  /** Duration of the run that made it, in milliseconds. */
  readonly milliseconds: number;
}

/** What a target meant for an item. */
export interface ItemTarget {
  /** Class index. */
  readonly index: number;
  /** The explained score. */
  readonly value: number;
}

export interface ItemMap {
  readonly method: GraphMethod;
  readonly layer: Layer | undefined;
  /** Position in the request's targets. */
  readonly target: number;
  /** `[h, w]`, or the image's own dimensions without the batch. */
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** More targets than this are run one after the other with the class as an input, instead of one backward pass each in the graph. */
const MOST_TARGETS_IN_GRAPH = 4;

/** A model's explanation program, opened on its runtime: made once, run for every picture, then released. */
export class Explainer {
  private readonly session: Session;
  private readonly model: Model;
  private readonly request: ExplainerRequest;
  private readonly maps: readonly ProgramMap[];
  private readonly meanings: readonly Meaning[];
  private readonly scores: string;
  private readonly looped: boolean;

  private constructor(
    model: Model,
    request: ExplainerRequest,
    session: Session,
    maps: readonly ProgramMap[],
    meanings: readonly Meaning[],
    scores: string,
    looped: boolean,
  ) {
    this.model = model;
    this.request = request;
    this.session = session;
    this.maps = maps;
    this.meanings = meanings;
    this.scores = scores;
    this.looped = looped;
  }

  /** Builds the program and opens it. */
  static async open(model: Model, request: ExplainerRequest): Promise<Explainer> {
    const { targets, methods, score } = request;
    const [first] = targets;
    // Without methods there is only the prediction to be made; what a class's score is, is read from it.
    const seeded = methods.length > 0 ? targets : targets.filter((target) => !isRead(target, model, score));
    // Targets of one form differ in what is fed only.
    const looped = seeded.length > MOST_TARGETS_IN_GRAPH && seeded.every((target) => target.kind === 'class');
    const form = looped ? formOf(first!) : undefined;
    const graph = model.graph.with({
      outputs: [],
      ...(form ? { inputs: [...model.graph.inputs, ...form.inputs] } : {}),
    });
    const built = buildProgram(
      { ...pick(model), graph },
      {
        methods,
        layers: request.layers,
        score,
        profile: model.runtime.profile,
        seeds: form ? [form.seed] : seeded.map((target) => (facts) => seedOf(facts, target)),
      },
    );
    const b = built.builder;
    const maps = built.maps.map((map) => ({
      ...map,
      value: asFloat32(b, map.value, model.types.get(map.layer?.value ?? '') ?? gradientType(model)),
    }));
    const scores = asFloat32(b, built.scores, model.types.get(model.output.logits));
    const meanings = targets.map((target): Meaning => {
      const at = form ? 0 : seeded.indexOf(target);
      if (isRead(target, model, score))
        return { index: target.kind === 'top' ? built.indices[at] : undefined, value: undefined };
      return { index: built.indices[at], value: asFloat32(b, built.values[at]!, model.types.get(model.output.logits)) };
    });
    const wanted = [scores, ...maps.map((map) => map.value), ...meanings.flatMap(({ index, value }) => [index, value])];
    // A value may be asked for twice (two names of one map): outputs are unique.
    for (const value of new Set(wanted)) if (value !== undefined) b.output(value);
    const session = await model.runtime.open(removeDeadNodes(b.build()));
    return new Explainer(model, request, session, maps, meanings, scores, looped);
  }

  /**
   * Explains image tensors (batch first, stacked into one run).
   * @param signal checked between runs
   */
  async run(images: readonly RunTensor[], signal?: AbortSignal): Promise<ItemResult[]> {
    const feeds = this.model.feeds(images);
    const count = images.reduce((sum, image) => sum + image.dims[0]!, 0);
    if (!this.looped) {
      throwIfAborted(signal);
      return this.once(feeds, count, (map) => map.target);
    }
    const results: { scores: Float32Array; maps: ItemMap[]; targets: ItemTarget[]; milliseconds: number }[] =
      Array.from({ length: count }, () => ({ scores: new Float32Array(0), maps: [], targets: [], milliseconds: 0 }));
    for (const [position, target] of this.request.targets.entries()) {
      throwIfAborted(signal);
      const part = await this.once({ ...feeds, ...formOf(target).feeds(target, count) }, count, () => position);
      part.forEach((one, index) => {
        const into = results[index]!;
        into.scores = one.scores;
        into.milliseconds += one.milliseconds;
        into.maps.push(...one.maps);
        into.targets.push(...one.targets);
      });
    }
    return results;
  }

  private async once(
    feeds: Record<string, RunTensor>,
    count: number,
    targetOf: (map: ProgramMap) => number,
  ): Promise<ItemResult[]> {
    const start = performance.now();
    const results = await this.session.run(feeds);
    const milliseconds = performance.now() - start;
    const classes = this.model.output.binary ? 1 : this.model.output.classes;
    const scores = toFloat32(results[this.scores]!);
    return Array.from({ length: count }, (_, at) => ({
      scores: scores.slice(at * classes, (at + 1) * classes),
      milliseconds,
      targets: this.request.targets.map((target, position) =>
        this.meaning(target, this.meanings[position]!, results, scores.subarray(at * classes, (at + 1) * classes), at),
      ),
      maps: this.maps.map((map): ItemMap => {
        const raw = item(results[map.value]!, at);
        return {
          method: map.method,
          layer: map.layer,
          target: targetOf(map),
          dims: raw.dims,
          data: toFloat32(raw).slice(),
        };
      }),
    }));
  }

  private meaning(
    target: Target,
    { index, value }: Meaning,
    results: Readonly<Record<string, RunTensor>>,
    scores: Float32Array,
    at: number,
  ): ItemTarget {
    const { output } = this.model;
    const resolved = index === undefined ? resolveTarget(target, scores, output) : target;
    const best = index === undefined ? (resolved as { index: number }).index : Number(results[index]!.data[at]!);
    if (value !== undefined) return { index: best, value: toFloat32(results[value]!)[at]! };
    const of = scoreReader(scores, output, this.request.score);
    return { index: best, value: target.kind === 'contrast' ? of(best) - of(target.against) : of(best) };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** Values of the program that say what a target means; undefined: it is read from the scores. */
interface Meaning {
  readonly index: string | undefined;
  readonly value: string | undefined;
}

/** Whether a target's score is a class's, or the difference of two, and so among the scores that every program gives. */
const isRead = ({ kind }: Target, { output }: Model, score: ScoreKind) =>
  (kind === 'class' || kind === 'top' || kind === 'contrast') && (score === 'logit' || output.positions === 1);

/** The explained score of a class, from the scores of one item before the activation. */
function scoreReader(scores: Float32Array, output: ClassOutput, score: ScoreKind): (index: number) => number {
  const logit = (index: number) => (output.binary ? (index === 1 ? scores[0]! : -scores[0]!) : scores[index]!);
  if (score === 'logit') return logit;
  if (output.activation === 'sigmoid') return (index) => 1 / (1 + Math.exp(-logit(index)));
  const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = scores.reduce((total, value) => total + Math.exp(value - most), 0);
  return (index) => Math.exp(scores[index]! - most) / sum;
}

/** The facts a program is built from. */
export function pick(model: Model) {
  const { graph, shapes, types, image, output } = model;
  return { graph, shapes, types, image, output };
}

function gradientType(model: Model) {
  return model.image.type === 'float16' || model.image.type === 'float64' ? model.image.type : 'float32';
}
