import { errors } from '../errors.ts';
import { finishMap } from '../heatmap/presets.ts';
import { type ImageInput, imageDims } from '../image-input.ts';
import type { Method, SamplingMethod } from '../methods/method.ts';
import { Halves } from '../sampling/halves.ts';
import { sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, Sampled, SampledItem, Sampler, SamplerContext } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import { flipped } from './flip.ts';
import { infoOf } from './info-of.ts';
import { MapMaker } from './map-maker.ts';

/** Every version of the picture: as it is and mirrored left to right, each with the tensor times these. */
const FACTORS = [0.9, 1, 1.1] as const;
const VERSIONS = [false, true].flatMap((mirrored) => FACTORS.map((factor) => ({ mirrored, factor })));

/**
 * A method's maps of the picture and its mirror image, each at three contrasts, flipped back and averaged: test-time augmentation, as
 * pytorch-grad-cam's `aug_smooth` has it. That peer averages maps that are already finished; its preset does the same.
 */
export function augmented(method: Method, preset: string): SamplingMethod {
  const finish = preset === PEER && method.output === 'layer';
  return {
    ...infoOf(method),
    kind: 'sampling',
    title: `${method.title}, augmented`,
    formula: `1/6 Σ over (mirrored or not) × (0.9, 1, 1.1) of the maps of the changed picture, mirrored back; each is ${method.formula}`,
    cost: `6 × ${method.name}`,
    ...(finish ? { output: 'plane', stages: { rectify: 'none', finish: [] } } : {}),
    wrappers: { ...method.wrappers, augment: true },
    open: (context) => new Augmenter(method, context, finish),
  };
}

const PEER = 'pytorch-grad-cam';

class Augmenter implements Sampler {
  private readonly context: SamplerContext;
  private readonly maker: MapMaker;
  private readonly finish: boolean;

  constructor(method: Method, context: SamplerContext, finish: boolean) {
    this.context = context;
    this.maker = new MapMaker(method, context);
    this.finish = finish;
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { image } = this.context.model;
    const size = imageDims(image).slice(1);
    const picture = toFloat32(item.image);
    let mean: Halves | undefined;
    let dims: readonly number[] = [];
    let each = 1;
    const taken = await sampleLoop({
      total: VERSIONS.length,
      batch: this.maker.batch,
      control,
      run: async (from, count) => {
        const versions = VERSIONS.slice(from, from + count);
        const pictures = versions.map(({ mirrored, factor }, at) => {
          const side = mirrored ? flipped(picture, size, widthAxis(image, size)) : picture;
          return { data: side.map((value) => value * factor), item: item.item * VERSIONS.length + from + at };
        });
        const maps = await this.maker.maps(pictures, item, control);
        for (const [at, one] of maps.entries()) {
          if (one.interrupted && mean) continue;
          const map = this.finish ? finished(one, image) : one;
          [dims, each] = [map.dims, Math.max(one.samples, 1)];
          mean ??= new Halves(map.data.length);
          mean.add(from + at, versions[at]!.mirrored ? flipped(map.data, dims, widthAxis(image, dims)) : map.data);
        }
      },
    });
    if (!mean) throw errors.aborted();
    return {
      dims,
      data: mean.mean(),
      samples: taken.samples * each,
      total: VERSIONS.length * each,
      batch: this.maker.batch.size,
      interrupted: taken.interrupted,
    };
  }

  release(): Promise<void> {
    return this.maker.release();
  }
}

/** Left to right: the last axis of a map and of planes, the last but one where channels come last. */
const widthAxis = ({ layout }: ImageInput, dims: readonly number[]) =>
  dims.length === 3 && layout === 'NHWC' ? 1 : dims.length - 1;

function finished({ dims, data }: Sampled, { width, height }: ImageInput): Pick<Sampled, 'dims' | 'data'> {
  const { map } = finishMap({ height: dims[0]!, width: dims[1]!, data }, PEER, { width, height });
  return { dims: [height, width], data: map.data };
}
