import { type GraphBuilder, Tensor, Value, type ValueName } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { RISE_ESTIMATES, type RiseEstimate, type RiseSums, riseMap } from '../perturbation/rise.ts';
import { RiseGrid } from '../perturbation/rise-grid.ts';
import { RiseGridSum } from '../perturbation/rise-grid-sum.ts';
import { RiseSum } from '../perturbation/rise-sum.ts';
import type { Weights } from '../picture/weights.ts';
import { randomStream } from '../random/random-stream.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { addTo, Halves } from '../sampling/halves.ts';
import { sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, Sampled, SampledItem, Sampler, SamplerContext } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import { fillOf, isFilled } from './fill-of.ts';
import { MaskedPicture, type MaskPlane, maskPlane } from './masked-picture.ts';
import type { SamplingMethod } from './method.ts';

/** map = 1/(N · keep) Σ y(x ⊙ M) · M over random masks M. */
export const rise: SamplingMethod = {
  kind: 'sampling',
  name: 'rise',
  title: 'RISE',
  aliases: ['random-input-sampling'],
  summary: 'The mean score of the pictures in which a pixel is to be seen, over random masks: no gradients, any model.',
  formula: '1/(N · keep) Σ y(x ⊙ M) · M, M a grid of random bits, enlarged (bilinear) and shifted at random',
  paper:
    'Petsiuk, Das and Saenko, RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018, eq. 6 (arXiv 1806.07421)',
  needs: 'runs',
  output: 'plane',
  cost: 'one prediction a mask: 4000',
  stages: { rectify: 'none' },
  options: { masks: 4000, grid: 7, keep: 0.5, fill: 'zero' },
  variants: RISE_ESTIMATES,
  variantOf: { xplique: 'coverage' },
  caution:
    'The paper scores by the probability (--score probability), as the score is asked for here by --score. With few masks the map is blotchy: look at the convergence. Where scores are far from 0, as logits are, most of that is how often a pixel was seen: --variant control-variate takes it away.',
  open: (context) => new RiseSampler(context),
};

const CELLS = 'seewhy.cells';
const DOWN = 'seewhy.down';
const ACROSS = 'seewhy.across';
const GIVEN = 'seewhy.given';

/** The masks of one picture. */
interface Masks {
  readonly total: number;
  /** Sums over the even and over the odd ones. */
  readonly halves: BothHalves;
  readonly some: (from: number, count: number) => SomeMasks;
}

/** Masks of one run. */
interface SomeMasks {
  readonly feeds: Record<string, RunTensor>;
  /** Adds mask number `at` to its half. */
  readonly add: (at: number, score: number) => void;
}

class RiseSampler implements Sampler {
  private readonly context: SamplerContext;
  private readonly plane: MaskPlane;
  private readonly grid: RiseGrid;
  private readonly how: RiseEstimate;
  private readonly masked: MaskedPicture;
  private readonly evaluator: ReturnType<SamplerContext['evaluator']>;
  private readonly batch: ReturnType<SamplerContext['batchSize']>;

  constructor(context: SamplerContext) {
    this.context = context;
    const { options, model } = context;
    this.plane = maskPlane(model.image);
    this.grid = new RiseGrid({ height: model.image.height, width: model.image.width, grid: options.grid });
    this.how = options.variant as RiseEstimate;
    this.masked = new MaskedPicture(model.image, isFilled(options.fill));
    const { height, across } = this.plane;
    const drawn = typeof options.masks === 'number';
    const { grid } = options;
    this.evaluator = context.evaluator({
      inputs: [
        ...this.masked.inputs,
        ...(drawn
          ? [
              new Value(CELLS, 'float32', ['B', grid, grid]),
              new Value(DOWN, 'int64', ['B']),
              new Value(ACROSS, 'int64', ['B']),
            ]
          : [new Value(GIVEN, 'float32', ['B', height, across])]),
      ],
      source: (b) => this.masked.source(b, drawn ? this.enlarged(b) : GIVEN),
      results: ({ score }) => ({ score }),
    });
    this.batch = context.batchSize(this.evaluator);
  }

