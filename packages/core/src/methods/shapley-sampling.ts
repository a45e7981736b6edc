import { errors } from '../errors.ts';
import { ShapleyMean } from '../perturbation/shapley-sampling.ts';
import { randomStream } from '../random/random-stream.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { toFloat32 } from '../tensors.ts';
import type { SamplingMethod } from './method.ts';
import { type RegionItem, type RegionPlan, RegionSampler } from './region-sampler.ts';

/** Value of a region = mean over random orders of what it adds to the score when it appears. */
export const shapleySampling: SamplingMethod = {
  kind: 'sampling',
  name: 'shapley-sampling',
  title: 'Shapley value sampling',
  aliases: ['shapley-value-sampling', 'shapley-sample', 'permutation-shapley'],
  summary:
    'What each region adds to the score when the regions appear one after the other, averaged over random orders.',
  formula: '1/P Σ_π y(x with the regions up to j in π) − y(x with those before j); each order sums to y(x) − y(x_∅)',
  paper:
    'Castro, Gómez and Tejada, Polynomial Calculation of the Shapley Value Based on Sampling, Computers and Operations Research 2009, sec. 3',
  needs: 'runs',
  output: 'plane',
  cost: 'permutations × (regions − 1) predictions: 1225',
  stages: { rectify: 'none', signed: true },
  options: { segmentation: 'slic', segments: 50, permutations: 25, fill: 'mean' },
  caution:
    'The values are those of regions filled as --fill says: another fill is another game. Look at the standard error.',
  open: (context) => new RegionSampler(context, shapleyPlan),
};

function shapleyPlan({ segmentation: { count }, context, item, value }: RegionItem): RegionPlan {
  const { options, sampling } = context;
  const { permutations } = options;
  const given = typeof permutations === 'number' ? undefined : givenOrders(permutations, count);
  const orders = given?.length ?? (permutations as number);
  const orderOf = (number: number) =>
    given?.[number] ?? randomStream(sampling.seed, 'shapley', item, number).permutation(count);
  // Sample 0 hides all; then each order takes one region less than there are: with the last one the picture is whole.
  const steps = count - 1;
  const all = new ShapleyMean(count);
  const halves = [new ShapleyMean(count), new ShapleyMean(count)] as const;
  let order = orderOf(0);
  let number = 0;
  const way: number[] = [];
  const finish = () => {
    const scores = [...way, value];
    all.add(order, scores);
    halves[(number % 2) as 0 | 1].add(order, scores);
    way.length = 1;
  };
  const plan: RegionPlan = {
    total: 1 + orders * steps,
    kept: (at) => {
      const bits = new Uint8Array(count);
      if (at === 0) return bits;
      const here = Math.floor((at - 1) / steps);
      for (const region of (here === number ? order : orderOf(here)).subarray(0, ((at - 1) % steps) + 1))
        bits[region] = 1;
      return bits;
    },
    take: (at, score) => {
      if (at > 0 && (at - 1) % steps === 0) {
        number = (at - 1) / steps;
        order = orderOf(number);
      }
      way.push(score);
      if (way.length === count) finish();
    },
    values: () => (all.count === 0 ? undefined : all.values()),
    halves: () => (halves[1].count === 0 ? undefined : [halves[0].values(), halves[1].values()]),
    notes: () => {
      const deviations = all.standardErrors();
      return all.count < 2
        ? []
        : [
            `${all.count} orders; standard error of a region's value: ${told(mean(deviations))} on average, ${told(Math.max(...deviations))} at most.`,
          ];
    },
  };
  return plan;
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const told = (value: number): string => value.toPrecision(2);

/** @throws PERMUTATIONS_INVALID */
function givenOrders(tensor: RunTensor, regions: number): Int32Array[] {
  const { dims } = tensor;
  if (dims.length !== 2 || dims[1] !== regions || !(dims[0]! > 0))
    throw errors.permutationsInvalid(`their shape is [${dims.join(', ')}]`, regions);
  const values = toFloat32(tensor);
  return Array.from({ length: dims[0]! }, (_, i) => {
    const order = Int32Array.from(values.subarray(i * regions, (i + 1) * regions));
    const complete = new Set(order).size === regions && order.every((at) => at >= 0 && at < regions);
    if (!complete) throw errors.permutationsInvalid(`row ${i} is no order of them`, regions);
    return order;
  });
}
