import type { Moved } from './moved-model.ts';
import type { VerifyDirection, VerifyPlace, VerifyStep } from './report.ts';

/** Half decades from the smallest step. */
const STEPS = 4;

/** Direction n: the gradient, then by turns a random one and a random half of the gradient's places. All have a root mean square of 1. */
export function directionOf(
  n: number,
  gradient: Float32Array,
  random: () => number,
): { kind: VerifyDirection['kind']; direction: Float32Array } {
  const direction = new Float32Array(gradient.length);
  const kind = n === 0 ? 'gradient' : n % 2 === 1 ? 'random' : 'part of the gradient';
  if (kind === 'random') {
    for (let i = 0; i < direction.length; i++) direction[i] = random() < 0.5 ? -1 : 1;
    return { kind, direction };
  }
  // Halves in runs of 16 values: neighbours are told apart, and so are regions.
  let keep = true;
  for (let i = 0; i < direction.length; i++) {
    if (kind !== 'gradient' && i % 16 === 0) keep = random() < 0.5;
    direction[i] = keep ? gradient[i]! : 0;
  }
  let squares = 0;
  for (const value of direction) squares += value * value;
  const size = Math.sqrt(squares / direction.length);
  if (!(size > 0)) return { kind: 'random', direction: direction.map(() => (random() < 0.5 ? -1 : 1)) };
  return { kind, direction: direction.map((value) => value / size) };
}

interface Check {
  kind: VerifyDirection['kind'];
  direction: Float32Array;
  gradient: Float32Array;
  moved: Moved;
  /** Size of the scores: what their rounding is relative to. */
  size: number;
  tolerance: number;
  quantised: boolean;
  half: boolean;
}

/** Rounding of a score that went through a network, relative to the largest score. */
const ROUNDING = { single: 1e-6, half: 1e-3 };
/** A random direction moves every place at once and meets many bends for little slope: it is allowed this many tolerances. */
const RANDOM_TOLERANCES = 10;

/** Moves along one direction by steps of several sizes and compares the slopes with Σ g·v. */
export async function check({
  kind,
  direction,
  gradient,
  moved,
  size,
  tolerance,
  quantised,
  half,
}: Check): Promise<VerifyDirection> {
  const { deviation } = moved;
  let analytic = 0;
  let squares = 0;
  for (let i = 0; i < direction.length; i++) {
    analytic += gradient[i]! * direction[i]!;
    squares += gradient[i]! * gradient[i]!;
  }
  // A random direction of unit root mean square is expected to give about |g|.
  const floor = Math.sqrt(squares);
  const scale = Math.max(Math.abs(analytic), floor);
  const relative = (difference: number, numeric: number) => {
    const most = Math.max(scale, Math.abs(numeric));
    return most > 0 ? Math.abs(difference) / most : 0;
  };
  // The smallest step is the one at which rounding blurs the slope by about the tolerance.
  const rounding = (half ? ROUNDING.half : ROUNDING.single) * size;
  const longest = 0.33 * deviation;
  const finest = half ? 0.03 * deviation : 0;
  const smallest = Math.min(longest, Math.max(rounding / Math.max(scale * tolerance, 1e-30), finest));
  const steps: (VerifyStep & { uncertainty: number })[] = [];
  for (let k = 0; k < STEPS; k++) {
    const h = smallest * 10 ** (k / 2);
    if (h > longest && k > 0) break;
    const { slope, scatter } = await slopeAt(moved, direction, h);
    const uncertainty = 2 * Math.max(scatter, rounding / h / Math.sqrt(PAIRS.length) / 2);
    steps.push({ step: h / deviation, numeric: slope, error: relative(analytic - slope, slope), uncertainty });
    if (k > 0 && relative(uncertainty, slope) < tolerance / 10) break;
  }
  // Lepski's rule: the longest step whose slope still lies within the uncertainty of every shorter one.
  let chosen = steps[0]!;
  for (const [k, candidate] of steps.entries()) {
    const fits = steps
      .slice(0, k)
      .every((shorter) => Math.abs(shorter.numeric - candidate.numeric) <= shorter.uncertainty + candidate.uncertainty);
    if (!fits) break;
    if (candidate.uncertainty < chosen.uncertainty) chosen = candidate;
  }
  // Where not even the two shortest steps agree the slope has not settled: what lies between them is not known.
  const drift = chosen === steps[0] && steps[1] ? Math.abs(steps[1].numeric - chosen.numeric) : 0;
  const resolution = relative(Math.max(chosen.uncertainty, drift), chosen.numeric);
  const allowed = (kind === 'random' ? RANDOM_TOLERANCES : 1) * tolerance + 2 * resolution;
  const known = resolution <= (kind === 'random' ? 2 : 1) * tolerance;
  let verdict: VerifyDirection['verdict'] = 'kinked';
  if (known && chosen.error <= allowed) verdict = 'agrees';
  else if (!quantised && !half && (known || chosen.error > 0.5 + 2 * resolution)) verdict = 'differs';
  return {
    kind,
    analytic,
    numeric: chosen.numeric,
    error: chosen.error,
    resolution,
    step: chosen.step,
    steps: steps.map(({ step, numeric, error }) => ({ step, numeric, error })).reverse(),
    verdict,
  };
}

/** Each step is taken twice, whole and half: what lies between the two tells rounding and bends from the slope. */
const PAIRS = [1, 0.5];

async function slopeAt(moved: Moved, direction: Float32Array, h: number): Promise<{ slope: number; scatter: number }> {
  const slopes: number[] = [];
  for (const share of PAIRS) {
    const [up, down] = [await moved.at(direction, h * share), await moved.at(direction, -h * share)];
    slopes.push((up.value - down.value) / (2 * h * share));
  }
  const slope = slopes.reduce((sum, one) => sum + one, 0) / slopes.length;
  const variance = slopes.reduce((sum, one) => sum + (one - slope) ** 2, 0) / (slopes.length - 1);
  return { slope, scatter: Math.sqrt(variance / slopes.length) };
}

export function placeOf(
  place: 'image' | 'layer',
  name: string,
  gradient: Float32Array,
  directions: readonly VerifyDirection[],
): VerifyPlace {
  let squares = 0;
  for (const value of gradient) squares += value * value;
  const told = directions.filter((direction) => direction.verdict !== 'kinked');
  return {
    place,
    name,
    gradientNorm: Math.sqrt(squares),
    directions,
    largestError: told.reduce((most, direction) => Math.max(most, direction.error), 0),
    passed: told.every((direction) => direction.verdict === 'agrees'),
    conclusive: told.length * 2 >= directions.length,
  };
}
