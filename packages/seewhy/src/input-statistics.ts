import type { Model } from '@seewhy/core';
import type { Node, Tensor } from '@seewhy/onnx';

/** What the pictures of a training were like, as far as its first layers remember. */
export interface InputStatistics {
  /** One a channel. */
  readonly mean: readonly number[];
  /** About the standard deviation of all values. */
  readonly deviation: number;
  /** Name of the BatchNormalization. */
  readonly node: string;
}

const PASSES = ['Transpose', 'Identity', 'Pad', 'Cast'];
const MOST_HOPS = 4;
/** Fewer filters can be fitted by chance. */
const LEAST_FILTERS = 8;
/** Of the size of the moving means: of a trained network about 0.01 is left, of random numbers about 0.9. */
const MOST_LEFT = 0.1;

/**
 * Mean and deviation of the pictures that a model was trained on, where a BatchNormalization stands behind the first convolution. Its
 * moving mean is Σ_c m_c Σ_k w_ck (+ bias) for pictures of mean m: three unknown numbers, an equation a filter, solved by least squares. Its
 * moving variance is about σ² (Σ_ck w_ck)² for the filters that see the brightness, the same way.
 * @returns undefined where there is no such layer, or where its statistics are not those of pictures
 */
export function inputStatistics({ graph, image }: Model): InputStatistics | undefined {
  const only = (value: string): Node | undefined => {
    const readers = graph.consumers.get(value) ?? [];
    return readers.length === 1 ? readers[0] : undefined;
  };
  let conv = only(image.name);
  for (let hops = 0; conv && PASSES.includes(conv.op) && hops < MOST_HOPS; hops++) conv = only(conv.outputs[0]!);
  if (conv?.op !== 'Conv') return undefined;
  const norm = only(conv.outputs[0]!);
  if (norm?.op !== 'BatchNormalization') return undefined;
  const weights = graph.initializers.get(conv.inputs[1] ?? '');
  const bias = conv.inputs[2] ? graph.initializers.get(conv.inputs[2]) : undefined;
  const [mean, variance] = [3, 4].map((at) => graph.initializers.get(norm.inputs[at] ?? ''));
  if (!weights || !mean || !variance || (conv.inputs[2] && !bias)) return undefined;
  const [filters, channels] = weights.dims as [number, number];
  if (channels !== image.channels || channels > 4 || filters < LEAST_FILTERS) return undefined;
  const sums = kernelSums(weights);
  const biases = bias?.numbers();
  const wanted = mean.numbers().map((value, filter) => value - (biases?.[filter] ?? 0));
  const fitted = leastSquares(sums, wanted);
  if (!fitted) return undefined;
  const size = Math.hypot(...wanted);
  const left = Math.hypot(...wanted.map((value, filter) => value - dot(sums[filter]!, fitted)));
  if (!(size > 0) || !(left <= MOST_LEFT * size)) return undefined;
  const squares = sums.map((row) => row.reduce((sum, value) => sum + value, 0) ** 2);
  const deviation = Math.sqrt(dot(variance.numbers(), squares) / dot(squares, squares));
  return Number.isFinite(deviation) ? { mean: fitted, deviation, node: norm.name || norm.outputs[0]! } : undefined;
}

/** Σ over the places of a kernel `[filters, channels, …]`. */
function kernelSums(weights: Tensor): number[][] {
  const [filters, channels] = weights.dims as [number, number];
  const values = weights.numbers();
  const places = values.length / (filters * channels);
  return Array.from({ length: filters }, (_, filter) =>
    Array.from({ length: channels }, (_, channel) => {
      const from = (filter * channels + channel) * places;
      let sum = 0;
      for (let at = from; at < from + places; at++) sum += values[at]!;
      return sum;
    }),
  );
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, at) => sum + value * b[at]!, 0);

/** x with the least ‖A x − y‖, by the normal equations; undefined where they are singular. */
function leastSquares(rows: readonly (readonly number[])[], wanted: readonly number[]): number[] | undefined {
  const size = rows[0]!.length;
  const column = (at: number) => rows.map((row) => row[at]!);
  const system = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => dot(column(i), column(j))),
    dot(column(i), wanted),
  ]);
  const largest = Math.max(...system.map((row, at) => row[at]!));
  for (let pivot = 0; pivot < size; pivot++) {
    const best = system
      .slice(pivot)
      .reduce((most, row) => (Math.abs(row[pivot]!) > Math.abs(most[pivot]!) ? row : most));
    if (!(Math.abs(best[pivot]!) > 1e-9 * largest)) return undefined;
    const at = system.indexOf(best);
    [system[pivot], system[at]] = [best, system[pivot]!];
    for (const row of system) {
      if (row === best) continue;
      const factor = row[pivot]! / best[pivot]!;
      for (let j = pivot; j <= size; j++) row[j] = row[j]! - factor * best[j]!;
    }
  }
  return system.map((row, at) => row[size]! / row[at]!);
}
