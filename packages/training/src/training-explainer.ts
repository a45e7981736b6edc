import {
  type ColormapName,
  type ExplainOptions,
  ExplainProgram,
  type Explanation,
  findMethod,
  Model,
  pictureOfTensor,
  type RunTensor,
  type Runtime,
} from '@seewhy/core';
import type { Graph } from '@seewhy/onnx';
import { errors } from './errors.ts';
import { ExplainedPicture } from './explained-picture.ts';
import { runFacts } from './run-facts.ts';
import { asSink, type RunFacts, type SinkLike } from './sinks/sink.ts';
import { Tags, targetTag } from './tags.ts';
import { withWeightsOf } from './with-weights-of.ts';

/** Pictures smaller than this are enlarged: dashboards show them as they are. */
const LEAST_SIDE = 112;

/** How a training is explained. Methods, targets, layers and options of methods are those of `explain` in the core. */
export interface TrainingOptions extends ExplainOptions {
  /** What explains: `ortRuntime(ort)` with onnxruntime-node or onnxruntime-web. */
  readonly runtime: Runtime;
  /** Image tensors as the model takes them, each with its batch of 1 first. */
  readonly images: readonly RunTensor[];
  /** Names of the pictures; default `0`, `1` … */
  readonly names?: readonly string[];
  /** Class names by index. */
  readonly labels?: readonly string[];
  /** One a picture, `height * width` of the model's input: above 0 where it shows what is to be found. */
  readonly inside?: readonly ArrayLike<number>[];
  /** Default `viridis`, for signed maps `diverging`. */
  readonly colormap?: ColormapName;
  /** Where results go. */
  readonly to: readonly SinkLike[];
}

/**
 * Explains the same pictures again and again while the weights of a model change. The model's shapes are found once; as long as the
 * topology stays, only weights are exchanged. Between two steps nothing is held in the runtime.
 */
export class TrainingExplainer {
  private readonly options: TrainingOptions;
  private model: Model | undefined;

  /** @throws PICTURES_MISSING, PICTURE_NAMES, PICTURE_MASKS */
  constructor(options: TrainingOptions) {
    const { images, names, inside } = options;
    if (images.length === 0) throw errors.noPictures();
    if (names && names.length !== images.length) throw errors.pictureNames(names.length, images.length);
    if (inside && inside.length !== images.length) throw errors.pictureMasks(inside.length, images.length);
    this.options = options;
  }

  /** Explains the pictures with the weights of a graph and hands the results to the sinks. */
  async explain(graph: Graph, step: number): Promise<readonly ExplainedPicture[]> {
    const model = await this.load(graph);
    const program = await ExplainProgram.open(model, this.options);
    let pictures: ExplainedPicture[];
    let facts: RunFacts;
    try {
      pictures = this.pictures(program, await this.run(program), step);
      facts = runFacts(program, pictures);
    } finally {
      await program.release();
    }
    for (const sink of this.sinks) await sink.write(step, pictures, facts);
    return pictures;
  }

  /** The training is over. */
  async close(): Promise<void> {
    for (const sink of this.sinks) await sink.close?.();
  }

  private get sinks() {
    return this.options.to.map(asSink);
  }

  private async load(graph: Graph): Promise<Model> {
    const { runtime, labels, images } = this.options;
    const again = this.model && withWeightsOf(this.model, graph);
    // Pictures, and the samples of a sampling method, go through the model together.
    const many = images.length > 1 || (this.options.methods ?? []).some(isSampling);
    this.model = again ?? (await Model.load(graph, { runtime, labels, batch: many ? 'free' : 'one' }));
    return this.model;
  }

  /** All pictures in one run where the model's batch is free, else one by one. */
  private async run(program: ExplainProgram): Promise<Explanation[][]> {
    const { images } = this.options;
    if (program.model.batch === 'free') return program.run(images);
    const own = program.options.ownTargets;
    const results: Explanation[][] = [];
    for (const [at, image] of images.entries())
      results.push(...(await program.run([image], own ? { targets: [own[at]!] } : {})));
    return results;
  }

  private pictures(program: ExplainProgram, results: readonly Explanation[][], step: number): ExplainedPicture[] {
    const { images, names, inside, colormap } = this.options;
    const { model, options } = program;
    const tags = new Tags();
    return results.flatMap((explanations, at) => {
      const name = names?.[at] ?? String(at);
      const picture = pictureOfTensor(images[at]!, model.image, name, LEAST_SIDE);
      const targets = options.ownTargets?.[at] ?? options.targets;
      const mask = inside?.[at];
      return explanations.map((explanation, index) => {
        // Targets in order, methods within them.
        const target = targets[Math.floor(index / options.methods.length)]!;
        const tag = tags.next(explanation.method, name, targets.length > 1 ? targetTag(target, model) : undefined);
        return new ExplainedPicture({
          step,
          name,
          tag,
          explanation,
          picture,
          ...(mask ? { mask } : {}),
          ...(colormap ? { colormap } : {}),
        });
      });
    });
  }
}

const isSampling = (name: string) => name.trim().toLowerCase() === 'auto' || findMethod(name).kind === 'sampling';
