import { isFloat, Tensor, type ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep, RuleTable } from '../rule.ts';
import { sameShape } from '../shape.ts';
import { hasChannels, multiple } from './blocks.ts';
import { comesFromPad } from './comes-from-pad.ts';
import { COORDINATES, type Interpolation, interpolationMatrix, type ResizedAxis } from './interpolation.ts';

/** A resized axis with its matrix `[output, input]`. */
interface Axis {
  axis: number;
  input: number;
  output: number;
  matrix: Float64Array;
}

/** y = A₀ x A₁ᵀ …, one interpolation matrix an axis: ∂x = A₀ᵀ g A₁ …, the axis that shrinks most first. */
const resizeRule: Rule = (s) => {
  const axes = resizedAxes(s);
  const repeats = wholeRepeats(s, axes);
  if (repeats && !comesFromPad(s.b, s.g)) return [sumBlocks(s, repeats)];
  const shrinking = [...axes].sort((a, b) => a.input / a.output - b.input / b.output);
  const sizes = s.shape(s.y()).map((dim) => dim);
  let g = s.g;
  for (const axis of shrinking) {
    g = multiply(s, g, sizes, axis);
    sizes[axis.axis] = axis.input;
  }
  return [g];
};

/** g times the matrix along its axis; `sizes` is the shape of g. */
function multiply(s: RuleStep, g: ValueName, sizes: readonly (number | { batch: number })[], axis: Axis): ValueName {
  const { b } = s;
  const { input, output, matrix } = axis;
  const type = isFloat(s.type(s.x())) ? s.type(s.x()) : 'float32';
  const rank = sizes.length;
  if (axis.axis === rank - 1)
    return b.matmul(g, b.constant(Tensor.floats(matrix, [output, input], type), 'interpolation'));
  const turned = new Float64Array(matrix.length);
  for (let row = 0; row < output; row++)
    for (let column = 0; column < input; column++) turned[column * output + row] = matrix[row * input + column]!;
  const left = b.constant(Tensor.floats(turned, [input, output], type), 'interpolation');
  if (axis.axis === rank - 2) return b.matmul(left, g);
  const rest = s.sizes(
    s.y(),
    sizes.flatMap((_, index) => (index > axis.axis ? [index] : [])),
  );
  const trailing = sizes.slice(axis.axis + 1) as number[];
  if (rest.length !== trailing.length) throw s.refuse('a spatial axis depends on the batch');
  const flat = b.reshape(g, [-1, output, trailing.reduce((product, n) => product * n, 1)]);
  const done = b.matmul(left, flat);
  return s.reshape(done, [...sizes.slice(0, axis.axis), input, ...trailing]);
}

/** Factors per axis when every element is just repeated in blocks: `[1, 1, 2, 2]`. */
function wholeRepeats(s: RuleStep, axes: readonly Axis[]): number[] | undefined {
  const rank = s.rank(s.y());
  if (axes.length === 0 || rank < 3 || rank > 5) return undefined;
  const factors = Array.from({ length: rank }, () => 1);
  for (const { axis, input, output, matrix } of axes) {
    const factor = output / input;
    if (axis < 2 || !Number.isInteger(factor)) return undefined;
    for (let row = 0; row < output; row++) if (matrix[row * input + Math.floor(row / factor)] !== 1) return undefined;
    factors[axis] = factor;
  }
  return factors;
}

/** Σ over blocks: their mean times their size. */
function sumBlocks(s: RuleStep, factors: readonly number[]): ValueName {
  const block = factors.slice(2);
  const size = block.reduce((product, n) => product * n, 1);
  const whole = s
    .shape(s.y())
    .slice(2)
    .every((dim, axis) => dim === block[axis]);
  const mean = whole
    ? s.b.op('GlobalAveragePool', [s.g])
    : s.b.op('AveragePool', [s.g], { kernel_shape: block, strides: block });
  return hasChannels(s) ? multiple(s, mean, size) : s.b.mul(mean, s.scalar(size));
}

