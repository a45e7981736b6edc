import { errors } from '../errors.ts';
import type { IntegrationRule } from '../perturbation/integration-rule.ts';
import { randomStream } from '../random/random-stream.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import type { BatchSize } from '../sampling/batch-size.ts';
import { addTo, divided } from '../sampling/halves.ts';
import { sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, Sampled } from '../sampling/sampler.ts';

/** A straight path from one baseline to what is explained. */
export interface Path {
  /** end − start, which the sum is multiplied by; undefined where `run` has done it. */
  readonly way?: Float32Array;
  /** Places on the path (0 the baseline, 1 the end) with the weight of each: Σ weight · gradient · (end − start), and the score at the first place. */
  readonly run: (
    positions: readonly number[],
    weights: readonly number[],
  ) => Promise<{ readonly sum: Float32Array; readonly first: number }>;
}

export interface PathWalk {
  /** Score at the end of every path. */
  readonly value: number;
  /** Steps of a path, at most. */
  readonly steps: number;
  readonly ruleOf: (steps: number) => IntegrationRule;
  /** Largest gap of completeness, relative; steps are then doubled until it is reached. */
  readonly until: number | undefined;
  readonly batch: BatchSize;
  readonly control: RunControl;
}

/** Fewest steps tried when they are chosen by the gap of completeness. */
const FIRST_STEPS = 8;

/**
 * Integrates over every path and averages. How far Σ map is from the mean difference of the scores tells how good the integrals are.
 * @param length of the map
 * @throws ABORTED when interrupted before anything can be said
 */
export async function walkPaths(
  paths: readonly Path[],
  length: number,
  walk: PathWalk,
): Promise<Omit<Sampled, 'dims'>> {
  const { until, control } = walk;
  let steps = until === undefined ? walk.steps : Math.min(FIRST_STEPS, walk.steps);
  let before: Walked | undefined;
  for (;;) {
    const spent = before?.samples ?? 0;
    const walked = await once(paths, length, walk, steps, spent);
    if (walked === undefined || (walked.interrupted && before)) {
      // Whole paths of fewer steps say more than finer ones broken off.
      if (!before) throw errors.aborted();
      return { ...before, samples: walked?.samples ?? spent, total: walked?.total ?? before.total, interrupted: true };
    }
    const enough = until === undefined || walked.convergence.value <= until || steps >= walk.steps;
    if (walked.interrupted || enough) return walked;
    before = walked;
    steps = Math.min(2 * steps, walk.steps);
    if (control.signal?.aborted) return { ...walked, interrupted: true };
  }
}

type Walked = Omit<Sampled, 'dims'> & { readonly convergence: { readonly value: number; readonly of: 'completeness' } };

/** All paths with so many steps; undefined when interrupted before there was anything. */
async function once(
  paths: readonly Path[],
  length: number,
  { value, ruleOf, batch, control }: PathWalk,
  steps: number,
  before: number,
): Promise<Walked | undefined> {
  const { nodes, weights } = ruleOf(steps);
  // In a mixed order, so that a walk cut short has seen the whole path; the baseline itself first, for its score.
  const order = [-1, ...randomStream(0, 'path', steps).permutation(steps)];
  const total = before + order.length * paths.length;
  const map = new Float64Array(length);
  let [samples, difference, done, interrupted] = [before, 0, 0, false];
  for (const path of paths) {
    const sum = new Float64Array(length);
    let [walked, start] = [0, 0];
    const begun = samples;
    const taken = await sampleLoop({
      total: order.length,
      batch,
      control: { signal: control.signal, progress: (at) => control.progress?.(begun + at, total) },
      run: async (from, count) => {
        const part = order.slice(from, from + count);
        const weight = part.map((step) => (step < 0 ? 0 : weights[step]!));
        const result = await path.run(
          part.map((step) => (step < 0 ? 0 : nodes[step]!)),
          weight,
        );
        addTo(sum, result.sum);
        for (const one of weight) walked += one;
        if (from === 0) start = result.first;
      },
    });
    samples += taken.samples;
    interrupted = taken.interrupted;
    // A path cut short counts as what was seen of it, scaled to its length.
    if (walked > 0) {
      if (path.way) for (let i = 0; i < length; i++) sum[i]! *= path.way[i]!;
      addTo(map, sum, 1 / walked);
      difference += value - start;
      done++;
    }
    if (interrupted) break;
  }
  if (done === 0) return undefined;
  let all = 0;
  for (const one of map) all += one;
  const gap = Math.abs(all - difference);
  const relative = gap / Math.max(Math.abs(difference), 1e-12);
  return {
    data: divided(map, done),
    samples,
    total,
    batch: batch.size,
    convergence: { value: relative, of: 'completeness' },
    interrupted,
    notes: interrupted || relative <= WIDE_GAP ? [] : [wideGap(relative, difference / done)],
  };
}

/** A gap of completeness above which the map is not to be taken for exact shares. */
const WIDE_GAP = 0.05;

const wideGap = (relative: number, difference: number) =>
  `The map's sum misses the difference of the scores (${difference.toPrecision(3)}) by ${Math.round(relative * 100)} %: take more --steps.`;

/** One number a sample, `[B, 1, …]`. */
export const column = (values: readonly number[], rank = 4): RunTensor => ({
  type: 'float32',
  dims: [values.length, ...Array.from({ length: rank - 1 }, () => 1)],
  data: Float32Array.from(values),
});
