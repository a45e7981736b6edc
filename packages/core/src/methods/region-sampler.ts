import { isSeewhyError, Value } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { paintRegions } from '../perturbation/regions.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { Halves } from '../sampling/halves.ts';
import { sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, Sampled, SampledItem, Sampler, SamplerContext } from '../sampling/sampler.ts';
import { type Segmentation, segmentSizes } from '../segmentation/segmentation.ts';
import { toFloat32 } from '../tensors.ts';
import { fillOf, isFilled } from './fill-of.ts';
import { MaskedPicture, type MaskPlane, maskPlane } from './masked-picture.ts';
import { regionsOf } from './regions-of.ts';

/** A picture, what stands where it is hidden, and the regions that are hidden. */
export interface RegionItem extends SampledItem {
  readonly context: SamplerContext;
  readonly segmentation: Segmentation;
  readonly picture: Float32Array;
  /** Undefined: 0. */
  readonly fill: Float32Array | undefined;
}

/** What a method does with regions: which it keeps in each sample, and what it makes of the scores. */
export interface RegionPlan {
  /** Samples of a complete run. */
  readonly total: number;
  /** One number a region for sample `at`: 1 kept, 0 hidden. */
  readonly kept: (at: number) => ArrayLike<number>;
  /** Takes the score of sample `at`; they come in order. */
  readonly take: (at: number, score: number) => void;
  /** One value a region of what was taken; undefined when that says nothing yet. @throws SYSTEM_SINGULAR */
  readonly values: () => ArrayLike<number> | undefined;
  /** Values of both halves of what was taken, where the method has such; undefined when they say nothing yet. @throws SYSTEM_SINGULAR */
  readonly halves?: () => readonly [ArrayLike<number>, ArrayLike<number>] | undefined;
  readonly notes?: () => readonly string[];
}

const REGIONS = 'seewhy.regions';
const KEPT = 'seewhy.kept';

/** The sampler of every method that hides regions: each sample is a row of bits, whose mask is made in the graph. */
export class RegionSampler implements Sampler {
  private readonly context: SamplerContext;
  private readonly planOf: (item: RegionItem) => RegionPlan;
  private readonly masked: MaskedPicture;
  private readonly plane: MaskPlane;
  private readonly evaluator: ReturnType<SamplerContext['evaluator']>;
  private readonly batch: ReturnType<SamplerContext['batchSize']>;
  /** Targets of one picture share its regions. */
  private last: { readonly image: RunTensor; readonly segmentation: Segmentation } | undefined;

  constructor(context: SamplerContext, planOf: (item: RegionItem) => RegionPlan) {
    this.context = context;
    this.planOf = planOf;
    const { image } = context.model;
    this.plane = maskPlane(image);
    this.masked = new MaskedPicture(image, isFilled(context.options.fill));
    this.evaluator = context.evaluator({
      inputs: [
        ...this.masked.inputs,
        new Value(REGIONS, 'int32', [this.plane.height, this.plane.across]),
        new Value(KEPT, 'float32', ['B', 'R']),
      ],
      // Samples side by side are gathered in pieces of a run's length: 7 times as fast as a number at a time (runs of 8).
      source: (b) => {
        const beside = b.gather(b.transpose(KEPT, [1, 0]), REGIONS, 0);
        return this.masked.source(b, b.transpose(beside, [2, 0, 1]));
      },
      results: ({ score }) => ({ score }),
    });
    this.batch = context.batchSize(this.evaluator);
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { context } = this;
    const { options, sampling, model } = context;
    const segmentation = this.regions(item.image);
    const { count: regions } = segmentation;
    const picture = toFloat32(item.image);
    const fill = fillOf(options.fill, item, model.image, sampling.seed);
    const plan = this.planOf({ ...item, context, segmentation, picture, fill });
    const feeds = { ...this.masked.feeds(picture, fill), [REGIONS]: spread(segmentation, this.plane) };
    const taken = await sampleLoop({
      total: plan.total,
      batch: this.batch,
      control,
      until: sampling.until,
      convergence: () => difference(plan, segmentation),
      run: async (from, count) => {
        const kept = new Float32Array(count * regions);
        for (let i = 0; i < count; i++) kept.set(plan.kept(from + i), i * regions);
        const rows: RunTensor = { type: 'float32', dims: [count, regions], data: kept };
        const outputs = await this.evaluator.run({ ...feeds, [KEPT]: rows }, item.target, count);
        const scores = toFloat32(outputs.score!);
        for (let i = 0; i < count; i++) plan.take(from + i, scores[i]!);
      },
    });
    const { samples, interrupted, convergence } = taken;
    const values = interrupted ? settled(plan.values) : plan.values();
    if (!values) throw errors.aborted();
    return {
      dims: [segmentation.height, segmentation.width],
      data: Float32Array.from(paintRegions(segmentation, values)),
      samples,
      total: plan.total,
      batch: this.batch.size,
      convergence: convergence === undefined ? undefined : { value: convergence, of: 'halves' },
      interrupted,
      notes: [this.about(regions), ...(plan.notes?.() ?? [])],
    };
  }

  private regions(image: RunTensor): Segmentation {
    if (this.last?.image !== image)
      this.last = { image, segmentation: regionsOf(this.context.options, image, this.context.model.image) };
    return this.last.segmentation;
  }

  private about(regions: number): string {
    const { segmentation } = this.context.options;
    if (typeof segmentation !== 'string') return `${regions} given regions.`;
    const seen = segmentation === 'grid' ? '' : ' of the picture as the model sees it, each channel stretched to 0…1';
    return `${regions} regions (${segmentation})${seen}.`;
  }

  async release(): Promise<void> {}
}

/** Undefined where too little was taken for a fit. */
function settled<T>(values: () => T): T | undefined {
  try {
    return values();
  } catch (error) {
    if (isSeewhyError(error) && error.code === 'SYSTEM_SINGULAR') return undefined;
    throw error;
  }
}

/** Relative difference of the halves' maps: a region counts by its pixels. */
function difference(plan: RegionPlan, segmentation: Segmentation): number | undefined {
  const both = plan.halves && settled(plan.halves);
  if (!both) return undefined;
  const sizes = segmentSizes(segmentation);
  const halves = new Halves(segmentation.count);
  for (const half of [0, 1] as const)
    halves.addSum(
      half,
      Float64Array.from(both[half], (value, i) => value * Math.sqrt(sizes[i]!)),
      1,
    );
  return halves.difference();
}

/** The region of every place of a mask, int32 `[height, across]`. */
function spread({ labels }: Segmentation, { height, across, repeat }: MaskPlane): RunTensor {
  const data =
    repeat === 1 ? labels : Int32Array.from({ length: height * across }, (_, i) => labels[Math.floor(i / repeat)]!);
  return { type: 'int32', dims: [height, across], data };
}
