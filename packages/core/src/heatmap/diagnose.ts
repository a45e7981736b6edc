import { type HeatMap, rangeOf } from './heatmap.ts';

/** What is to be known about a raw map before a picture of it is believed. */
export interface Diagnosis {
  /** Smallest and largest finite raw value. */
  min: number;
  max: number;
  mean: number;
  /** Standard deviation over the pixels. */
  deviation: number;
  /** Share of the pixels that are negative, 0..1. */
  negativePixels: number;
  /** Share of Σ|x| that is negative, 0..1: what a ReLU takes away. */
  rectifiedAway: number;
  /** Pixels that are NaN or infinite. */
  nonFinite: number;
  /** All values are zero, or nothing is left after rectifying. */
  empty: boolean;
  /** All values are the same (to 1e-6 of their size). */
  flat: boolean;
  /** More than half of the pixels share the largest value, or the values reach float32's limits. */
  saturated: boolean;
  /** One sentence for each thing that is wrong; empty when the map is fit to be shown. */
  warnings: string[];
}

const percent = (share: number) => `${(share * 100).toFixed(share > 0.995 && share < 1 ? 1 : 0)} %`;

/**
 * Looks at the raw map (before rectifying and scaling) and says what a scaled picture would hide.
 * @param rectified whether a ReLU follows (default true), so that a map without a positive value is an empty one
 */
export function diagnose(raw: Pick<HeatMap, 'data'>, rectified = true): Diagnosis {
  const { data } = raw;
  const [min, max] = rangeOf(data);
  let finite = 0;
  let sum = 0;
  let negativePixels = 0;
  let negative = 0;
  let magnitude = 0;
  let top = 0;
  const nearTop = max - 1e-6 * (max - min);
  for (const x of data) {
    if (!Number.isFinite(x)) continue;
    finite++;
    sum += x;
    magnitude += Math.abs(x);
    if (x < 0) {
      negativePixels++;
      negative -= x;
    }
    if (x >= nearTop) top++;
  }
  const mean = finite > 0 ? sum / finite : 0;
  let squares = 0;
  for (const x of data) if (Number.isFinite(x)) squares += (x - mean) ** 2;
  const nonFinite = data.length - finite;
  const size = Math.max(Math.abs(min), Math.abs(max));
  const allZero = size === 0;
  const nothingPositive = rectified && max <= 0;
  const flat = max - min <= 1e-6 * size;
  const saturated = !flat && (top > finite / 2 || size > 1e37);
  const share = magnitude > 0 ? negative / magnitude : 0;

  const warnings: string[] = [];
  if (nonFinite > 0) {
    warnings.push(
      `${nonFinite} of ${data.length} values are NaN or infinite: the model overflows on this input (often fp16 weights or a wrong preprocessing).`,
    );
  }
  if (finite > 0) {
    if (allZero) {
      warnings.push(
        'The map is zero everywhere: no gradient reaches this layer from the target (saturated output, dead ReLU, or a layer off the path).',
      );
    } else if (nothingPositive) {
      warnings.push(
        `The map is empty after rectifying: all values are negative (${number(min)} to ${number(max)}), so this layer speaks against the target everywhere. Look at the signed map or at another layer.`,
      );
    } else if (flat && data.length > 1) {
      warnings.push(
        `The map is flat: all values are ${number(max)}. The target depends on every place alike, or the layer has lost its places.`,
      );
    } else if (rectified && share > 0.9) {
      warnings.push(
        `${percent(share)} of the map's magnitude is negative and was rectified away: what is shown is a small rest.`,
      );
    }
    if (saturated) {
      warnings.push(
        top > finite / 2
          ? `${percent(top / finite)} of the pixels share the largest value: the map is saturated, its peak means little.`
          : `Values reach ${number(size)}, the limit of 32-bit floats.`,
      );
    }
  }
  return {
    min,
    max,
    mean,
    deviation: finite > 0 ? Math.sqrt(squares / finite) : 0,
    negativePixels: finite > 0 ? negativePixels / finite : 0,
    rectifiedAway: share,
    nonFinite,
    empty: finite === 0 || allZero || nothingPositive,
    flat,
    saturated,
    warnings,
  };
}

const number = (value: number) => String(Number(value.toPrecision(3)));
