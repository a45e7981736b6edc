/** Attributes of a Resize that decide its weights along an axis. */
export interface Interpolation {
  mode: 'nearest' | 'linear' | 'cubic';
  coordinates: string;
  nearest: string;
  cubicA: number;
  excludeOutside: boolean;
  antialias: boolean;
}

/** One resized axis: sizes, scale (output / input unless given otherwise), and the region for tf_crop_and_resize. */
export interface ResizedAxis {
  input: number;
  output: number;
  scale: number;
  start: number;
  end: number;
}

// Runtimes place samples in float32; nearest needs the same rounding to pick the same neighbour.
const f = Math.fround;

/**
 * The matrix of a resized axis, row-major `[output, input]`: y = A·x. Resize is linear and works axis by axis, so these matrices are
 * the whole operation (ONNX Resize, opset 13 on; antialias as in Pillow).
 */
export function interpolationMatrix(axis: ResizedAxis, how: Interpolation): Float64Array {
  const matrix = new Float64Array(axis.output * axis.input);
  // ONNX Runtime leaves an axis of scale 1 alone, even where a region is cut out; with antialiasing, any axis that keeps its size.
  const kept = axis.input === axis.output;
  const whole = kept && axis.scale === 1 && !how.antialias;
  for (let row = 0; row < axis.output; row++) {
    const position = coordinate(row, axis, how.coordinates);
    if (!whole && how.coordinates === 'tf_crop_and_resize' && (position < 0 || position > axis.input - 1)) continue; // extrapolated: constant
    const put = (column: number, weight: number) => {
      const inside = Math.min(Math.max(column, 0), axis.input - 1);
      matrix[row * axis.input + inside]! += weight;
    };
    if (whole || (kept && how.antialias)) put(row, 1);
    else if (how.mode === 'nearest') put(nearest(position, how.nearest), 1);
    else if (how.antialias) antialiased(row, axis, how, put);
    else if (how.mode === 'linear') linear(position, axis.input, put);
    else cubic(position, axis.input, how, put);
  }
  return matrix;
}

/** Where output element i lies on the input axis. */
function coordinate(i: number, axis: ResizedAxis, mode: string): number {
  const { input, output, start, end } = axis;
  const scale = f(axis.scale);
  switch (mode) {
    case 'half_pixel':
      return f(f(f(i + 0.5) / scale) - 0.5);
    case 'pytorch_half_pixel':
      return output > 1 ? f(f(f(i + 0.5) / scale) - 0.5) : 0;
    case 'align_corners':
      return output === 1 ? 0 : f(f(i * (input - 1)) / (output - 1));
    case 'asymmetric':
      return f(i / scale);
    case 'half_pixel_symmetric': {
      const adjustment = f(output / f(scale * input));
      const center = f(input / 2);
      return f(f(center * f(1 - adjustment)) + f(f(f(i + 0.5) / scale) - 0.5));
    }
    case 'tf_crop_and_resize':
      return output > 1
        ? f(f(start * (input - 1)) + f(f(f(i * f(end - start)) * (input - 1)) / (output - 1)))
        : f(0.5 * f(f(start + end) * (input - 1)));
    default:
      return Number.NaN;
  }
}

export const COORDINATES = [
  'half_pixel',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'half_pixel_symmetric',
  'tf_crop_and_resize',
];

type Put = (column: number, weight: number) => void;

/**
 * How far from the middle between two elements a place still counts as the middle in ONNX Runtime (its issue 28291), as places
 * computed in float32 seldom hit it exactly.
 */
const TIE = 1e-6;

function nearest(position: number, mode: string): number {
  const lower = Math.floor(position);
  if (mode === 'floor') return lower;
  if (mode === 'ceil') return Math.ceil(position);
  if (Math.abs(position - lower - 0.5) > TIE) return Math.round(position);
  // round_prefer_floor is the default.
  return mode === 'round_prefer_ceil' ? lower + 1 : lower;
}

function linear(position: number, size: number, put: Put): void {
  const inside = Math.min(Math.max(position, 0), size - 1);
  const lower = Math.min(Math.floor(inside), size - 1);
  put(lower, 1 - (inside - lower));
  put(lower + 1, inside - lower);
}

/** Keys' kernel with parameter a (−0.75 in torch, −0.5 in TensorFlow and Pillow). */
function keys(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

function cubic(position: number, size: number, how: Interpolation, put: Put): void {
  const lower = Math.floor(position);
  const taps = [-1, 0, 1, 2].map((offset) => lower + offset);
  const weights = taps.map((tap) =>
    how.excludeOutside && (tap < 0 || tap >= size) ? 0 : keys(position - tap, how.cubicA),
  );
  const total = how.excludeOutside ? weights.reduce((sum, weight) => sum + weight, 0) : 1;
  taps.forEach((tap, index) => {
    put(tap, weights[index]! / total);
  });
}

/** The kernel is stretched over all inputs that an output covers when shrinking. */
function antialiased(row: number, axis: ResizedAxis, how: Interpolation, put: Put): void {
  const shrink = Math.max(1, 1 / axis.scale);
  const support = (how.mode === 'linear' ? 1 : 2) * shrink;
  const center = 0.5 + (axis.scale === 1 ? row : coordinate(row, axis, how.coordinates));
  let low = Math.floor(center - support + 0.5);
  let high = Math.floor(center + support + 0.5);
  if (how.excludeOutside) [low, high] = [Math.max(low, 0), Math.min(high, axis.input)];
  const weights: number[] = [];
  for (let column = low; column < high; column++) {
    const distance = (column - center + 0.5) / shrink;
    weights.push(how.mode === 'linear' ? Math.max(0, 1 - Math.abs(distance)) : keys(distance, how.cubicA));
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  weights.forEach((weight, index) => {
    put(low + index, weight / total);
  });
}
