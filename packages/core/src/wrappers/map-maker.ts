import { Value } from '@seewhy/onnx';
import { imageDims } from '../image-input.ts';
import type { Method } from '../methods/method.ts';
import { usesLayer } from '../program.ts';
import { BatchSize } from '../sampling/batch-size.ts';
import type { Evaluator } from '../sampling/evaluator.ts';
import { type RunControl, type Sampled, type SampledItem, type Sampler, SamplerContext } from '../sampling/sampler.ts';
import { fromFloat32, item as nth, toFloat32 } from '../tensors.ts';

/** A picture that a method is asked about in place of another, and the number that its own random numbers go by. */
export interface OtherPicture {
  readonly data: Float32Array;
  readonly item: number;
}

/**
 * Raw maps of any method for pictures made from a picture: what wrappers call. Graph methods take several in a run; of sampling methods
 * each is a whole sampling of its own, without `until`.
 */
export class MapMaker {
  readonly batch: BatchSize;
  private readonly method: Method;
  private readonly context: SamplerContext;
  /** Maps of a graph method, or scores for a sampling one. */
  private readonly evaluator: Evaluator;
  private readonly sampler: Sampler | undefined;
  private readonly inner: SamplerContext | undefined;

  constructor(method: Method, context: SamplerContext) {
    this.method = method;
    this.context = context;
    const { model, layer, options, sampling } = context;
    this.evaluator = context.evaluator({
      inputs: [new Value('seewhy.pictures', 'float32', ['B', ...imageDims(model.image).slice(1)])],
      source: () => 'seewhy.pictures',
      results: ({ attribute, score, scores }): Record<string, string> =>
        method.kind === 'graph'
          ? { map: attribute({ method, options }, layersOf(context, method))[0]! }
          : { score, scores },
    });
    if (method.kind === 'graph') this.batch = context.batchSize(this.evaluator);
    else {
      this.inner = new SamplerContext({
        model,
        method,
        score: context.score,
        layer,
        options,
        sampling: { ...sampling, until: undefined },
      });
      this.sampler = method.open(this.inner);
      this.batch = new BatchSize(1, 1);
    }
  }

  /** Maps of some pictures, no more than one run takes. @throws ABORTED */
  async maps(pictures: readonly OtherPicture[], of: SampledItem, control: RunControl): Promise<Sampled[]> {
    const { image } = this.context.model;
    const dims = imageDims(image);
    const outputs =
      this.method.needs === 'picture'
        ? undefined
        : await this.evaluator.run(
            {
              'seewhy.pictures': { type: 'float32', dims: [pictures.length, ...dims.slice(1)], data: joined(pictures) },
            },
            of.target,
            pictures.length,
          );
    if (!this.sampler)
      return pictures.map((_, at): Sampled => {
        const map = nth(outputs!.map!, at);
        return { dims: map.dims, data: toFloat32(map), samples: 1, total: 1, batch: pictures.length };
      });
    const maps: Sampled[] = [];
    for (const [at, { data, item }] of pictures.entries()) {
      const scores = outputs ? toFloat32(nth(outputs.scores!, at)) : of.scores;
      const value = outputs ? toFloat32(outputs.score!)[at]! : of.value;
      maps.push(
        await this.sampler.attribute(
          { ...of, image: fromFloat32(data, image.type, dims), scores, value, item },
          { signal: control.signal },
        ),
      );
    }
    return maps;
  }

  async release(): Promise<void> {
    await this.sampler?.release();
    await this.inner?.release();
  }
}

/** The layers that an evaluator is to ask a method about. */
export const layersOf = ({ layer }: SamplerContext, method: Method) => (usesLayer(method) && layer ? [layer] : []);

function joined(pictures: readonly OtherPicture[]): Float32Array {
  const [first] = pictures;
  if (pictures.length === 1) return first!.data;
  const all = new Float32Array(pictures.length * first!.data.length);
  for (const [at, { data }] of pictures.entries()) all.set(data, at * data.length);
  return all;
}

/** Dimensions of a method's raw map. */
export function mapDims(method: Method, { model, layer }: SamplerContext): readonly number[] {
  const { image } = model;
  if (method.output === 'pixel') return imageDims(image).slice(1);
  if (method.output === 'plane') return [image.height, image.width];
  return [layer!.grid.height, layer!.grid.width];
}