  /** Enlarges cells bilinearly, rows and columns by a matrix each, which the shift picks from a table. */
  private enlarged(b: GraphBuilder): ValueName {
    const { grid } = this.context.options;
    const { height, across, repeat } = this.plane;
    const {
      shifts: [down, right],
      rows,
      columns,
    } = this.grid;
    const table = (weights: Weights, shifts: number, length: number, of: number, name: string) => {
      const data = new Float32Array(shifts * length * grid);
      for (let shift = 0; shift < shifts; shift++) {
        for (let i = 0; i < length; i++) {
          const at = Math.floor(i / of) + shift;
          for (let t = 0; t < weights.count[at]!; t++)
            data[(shift * length + i) * grid + weights.start[at]! + t]! += weights.values[at * weights.taps + t]!;
        }
      }
      return b.constant(Tensor.floats(data, [shifts, length, grid]), name);
    };
    const tall = b.matmul(b.gather(table(rows, down, height, 1, 'rows'), DOWN, 0), CELLS);
    const wide = b.gather(table(columns, right, across, repeat, 'columns'), ACROSS, 0);
    return b.matmul(tall, b.transpose(wide, [0, 2, 1]));
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { options, model, sampling, score } = this.context;
    const { height, width } = model.image;
    const masks = this.masksOf(item);
    const feeds = this.masked.feeds(toFloat32(item.image), fillOf(options.fill, item, model.image, sampling.seed));
    const taken = await sampleLoop({
      total: masks.total,
      batch: this.batch,
      control,
      until: sampling.until,
      convergence: () => apart(masks.halves, options.keep, this.how),
      run: async (from, count) => {
        const some = masks.some(from, count);
        const outputs = await this.evaluator.run({ ...feeds, ...some.feeds }, item.target, count);
        const scores = toFloat32(outputs.score!);
        for (let i = 0; i < count; i++) some.add(from + i, scores[i]!);
      },
    });
    const { samples, interrupted, convergence } = taken;
    if (samples === 0) throw errors.aborted();
    const data = Float32Array.from(riseMap(joined(masks.halves), options.keep, this.how));
    return {
      dims: [height, width],
      data,
      samples,
      total: masks.total,
      batch: this.batch.size,
      convergence: convergence === undefined ? undefined : { value: convergence, of: 'halves' },
      interrupted,
      notes: score === 'probability' ? [] : ['RISE as published scores by the probability: --score probability.'],
    };
  }

  /** @throws MASKS_SHAPE */
  private masksOf({ item }: SampledItem): Masks {
    const { options, sampling, model } = this.context;
    const { height, width } = model.image;
    const { masks, grid, keep } = options;
    if (typeof masks !== 'number') {
      if (masks.dims.length !== 3 || !(masks.dims[0]! > 0) || masks.dims[1] !== height || masks.dims[2] !== width)
        throw errors.masksShape(masks.dims, [height, width]);
      return this.givenMasks(masks);
    }
    const { grid: enlarged } = this;
    const [down, across] = enlarged.shifts;
    const halves = [new RiseGridSum(enlarged), new RiseGridSum(enlarged)] as const;
    return {
      total: masks,
      halves,
      some: (from, count) => {
        const drawn = Array.from({ length: count }, (_, i) => {
          const stream = randomStream(sampling.seed, 'rise', item, from + i);
          const cells = stream.fillBits(new Uint8Array(grid * grid), keep);
          return { cells, shift: [stream.uniformInt(down), stream.uniformInt(across)] as const };
        });
        const cells = new Float32Array(count * grid * grid);
        for (const [i, mask] of drawn.entries()) cells.set(mask.cells, i * grid * grid);
        const shifts = (axis: 0 | 1): RunTensor => ({
          type: 'int64',
          dims: [count],
          data: BigInt64Array.from(drawn, ({ shift }) => BigInt(shift[axis])),
        });
        return {
          feeds: {
            [CELLS]: { type: 'float32', dims: [count, grid, grid], data: cells },
            [DOWN]: shifts(0),
            [ACROSS]: shifts(1),
          },
          add: (at, score) => halves[(at % 2) as 0 | 1].add(drawn[at - from]!.cells, drawn[at - from]!.shift, score),
        };
      },
    };
  }

  /** @param masks `[N, H, W]` */
  private givenMasks(masks: RunTensor): Masks {
    const { height, across, repeat } = this.plane;
    const size = (height * across) / repeat;
    const halves = [new RiseSum(size), new RiseSum(size)] as const;
    return {
      total: masks.dims[0]!,
      halves,
      some: (from, count) => {
        const some = toFloat32({ ...masks, data: masks.data.subarray(from * size, (from + count) * size) });
        const data =
          repeat === 1
            ? some
            : Float32Array.from({ length: count * height * across }, (_, i) => some[Math.floor(i / repeat)]!);
        return {
          feeds: { [GIVEN]: { type: 'float32', dims: [count, height, across], data } },
          add: (at, score) =>
            halves[(at % 2) as 0 | 1].add(some.subarray((at - from) * size, (at - from + 1) * size), score),
        };
      },
    };
  }

  async release(): Promise<void> {}
}

type BothHalves = readonly [RiseSums, RiseSums];

function joined([a, b]: BothHalves): RiseSums {
  const both = (what: 'scored' | 'masks') => {
    const sum = a[what].slice();
    addTo(sum, b[what]);
    return sum;
  };
  return {
    count: a.count + b.count,
    scores: a.scores + b.scores,
    get scored() {
      return both('scored');
    },
    get masks() {
      return both('masks');
    },
  };
}

/** Relative difference of the maps of both halves. */
function apart(halves: BothHalves, keep: number, how: RiseEstimate): number | undefined {
  if (halves.some(({ count }) => count === 0)) return undefined;
  const [even, odd] = halves.map((half) => riseMap(half, keep, how)) as [Float64Array, Float64Array];
  const maps = new Halves(even.length);
  maps.addSum(0, even, 1);
  maps.addSum(1, odd, 1);
  return maps.difference();
}
