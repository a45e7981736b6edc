import { randomStream } from '@seewhy/core';
import type { Estimate } from '../metrics/estimate.ts';

/**
 * How many samples are drawn: 2,000; of more than 10,000 pictures fewer, so that 20 million pictures are drawn in all, but at least 400, which
 * know the ends of an interval to about a tenth of its width.
 */
export const replicatesFor = (count: number): number =>
  Math.max(400, Math.min(2000, Math.floor(2e7 / Math.max(1, count))));

/** Which pictures belong together: drawn or left out as one. `undefined`: each for itself. */
export type Clusters = readonly (readonly number[])[] | undefined;

/**
 * Percentile bootstrap (B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993, ch. 13) of several figures at once: as many
 * pictures (or clusters of pictures) as there are, drawn with replacement, again and again; the interval reaches from the 2.5 to the 97.5 %
 * quantile of what the figures then are. Replicate i follows from `seed` and i alone.
 * @param figures the figures of the sample in which picture k occurs `times[k]` times; NaN where a figure has no value
 * @returns for each figure its interval; NaN with a reason where the figure had no value in a tenth of the samples or never changed
 */
export function bootstrap(
  count: number,
  figures: (times: Int32Array) => ArrayLike<number>,
  seed: number,
  clusters: Clusters = undefined,
  replicates = replicatesFor(count),
): readonly Pick<Estimate, 'low' | 'high' | 'reason'>[] {
  const times = new Int32Array(count);
  const drawn: number[][] = [];
  for (let replicate = 0; replicate < replicates; replicate++) {
    const random = randomStream(seed, 'bootstrap', replicate);
    times.fill(0);
    if (clusters) {
      for (let k = 0; k < clusters.length; k++)
        for (const i of clusters[random.uniformInt(clusters.length)]!) times[i]!++;
    } else {
      for (let k = 0; k < count; k++) times[random.uniformInt(count)]!++;
    }
    const found = figures(times);
    for (let k = 0; k < found.length; k++) {
      drawn[k] ??= [];
      if (!Number.isNaN(found[k]!)) drawn[k]!.push(found[k]!);
    }
  }
  return drawn.map((values) => intervalOf(values, replicates));
}

function intervalOf(values: readonly number[], replicates: number): Pick<Estimate, 'low' | 'high' | 'reason'> {
  const none = (reason: string) => ({ low: Number.NaN, high: Number.NaN, reason });
  if (values.length < 0.9 * replicates) return none('Too few pictures: many samples of them have no such figure.');
  const sorted = Float64Array.from(values).sort();
  const last = sorted.length - 1;
  if (sorted[0] === sorted[last]) return none('It is the same in every sample: nothing is known of its spread.');
  const at = (share: number) => {
    const place = share * last;
    const left = Math.floor(place);
    return sorted[left]! + (sorted[Math.min(last, left + 1)]! - sorted[left]!) * (place - left);
  };
  return { low: at(0.025), high: at(0.975) };
}
