import { type ExplainOptions, ExplainProgram, type Explanation, type Model, type Target } from '@seewhy/core';
import { kerasLayerName } from '../keras-layer-name.ts';
import type { LoadOptions } from '../open-model.ts';
import { checkNumber } from './check-number.ts';
import { type ImageBatch, readImages, sizeOf } from './image-batch.ts';
import { type ModelSource, OpenedModels } from './opened-models.ts';
import type { Grid } from './picture-grid.ts';
import { type SaveOptions, saveGrid } from './save-grid.ts';
import { imagesOf, type ValidationData } from './validation-data.ts';

/** What every constructor of `seewhy/tf-explain` takes. */
export interface ExplainerOptions {
  /**
   * Pictures of one run, and of methods that sample: samples of one run. Default: one picture, and as many samples as pay. More than
   * one takes a model that was opened with `batch: 'free'`, as paths are here.
   */
  readonly batchSize?: number;
  /** How a model is opened, where a path is given. */
  readonly load?: LoadOptions;
}

/** Something that holds sessions of the runtime. */
interface Held {
  release(): Promise<void>;
}

/** What is open for one model, by what it was opened with. */
type HeldOf = Map<string, Promise<Held>>;

/**
 * What the explainers have in common: models and programs stay open from one call to the next, until `release`.
 */
export abstract class BatchExplainer {
  private readonly batchSize: number | undefined;
  private readonly models: OpenedModels;
  private readonly held = new Map<Model, HeldOf>();

  /** @param samples whether the method runs many samples of one picture */
  protected constructor({ batchSize, load }: ExplainerOptions, samples: boolean) {
    if (batchSize !== undefined) checkNumber('batchSize', batchSize, { least: 1, whole: true });
    this.batchSize = batchSize;
    this.models = new OpenedModels({ batch: samples || (batchSize ?? 1) > 1 ? 'free' : 'one', ...load });
  }

  /**
   * Writes a grid as a PNG file into a folder, which is made where there is none.
   * @param name a plain file name; `.png` is added where it has no ending
   * @returns the path
   * @throws OUTPUT_INVALID, OUTPUT_EXISTS unless `force`, OUTPUT_…
   */
  save(grid: Grid, folder: string, name: string, options: SaveOptions = {}): Promise<string> {
    return saveGrid(grid, folder, name, options);
  }

  /** Closes what is open. The explainer can be used again. */
  async release(): Promise<void> {
    const models = [...this.held.keys()];
    this.models.clear();
    for (const model of models) await this.drop(model);
  }

  /** The model of a call, its pictures, and what it calls a layer of Keras. */
  protected async ready(
    data: ValidationData,
    source: ModelSource,
  ): Promise<{ model: Model; batch: ImageBatch; layerName: (name: string) => string }> {
    const x = imagesOf(data);
    const { model, preprocess, keras } = await this.models.open(source, sizeOf(x), (old) => this.drop(old));
    return {
      model,
      batch: readImages(x, model, preprocess),
      layerName: (name) => kerasLayerName(name, model, keras),
    };
  }

  /** Opens once for each model and key. */
  protected async keep<T extends Held>(model: Model, key: string, open: () => Promise<T>): Promise<T> {
    const held: HeldOf = this.held.get(model) ?? new Map();
    this.held.set(model, held);
    let one = held.get(key) as Promise<T> | undefined;
    if (!one) {
      one = open();
      held.set(key, one);
      one.catch(() => held.delete(key));
    }
    return one;
  }

  /** The pictures in parts of one run each. */
  protected parts(model: Model, { tensors }: ImageBatch): ImageBatch['tensors'][] {
    const size = model.batch === 'free' ? (this.batchSize ?? 1) : 1;
    return Array.from({ length: Math.ceil(tensors.length / size) }, (_, n) => tensors.slice(n * size, (n + 1) * size));
  }

  /**
   * One explanation a picture.
   * @param once the program is opened for this call alone: a method that draws random numbers begins anew
   */
  protected async explanations(
    model: Model,
    batch: ImageBatch,
    target: Target,
    options: ExplainOptions,
    { signal, once = false }: { readonly signal: AbortSignal | undefined; readonly once?: boolean },
  ): Promise<Explanation[]> {
    const open = () =>
      ExplainProgram.open(model, {
        ...options,
        // Targets are given to each run: one program for all classes.
        targets: [],
        ...(this.batchSize === undefined ? {} : { sampleBatch: this.batchSize }),
      });
    const program = once ? await open() : await this.keep(model, JSON.stringify(options), open);
    try {
      const explanations: Explanation[] = [];
      for (const part of this.parts(model, batch)) {
        const found = await program.run(part, { signal, targets: part.map(() => [target]) });
        signal?.throwIfAborted();
        explanations.push(...found.map(([one]) => one!));
      }
      return explanations;
    } finally {
      if (once) await program.release();
    }
  }

  private async drop(model: Model): Promise<void> {
    const held = this.held.get(model);
    this.held.delete(model);
    for (const one of held?.values() ?? []) await (await one.catch(() => undefined))?.release();
  }
}
