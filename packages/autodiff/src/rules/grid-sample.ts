import { DATA_TYPES, Tensor, type ValueName } from '@seewhy/onnx';
import type { Gradients, Rule, RuleStep, RuleTable } from '../rule.ts';
import { product } from '../shape.ts';

/** The pixels that one sample reads along an axis, as `[N, 1, K, P]`: K pixels for each of P samples. */
export interface Taps {
  /** K. */
  readonly count: number;
  /** Index along the axis, within the picture. */
  readonly index: ValueName;
  readonly weight: ValueName;
  /** Derivative of the weight by the grid's coordinate; undefined where it is zero everywhere. */
  readonly slope: ValueName | undefined;
}

/** Offsets of the pixels read around the one below, by the names of opset 16 and of opset 20. */
const MODES: Readonly<Record<string, readonly number[]>> = {
  bilinear: [0, 1],
  linear: [0, 1],
  nearest: [0],
  bicubic: [-1, 0, 1, 2],
  cubic: [-1, 0, 1, 2],
};
/** Of Keys's cubic kernel: the operator knows no other. */
const CUBIC_A = -0.75;

/**
 * y[n, c, p] = Σ_k w_k(grid[n, p]) · x[n, c, i_k(grid[n, p])]: a sample is a weighted sum of 2ᵈ (nearest: 1, cubic: 4ᵈ) pixels, their
 * weight a product over the axes. ∂x: each pixel takes g · w_k back, added up where samples share it. ∂grid: along an axis,
 * Σ_k w′_k · Σ_c g · x[i_k]; zero for nearest, as torch has it. Pixels outside count as zeros, or are found by clipping or reflecting
 * the coordinate.
 */
const gridSample: Rule = (s): Gradients => {
  const { b } = s;
  const mode = s.node.attribute.string('mode', s.opset >= 20 ? 'linear' : 'bilinear');
  const offsets = MODES[mode];
  if (!offsets) throw s.refuse(`mode '${mode}' is not known`);
  const [from, to] = [s.shape(s.x()), s.shape(s.y())];
  const spatial = from.slice(2).map((_, axis) => axis + 2);
  const sizes = s.sizes(s.x(), spatial);
  const samples = product(s.sizes(s.y(), spatial));
  const channels = s.staticSize(to, 1);
  const count = offsets.length ** spatial.length;
  const mixed = s.type(s.x(1)) !== s.type(s.x());
  const grid = mixed ? b.cast(s.x(1), s.typeCode(s.x())) : s.x(1);
  const taps = sizes.map((size, axis) => {
    // The grid's last axis counts from the picture's last.
    const coordinate = b.slice(grid, [sizes.length - 1 - axis], [sizes.length - axis], [-1]);
    const around = Array.from(
      { length: count },
      (_, k) => offsets[Math.floor(k / offsets.length ** axis) % offsets.length]!,
    );
    return tapsAlong(s, b.reshape(coordinate, [-1, 1, 1, samples]), size, around, mode);
  });
  const adjoint = samplesAdjoint(s, { g: b.reshape(s.g, [-1, channels, 1, samples]), taps, sizes, channels, samples });
  const byGrid = () => {
    if (offsets.length === 1) return null;
    const stacked = b.concat(taps.map((_, axis) => b.unsqueeze(adjoint.byCoordinate(axis), [-1])).reverse(), -1);
    return s.reshapeLike(mixed ? b.cast(stacked, s.typeCode(s.x(1))) : stacked, s.x(1));
  };
  return [s.needs(0) ? adjoint.byPicture() : null, s.needs(1) ? byGrid() : null];
};

/** Samples of the first input's pixels: their gradient g `[N′, C, 1, S]`, and where each reads along each axis, as `[N′, 1, K, S]`. */
interface Samples {
  readonly g: ValueName;
  readonly taps: readonly Taps[];
  readonly sizes: readonly number[];
  readonly channels: number;
  readonly samples: number;
}

/**
 * The adjoints of y[n, c, p] = Σ_k w_k · x[n, c, i_k] with weights that are products over the axes. N′ may be a multiple of the batch, where
 * groups of channels are sampled at places of their own.
 */
