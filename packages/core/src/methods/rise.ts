import { type GraphBuilder, Tensor, Value, type ValueName } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { RISE_ESTIMATES, type RiseEstimate, type RiseSums, riseCell, riseMap } from '../perturbation/rise.ts';
import { mirrorWeights, type Weights } from '../picture/weights.ts';
import { randomStream } from '../random/random-stream.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { addTo, Halves } from '../sampling/halves.ts';
import { sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, Sampled, SampledItem, Sampler, SamplerContext } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import { HALF_INPUT, halfRows, inHalf } from '../wrappers/moments.ts';
import { fillOf, isFilled } from './fill-of.ts';
import { MASK, MaskedPicture, type MaskPlane, maskPlane } from './masked-picture.ts';
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

/** The masks of one picture: how many, and what is fed for some of them. */
interface Masks {
  readonly total: number;
  readonly feeds: (from: number, count: number) => Record<string, RunTensor>;
}

class RiseSampler implements Sampler {
  private readonly context: SamplerContext;
  private readonly plane: MaskPlane;
  private readonly how: RiseEstimate;
  private readonly masked: MaskedPicture;
  private readonly evaluator: ReturnType<SamplerContext['evaluator']>;
  private readonly batch: ReturnType<SamplerContext['batchSize']>;

  constructor(context: SamplerContext) {
    this.context = context;
    const { options, model } = context;
    this.plane = maskPlane(model.image);
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
        new Value(HALF_INPUT, 'float32', [2, 'B']),
      ],
      source: (b) => this.masked.source(b, drawn ? this.enlarged(b) : GIVEN),
      results: ({ b, score }) => {
        const flat = b.reshape(MASK, [0, height * across]);
        const sum = b.matmul(b.mul(HALF_INPUT, score), flat);
        return { sum, score, ...(this.how === 'keep' ? {} : { masks: b.matmul(HALF_INPUT, flat) }) };
      },
    });
    this.batch = context.batchSize(this.evaluator);
  }

  /** Enlarges cells bilinearly, rows and columns by a matrix each, which the shift picks from a table. */
  private enlarged(b: GraphBuilder): ValueName {
    const { height, width } = this.context.model.image;
    const { grid } = this.context.options;
    const { across, repeat } = this.plane;
    const [cellHeight, cellWidth] = riseCell({ height, width, grid });
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
    const rows = table(mirrorWeights(grid, (grid + 1) * cellHeight), cellHeight, height, 1, 'rows');
    const columns = table(mirrorWeights(grid, (grid + 1) * cellWidth), cellWidth, across, repeat, 'columns');
    const tall = b.matmul(b.gather(rows, DOWN, 0), CELLS);
    return b.matmul(tall, b.transpose(b.gather(columns, ACROSS, 0), [0, 2, 1]));
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { options, model, sampling, score } = this.context;
    const { height, width } = model.image;
    const masks = this.masksOf(item);
    const feeds = this.masked.feeds(toFloat32(item.image), fillOf(options.fill, item, model.image, sampling.seed));
    const size = height * width;
    const halves = [new HalfSums(size), new HalfSums(size)] as const;
    const taken = await sampleLoop({
      total: masks.total,
      batch: this.batch,
      control,
      until: sampling.until,
      convergence: () => apart(halves, options.keep, this.how),
      run: async (from, count) => {
        const outputs = await this.evaluator.run(
          { ...feeds, ...masks.feeds(from, count), [HALF_INPUT]: halfRows(from, count) },
          item.target,
          count,
        );
        const scores = toFloat32(outputs.score!);
        for (let i = 0; i < count; i++) halves[((from + i) % 2) as 0 | 1].addScore(scores[i]!);
        for (const half of [0, 1] as const) {
          if (inHalf(half, from, count) === 0) continue;
          addTo(halves[half].scored, this.row(outputs.sum!, half));
          if (outputs.masks) addTo(halves[half].masks, this.row(outputs.masks, half));
        }
      },
    });
    const { samples, interrupted, convergence } = taken;
    if (samples === 0) throw errors.aborted();
    const data = Float32Array.from(riseMap(joined(halves), options.keep, this.how));
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

  /** One value a pixel of one half's row of `[2, height · across]`. */
  private row(sums: RunTensor, half: 0 | 1): Float32Array {
    const { height, across, repeat } = this.plane;
    const size = height * across;
    const row = toFloat32(sums).subarray(half * size, (half + 1) * size);
    return repeat === 1 ? row : Float32Array.from({ length: size / repeat }, (_, i) => row[i * repeat]!);
  }

  /** @throws MASKS_SHAPE */
  private masksOf({ item }: SampledItem): Masks {
    const { options, sampling, model } = this.context;
    const { height, width } = model.image;
    const { masks, grid, keep } = options;
    if (typeof masks !== 'number') {
      if (masks.dims.length !== 3 || !(masks.dims[0]! > 0) || masks.dims[1] !== height || masks.dims[2] !== width)
        throw errors.masksShape(masks.dims, [height, width]);
      return { total: masks.dims[0]!, feeds: (from, count) => ({ [GIVEN]: this.given(masks, from, count) }) };
    }
    const [cellHeight, cellWidth] = riseCell({ height, width, grid });
    return {
      total: masks,
      feeds: (from, count) => {
        const cells = new Float32Array(count * grid * grid);
        const down = new BigInt64Array(count);
        const across = new BigInt64Array(count);
        for (let i = 0; i < count; i++) {
          const stream = randomStream(sampling.seed, 'rise', item, from + i);
          cells.set(stream.fillBits(new Uint8Array(grid * grid), keep), i * grid * grid);
          down[i] = BigInt(stream.uniformInt(cellHeight));
          across[i] = BigInt(stream.uniformInt(cellWidth));
        }
        return {
          [CELLS]: { type: 'float32', dims: [count, grid, grid], data: cells },
          [DOWN]: { type: 'int64', dims: [count], data: down },
          [ACROSS]: { type: 'int64', dims: [count], data: across },
        };
      },
    };
  }

  private given(masks: RunTensor, from: number, count: number): RunTensor {
    const { height, across, repeat } = this.plane;
    const size = (height * across) / repeat;
    const some = toFloat32({ ...masks, data: masks.data.subarray(from * size, (from + count) * size) });
    const data =
      repeat === 1
        ? some
        : Float32Array.from({ length: count * height * across }, (_, i) => some[Math.floor(i / repeat)]!);
    return { type: 'float32', dims: [count, height, across], data };
  }

  async release(): Promise<void> {}
}

/** The sums over every other mask. */
class HalfSums implements RiseSums {
  count = 0;
  scores = 0;
  readonly scored: Float64Array;
  readonly masks: Float64Array;

  constructor(size: number) {
    this.scored = new Float64Array(size);
    this.masks = new Float64Array(size);
  }

  addScore(score: number): void {
    this.count++;
    this.scores += score;
  }
}

type BothHalves = readonly [RiseSums, RiseSums];

function joined([a, b]: BothHalves): RiseSums {
  const [scored, masks] = [a.scored.slice(), a.masks.slice()];
  addTo(scored, b.scored);
  addTo(masks, b.masks);
  return { count: a.count + b.count, scores: a.scores + b.scores, scored, masks };
}

/** Relative difference of the maps of both halves. */
function apart(halves: BothHalves, keep: number, how: RiseEstimate): number | undefined {
  if (halves.some(({ count }) => count === 0)) return undefined;
  const maps = new Halves(halves[0].scored.length);
  for (const half of [0, 1] as const) maps.addSum(half, riseMap(halves[half], keep, how), 1);
  return maps.difference();
}