/** The axes that a Resize changes, with their matrices. */
function resizedAxes(s: RuleStep): Axis[] {
  const { attribute } = s.node;
  const mode = attribute.string('mode', 'nearest');
  const coordinates = attribute.string('coordinate_transformation_mode', 'half_pixel');
  if (mode !== 'nearest' && mode !== 'linear' && mode !== 'cubic') throw s.refuse(`mode '${mode}' is not known`);
  if (!COORDINATES.includes(coordinates))
    throw s.refuse(`coordinate_transformation_mode '${coordinates}' is not known`);
  const how: Interpolation = {
    mode,
    coordinates,
    nearest: attribute.string('nearest_mode', 'round_prefer_floor'),
    cubicA: attribute.float('cubic_coeff_a', -0.75),
    excludeOutside: attribute.int('exclude_outside', 0) !== 0,
    antialias: attribute.int('antialias', 0) !== 0 && mode !== 'nearest',
  };
  const [from, to] = [s.shape(s.x()), s.shape(s.y())];
  // A runtime copies when no size changes, whatever the scales say.
  if (sameShape(from, to)) return [];
  const rank = from.length;
  const listed = (attribute.ints('axes') ?? from.map((_, axis) => axis)).map((axis) => (axis < 0 ? axis + rank : axis));
  const scales = constantFloats(s, 2);
  const region = coordinates === 'tf_crop_and_resize' ? constantFloats(s, 1) : undefined;
  const policy = attribute.string('keep_aspect_ratio_policy', 'stretch');
  const ratios = listed.map((axis, index) => {
    const given = scales?.[index];
    if (given !== undefined) return given;
    const [input, output] = [from[axis]!, requested(s, listed, axis)];
    return typeof input === 'number' && typeof output === 'number' ? output / input : 1;
  });
  const common =
    policy === 'not_larger' ? Math.min(...ratios) : policy === 'not_smaller' ? Math.max(...ratios) : undefined;
  const result: Axis[] = [];
  listed.forEach((axis, index) => {
    const [input, output] = [from[axis]!, to[axis]!];
    if (typeof input !== 'number' || typeof output !== 'number') {
      if (ratios[index] === 1) return;
      throw s.refuse('it resizes an axis that depends on the batch');
    }
    const scale = (scales === undefined ? common : undefined) ?? ratios[index]!;
    const resized: ResizedAxis = {
      input,
      output,
      scale,
      start: region?.[index] ?? 0,
      end: region?.[index + listed.length] ?? 1,
    };
    const matrix = interpolationMatrix(resized, how);
    if (input === output && identity(matrix, input)) return;
    result.push({ axis, input, output, matrix });
  });
  return result;
}

/** The size asked for along an axis by `sizes`, when that is constant; else the size it got. */
function requested(s: RuleStep, listed: readonly number[], axis: number) {
  const sizes = s.has(3) ? s.constant(s.x(3))?.numbers() : undefined;
  return sizes?.[listed.indexOf(axis)] ?? s.shape(s.y())[axis]!;
}

/** Scales or region; undefined when left out or empty. */
function constantFloats(s: RuleStep, index: number): number[] | undefined {
  if (!s.has(index)) return undefined;
  const name = s.x(index);
  const tensor = s.constant(name);
  if (tensor) return tensor.size === 0 ? undefined : tensor.numbers();
  if (s.shape(name)[0] === 0) return undefined;
  throw s.refuse(`its input '${name}' is computed at run time`);
}

function identity(matrix: Float64Array, size: number): boolean {
  return matrix.every((value, index) => value === (index % (size + 1) === 0 ? 1 : 0));
}

const boxes: Rule = (s) => {
  throw s.refuse('it samples at computed places; explain a score that comes before it');
};

export const resize: RuleTable = {
  Resize: resizeRule,
  RoiAlign: boxes,
  MaxRoiPool: boxes,
  /** Its outputs are indices. */
  NonMaxSuppression: 'stop',
};