export function samplesAdjoint(s: RuleStep, { g, taps, sizes, channels, samples }: Samples) {
  const { b } = s;
  const type = s.type(s.x());
  const weigh = (sloped?: number) =>
    taps.map((tap, axis) => (axis === sloped ? tap.slope! : tap.weight)).reduce((one, other) => b.mul(one, other));
  const place = taps
    .map(({ index }) => index)
    .reduce((whole, index, axis) => b.add(b.mul(whole, s.scalar(sizes[axis]!)), index));
  const count = taps[0]!.count;
  const indices = b.reshape(b.cast(place, DATA_TYPES.int64.code), [-1, 1, count * samples]);
  const places = b.expand(indices, [1, channels, count * samples]);
  const pixels = b.reshape(s.x(), [-1, channels, product(sizes)]);
  const read = () => b.reshape(b.op('GatherElements', [pixels, places], { axis: 2 }), [-1, channels, count, samples]);
  let sensed: ValueName | undefined;
  /** Σ_c g · x[i_k], times weights, summed over k: `[N′, S]`. */
  const feel = (weights: ValueName) => {
    sensed ??= b.reduceSum(b.mul(read(), g), [1]);
    return b.reduceSum(b.mul(sensed, weights), [1, 2], false);
  };
  return {
    /** Of the shape of the first input. */
    byPicture(scaled = g): ValueName {
      const parts = b.reshape(b.mul(scaled, weigh()), [-1, channels, count * samples]);
      const add = (zero: ValueName, updates: ValueName) =>
        b.op('ScatterElements', [b.expand(zero, b.shape(pixels)), places, updates], { axis: 2, reduction: 'add' });
      // There is no float16 kernel that adds.
      const half = type === 'float16';
      const sum = half
        ? b.cast(add(b.scalar(0), b.cast(parts, DATA_TYPES.float32.code)), s.typeCode(s.x()))
        : add(s.scalar(0), parts);
      return s.reshapeLike(sum, s.x());
    },
    /** By the coordinate along an axis, `[N′, S]`. */
    byCoordinate: (axis: number) => feel(weigh(axis)),
    /** g times the samples themselves, summed over channels, `[N′, S]`. */
    timesSamples: () => feel(weigh()),
  };
}

/** Pixels along one axis of `size`, at `around` the place that a coordinate in -1 … 1 (`[N, 1, 1, P]`) means. */
function tapsAlong(s: RuleStep, coordinate: ValueName, size: number, around: readonly number[], mode: string): Taps {
  const { b } = s;
  const type = s.type(s.x());
  const aligned = s.node.attribute.int('align_corners', 0) !== 0;
  const padding = s.node.attribute.string('padding_mode', 'zeros');
  const number = (value: number) => b.scalar(value, type);
  const last = number(size - 1);
  // -1 and 1 are the centres of the outer pixels (aligned), or their outer edges.
  const scale = (aligned ? size - 1 : size) / 2;
  let at = b.add(b.mul(coordinate, number(scale)), number((size - 1) / 2));
  let turn: ValueName | undefined;
  if (padding === 'reflection') {
    const [low, span] = aligned ? [0, size - 1] : [-0.5, size];
    if (span === 0) at = b.mul(at, number(0));
    else {
      // Back and forth between the edges: a triangle wave of the distance from the lower one.
      const distance = b.sub(at, number(low));
      const folded = b.sub(distance, b.mul(b.op('Floor', [b.div(distance, number(2 * span))]), number(2 * span)));
      const returning = b.greater(folded, number(span));
      at = b.add(b.where(returning, b.sub(number(2 * span), folded), folded), number(low));
      turn = b.where(returning, number(-1), number(1));
    }
  } else if (padding !== 'zeros' && padding !== 'border') throw s.refuse(`padding_mode '${padding}' is not known`);
  if (padding !== 'zeros') {
    if (around.length > 2 && mode.endsWith('cubic'))
      throw s.refuse(`of mode '${mode}', only padding_mode 'zeros' is known`);
    // Outside, the outermost pixel whatever the coordinate.
    turn = s.profile.maskBetween(b, turn ?? number(1), at, 0, size - 1, type);
    at = b.clip(at, number(0), last);
  }
  const taps = pixelsAround(s, at, size, around, mode);
  if (taps.slope === undefined) return taps;
  const change = b.mul(taps.slope, number(scale));
  return { ...taps, slope: turn ? b.mul(change, turn) : change };
}

