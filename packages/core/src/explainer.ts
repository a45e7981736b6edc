import { removeDeadNodes, Value } from '@seewhy/onnx';
import { errors } from './errors.ts';
import type { Layer } from './layers.ts';
import type { GraphMethod } from './methods/method.ts';
import type { Model } from './model.ts';
import { asFloat32, buildProgram, type ProgramMap } from './program.ts';
import type { RunTensor, Session } from './runtime/runtime.ts';
import type { Target } from './target.ts';
import { item, toFloat32 } from './tensors.ts';

export interface ExplainerRequest {
  readonly methods: readonly GraphMethod[];
  readonly layers: readonly Layer[];
  readonly targets: readonly Target[];
  readonly score: 'logit' | 'probability';
}

/** What one run says about one item. */
export interface ItemResult {
  /** Scores of all classes before the activation. */
  readonly scores: Float32Array;
  /** One a target, method and layer. */
  readonly maps: readonly ItemMap[];
  /** Duration of the run that made it, in milliseconds. */
  readonly milliseconds: number;
}

export interface ItemMap {
  readonly method: GraphMethod;
  readonly layer: Layer | undefined;
  /** Position in the request's targets. */
  readonly target: number;
  /** Class index the target meant for this item. */
  readonly index: number;
  /** `[h, w]`, or the image's own dimensions without the batch. */
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** More targets than this are run one after the other with the class as an input, instead of one backward pass each in the graph. */
const MOST_TARGETS_IN_GRAPH = 4;

const TARGET_INPUT = 'seewhy.target';

/** A model's explanation program, opened on its runtime: made once, run for every picture, then released. */
export class Explainer {
  private readonly session: Session;
  private readonly model: Model;
  private readonly request: ExplainerRequest;
  private readonly maps: readonly ProgramMap[];
  private readonly indices: readonly string[];
  private readonly scores: string;
  private readonly looped: boolean;

  private constructor(
    model: Model,
    request: ExplainerRequest,
    session: Session,
    maps: readonly ProgramMap[],
    indices: readonly string[],
    scores: string,
    looped: boolean,
  ) {
    this.model = model;
    this.request = request;
    this.session = session;
    this.maps = maps;
    this.indices = indices;
    this.scores = scores;
    this.looped = looped;
  }

  /** Builds the program and opens it. */
  static async open(model: Model, request: ExplainerRequest): Promise<Explainer> {
    const looped =
      request.targets.length > MOST_TARGETS_IN_GRAPH && request.targets.every((target) => target.kind === 'class');
    const base = model.graph.with({ outputs: [] });
    const built = buildProgram(
      { ...pick(model), graph: looped ? withTargetInput(base) : base },
      { ...request, targets: looped ? { input: TARGET_INPUT } : request.targets, profile: model.runtime.profile },
    );
    const b = built.builder;
    const maps = built.maps.map((map) => ({
      ...map,
      value: asFloat32(b, map.value, model.types.get(map.layer?.value ?? '') ?? gradientType(model)),
    }));
    const scores = asFloat32(b, built.scores, model.types.get(model.output.logits));
    // A value may be asked for twice (two names of one map): outputs are unique.
    for (const value of new Set([scores, ...built.indices, ...maps.map((map) => map.value)])) b.output(value);
    const session = await model.runtime.open(removeDeadNodes(b.build()));
    return new Explainer(model, request, session, maps, built.indices, scores, looped);
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
    const results: { scores: Float32Array; maps: ItemMap[]; milliseconds: number }[] = Array.from(
      { length: count },
      () => ({ scores: new Float32Array(0), maps: [], milliseconds: 0 }),
    );
    for (let target = 0; target < this.request.targets.length; target++) {
      throwIfAborted(signal);
      const asked = this.request.targets[target] as Target & { kind: 'class' };
      const classes: RunTensor = {
        type: 'int64',
        dims: [count],
        data: new BigInt64Array(count).fill(BigInt(asked.index)),
      };
      const part = await this.once({ ...feeds, [TARGET_INPUT]: classes }, count, () => target);
      part.forEach((one, index) => {
        const into = results[index]!;
        into.scores = one.scores;
        into.milliseconds += one.milliseconds;
        into.maps.push(...one.maps);
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
      maps: this.maps.map((map): ItemMap => {
        const raw = item(results[map.value]!, at);
        const target = targetOf(map);
        const index = this.indices[this.looped ? 0 : target]!;
        return {
          method: map.method,
          layer: map.layer,
          target,
          index: Number(results[index]!.data[at]!),
          dims: raw.dims,
          data: toFloat32(raw).slice(),
        };
      }),
    }));
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** The facts a program is built from. */
export function pick(model: Model) {
  const { graph, shapes, types, image, output } = model;
  return { graph, shapes, types, image, output };
}

function gradientType(model: Model) {
  return model.image.type === 'float16' || model.image.type === 'float64' ? model.image.type : 'float32';
}

function withTargetInput(graph: Model['graph']) {
  return graph.with({ inputs: [...graph.inputs, targetInput()] });
}

/** The int64 `[N]` input through which classes come in. */
export function targetInput(name = TARGET_INPUT): Value {
  return new Value(name, 'int64', ['N']);
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw errors.aborted();
}
