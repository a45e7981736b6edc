import type { RandomStream } from '@seewhy/core';

const STARTS = 10;
const STEPS = 100;

/**
 * k-means with k-means++ seeds (D. Arthur, S. Vassilvitskii, SODA 2007): the best of ten starts by the sum of squared distances.
 * @returns the cluster of each point, 0 … k − 1; a cluster may stay empty where points are equal
 */
export function kMeans(points: readonly Float64Array[], k: number, random: RandomStream): Int32Array {
  let best: { cost: number; clusters: Int32Array } | undefined;
  for (let start = 0; start < STARTS; start++) {
    const run = descend(points, seeds(points, k, random));
    if (!best || run.cost < best.cost) best = run;
  }
  return best!.clusters;
}

function seeds(points: readonly Float64Array[], k: number, random: RandomStream): Float64Array[] {
  const chosen = [points[random.uniformInt(points.length)]!.slice()];
  const nearest = points.map((point) => squared(point, chosen[0]!));
  while (chosen.length < k) {
    const total = nearest.reduce((sum, value) => sum + value, 0);
    let left = random.uniform() * total;
    let index = 0;
    while (index < points.length - 1 && left >= nearest[index]!) left -= nearest[index++]!;
    chosen.push(points[index]!.slice());
    for (let i = 0; i < points.length; i++) nearest[i] = Math.min(nearest[i]!, squared(points[i]!, chosen.at(-1)!));
  }
  return chosen;
}

function descend(points: readonly Float64Array[], centres: Float64Array[]): { cost: number; clusters: Int32Array } {
  const clusters = new Int32Array(points.length).fill(-1);
  let cost = 0;
  for (let step = 0; step < STEPS; step++) {
    cost = 0;
    let moved = false;
    for (let i = 0; i < points.length; i++) {
      let near = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let c = 0; c < centres.length; c++) {
        const distance = squared(points[i]!, centres[c]!);
        if (distance < least) [near, least] = [c, distance];
      }
      if (clusters[i] !== near) moved = true;
      clusters[i] = near;
      cost += least;
    }
    if (!moved) break;
    const sizes = new Int32Array(centres.length);
    const sums = centres.map((centre) => new Float64Array(centre.length));
    for (let i = 0; i < points.length; i++) {
      sizes[clusters[i]!]!++;
      const sum = sums[clusters[i]!]!;
      for (let d = 0; d < sum.length; d++) sum[d]! += points[i]![d]!;
    }
    for (let c = 0; c < centres.length; c++) if (sizes[c]! > 0) centres[c] = sums[c]!.map((value) => value / sizes[c]!);
  }
  return { cost, clusters };
}

function squared(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}