/** Pixels along one axis of `size`, at `around` the one below places `[N, 1, 1, P]` in pixels; those outside weigh nothing. */
export function pixelsAround(s: RuleStep, at: ValueName, size: number, around: readonly number[], mode: string): Taps {
  const { b } = s;
  const type = s.type(s.x());
  const number = (value: number) => b.scalar(value, type);
  const count = around.length;
  const offset = b.constant(Tensor.floats(around, [count, 1], type), 'offsets');
  const base = b.op(mode === 'nearest' ? 'Round' : 'Floor', [at]);
  const pixel = b.add(base, offset);
  const index = b.clip(pixel, number(0), number(size - 1));
  const inside = b.cast(b.equal(pixel, index), DATA_TYPES[type].code);
  if (mode === 'nearest') return { count, index, weight: inside, slope: undefined };
  const distance = b.sub(at, pixel);
  const [weight, slope] = mode.endsWith('cubic')
    ? cubic(s, distance)
    : // 1 − t for the pixel below, t for the one above.
      [
        b.sub(number(1), b.op('Abs', [distance])),
        b.constant(
          Tensor.floats(
            around.map((k) => 2 * k - 1),
            [count, 1],
            type,
          ),
          'slopes',
        ),
      ];
  return { count, index, weight: b.mul(weight, inside), slope: b.mul(slope, inside) };
}

/** Keys's kernel and its derivative at d: (a+2)|d|³ − (a+3)|d|² + 1 up to 1, a|d|³ − 5a|d|² + 8a|d| − 4a up to 2. */
function cubic(s: RuleStep, d: ValueName): [ValueName, ValueName] {
  const { b } = s;
  const a = CUBIC_A;
  const size = b.op('Abs', [d]);
  const near = b.op('LessOrEqual', [size, s.scalar(1)]);
  /** Horner's scheme, the highest power first. */
  const polynomial = (...factors: number[]) =>
    factors.map((factor) => s.scalar(factor)).reduce((value, factor) => b.add(b.mul(value, size), factor));
  const weight = b.where(near, polynomial(a + 2, -a - 3, 0, 1), polynomial(a, -5 * a, 8 * a, -4 * a));
  const slope = b.where(near, polynomial(3 * a + 6, -2 * a - 6, 0), polynomial(3 * a, -10 * a, 8 * a));
  return [weight, b.mul(slope, b.op('Sign', [d]))];
}

/** grid[n, p, i] = Σ_j θ[n, i, j] · base[p, j], with base the places of the pixels and 1: ∂θ = gᵀ base. */
const affineGrid: Rule = (s): Gradients => {
  const { b } = s;
  const axes = s
    .shape(s.y())
    .slice(1, -1)
    .map((_, axis) => axis + 1);
  const sizes = s.sizes(s.y(), axes);
  const samples = product(sizes);
  const aligned = s.node.attribute.int('align_corners', 0) !== 0;
  const along = sizes.map((size) =>
    Array.from({ length: size }, (_, k) =>
      aligned ? (size > 1 ? (2 * k) / (size - 1) - 1 : 0) : (2 * k + 1) / size - 1,
    ),
  );
  const base: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    // The last axis first, as the grid counts them.
    let rest = sample;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      base.push(along[axis]![rest % sizes[axis]!]!);
      rest = Math.floor(rest / sizes[axis]!);
    }
    base.push(1);
  }
  const g = b.transpose(b.reshape(s.g, [-1, samples, sizes.length]), [0, 2, 1]);
  return [b.matmul(g, b.constant(Tensor.floats(base, [samples, sizes.length + 1], s.type(s.x())), 'base'))];
};

export const sampling: RuleTable = { GridSample: gridSample, AffineGrid: affineGrid };
