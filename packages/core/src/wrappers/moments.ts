import type { GraphBuilder, ValueName } from '@seewhy/onnx';
import type { RunTensor } from '../runtime/runtime.ts';
import { divided, Halves } from '../sampling/halves.ts';
import { toFloat32 } from '../tensors.ts';

/** How the maps of noisy pictures become one. */
export const SMOOTHINGS = {
  mean: '1/n Σ map',
  square: '1/n Σ map²',
  variance: '1/n Σ (map − mean)²',
  'unbiased-variance': '1/(n − 1) Σ (map − mean)²',
} as const;

export type Smoothing = keyof typeof SMOOTHINGS;

/** Which half each sample of a run belongs to, float32 `[2, B]`: even numbers to the first. */
export const HALF_INPUT = 'seewhy.half';

export function halfRows(from: number, count: number): RunTensor {
  const data = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) data[((from + i) % 2) * count + i] = 1;
  return { type: 'float32', dims: [2, count], data };
}

/** The same for a reduction that takes as many rows as are wanted: of one sample alone there is one. */
export const fewestRows = (from: number, count: number): RunTensor =>
  count === 1 ? { type: 'float32', dims: [1, 1], data: Float32Array.of(1) } : halfRows(from, count);

/** Samples of a half among `from … from + count − 1`. */
export const inHalf = (half: number, from: number, count: number): number =>
  Math.ceil((count - ((half + from) % 2)) / 2);

const isVariance = (how: Smoothing) => how === 'variance' || how === 'unbiased-variance';

/**
 * Appends the reduction of the maps of one run, half by half: their sum `[2, P]` (of squares, for `square`); for a variance also the sum
 * of squared distances from the run's own mean, which loses no digits where the maps hardly differ.
 * @param map float32 `[B, …]`
 */
export function appendMoments(b: GraphBuilder, map: ValueName, how: Smoothing): Record<string, ValueName> {
  const flat = b.reshape(map, [0, -1]);
  if (!isVariance(how)) return { sum: b.matmul(HALF_INPUT, how === 'square' ? b.mul(flat, flat) : flat) };
  const sum = b.matmul(HALF_INPUT, flat);
  const counts = b.reduceSum(HALF_INPUT, [1], true);
  const mean = b.div(sum, b.op('Max', [counts, b.scalar(1)]));
  const apart = b.sub(b.unsqueeze(flat, [0]), b.unsqueeze(mean, [1]));
  const spread = b.reduceSum(b.mul(b.unsqueeze(HALF_INPUT, [2]), b.mul(apart, apart)), [1], false);
  return { sum, spread };
}

/** The reduction over all runs, in float64. */
export class Moments {
  private readonly how: Smoothing;
  private readonly length: number;
  private readonly halves: Halves;
  private readonly spreads: readonly Spread[];

  constructor(length: number, how: Smoothing) {
    this.how = how;
    this.length = length;
    this.halves = new Halves(isVariance(how) ? 0 : length);
    this.spreads = isVariance(how) ? [new Spread(length), new Spread(length)] : [];
  }

  /** Adds what {@link appendMoments} gave for samples `from … from + count − 1`. */
  addRun(outputs: Readonly<Record<string, RunTensor>>, from: number, count: number): void {
    const sum = toFloat32(outputs.sum!);
    const spread = outputs.spread && toFloat32(outputs.spread);
    for (const half of [0, 1] as const) {
      const samples = inHalf(half, from, count);
      if (samples === 0) continue;
      const rows = (of: Float32Array) =>
        of.length === this.length ? of : of.subarray(half * this.length, (half + 1) * this.length);
      if (spread) this.spreads[half]!.add(samples, rows(sum), rows(spread));
      else this.halves.addSum(half, rows(sum), samples);
    }
  }

  /** Adds the map of sample number `at`. */
  add(at: number, map: Float32Array): void {
    if (isVariance(this.how)) this.spreads[at % 2]!.add(1, map, undefined);
    else this.halves.add(at, this.how === 'square' ? map.map((value) => value * value) : map);
  }

  get count(): number {
    return this.spreads.length > 0 ? this.spreads[0]!.count + this.spreads[1]!.count : this.halves.count;
  }

  result(): Float32Array {
    if (this.spreads.length === 0) return this.halves.mean();
    const all = new Spread(this.length);
    for (const half of this.spreads) all.join(half);
    return divided(all.about, this.divisor(all.count));
  }

  /** ‖h₀ − h₁‖ / ‖h₀ + h₁‖ of the results of both halves. */
  difference(): number | undefined {
    if (this.spreads.length === 0) return this.halves.difference();
    const [a, b] = this.spreads as [Spread, Spread];
    const least = this.how === 'unbiased-variance' ? 2 : 1;
    if (a.count < least || b.count < least) return undefined;
    const halves = new Halves(this.length);
    halves.addSum(0, a.about, 1, 1 / this.divisor(a.count));
    halves.addSum(1, b.about, 1, 1 / this.divisor(b.count));
    return halves.difference();
  }

  /** One sample alone has no spread. */
  private divisor(count: number): number {
    return Math.max(1, this.how === 'unbiased-variance' ? count - 1 : count);
  }
}

/** Count, mean and sum of squared distances from it, joined as by Chan, Golub and LeVeque, 1979. */
class Spread {
  count = 0;
  readonly mean: Float64Array;
  readonly about: Float64Array;

  constructor(length: number) {
    this.mean = new Float64Array(length);
    this.about = new Float64Array(length);
  }

  /** Adds samples by their number, their sum, and the sum of squared distances from their own mean (none: 0). */
  add(count: number, sum: ArrayLike<number>, about: ArrayLike<number> | undefined): void {
    const total = this.count + count;
    for (let i = 0; i < this.mean.length; i++) {
      const apart = sum[i]! / count - this.mean[i]!;
      this.mean[i]! += (apart * count) / total;
      this.about[i]! += (about ? about[i]! : 0) + apart * apart * ((this.count * count) / total);
    }
    this.count = total;
  }

  join(other: Spread): void {
    if (other.count === 0) return;
    this.add(
      other.count,
      other.mean.map((value) => value * other.count),
      other.about,
    );
  }
}
