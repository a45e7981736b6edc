import { DATA_TYPES, type ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep, RuleTable } from '../rule.ts';
import { convolutionInput, weightWindow } from './convolution.ts';
import { matmulGradients } from './linear.ts';
import { averageWindows } from './pooling.ts';
import { along, centred, integerRange } from './quantize.ts';
import { spatialAxes } from './window.ts';

/**
 * Operators on quantised values: y_q = clamp(round(f(…) / y_scale) + y_zero), where f works on (q − zero) · scale. Gradients are those of
 * the integers, straight-through: ∂x_q = x_scale / y_scale · f′ · ∂y_q, and 0 where y_q lies at an end of its range. (A Relu folded
 * into the range is such an end.)
 */

/** A float constant input's one number; undefined when computed or one a channel. */
function number(s: RuleStep, index: number): number | undefined {
  const values = s.constant(s.x(index))?.numbers();
  return values?.length === 1 ? values[0] : undefined;
}

/** value · Π up / Π down of scalar inputs: one product when they are constants. */
function rescale(s: RuleStep, value: ValueName, up: readonly number[], down: readonly number[] = []): ValueName {
  const factors = [...up.map((index) => [index, 1] as const), ...down.map((index) => [index, -1] as const)];
  const known = factors.reduce((product, [index, power]) => product * (number(s, index) ?? 1) ** power, 1);
  const scaled = known === 1 ? value : s.b.mul(value, s.b.scalar(known));
  const open = factors.filter(([index]) => number(s, index) === undefined);
  return open.reduce(
    (result, [index, power]) => (power > 0 ? s.b.mul(result, s.x(index)) : s.b.div(result, s.x(index))),
    scaled,
  );
}

/** The output's gradient where the output is inside its type's range, else 0. */
function inside(s: RuleStep): ValueName {
  const [low, high] = integerRange(s, s.type(s.y()));
  const y = s.b.cast(s.y(), DATA_TYPES.float32.code);
  return s.profile.maskBetween(s.b, s.g, y, low, high, 'float32');
}

/** An input less its zero point, as float32. */
const integer = (s: RuleStep, x: number, zero: number, axis = 0) => centred(s, s.x(x), s.x(zero), axis);

/** The output as a float: (y − zero) · scale. */
const realOutput = (s: RuleStep, scale: number, zero: number) => rescale(s, centred(s, s.y(), s.x(zero), 0), [scale]);

/** (x, xs, xz, w, ws, wz, ys, yz, bias): the transposed convolution; scales of single channels belong to the weight. */
const conv: Rule = (s) => {
  if (s.needs(3)) throw s.refuse('its weight is computed from the image');
  if (s.node.attribute.int('channels_last', 0) !== 0)
    throw s.refuse('its channels stand last; use the model before optimisation');
  const { shape, window } = weightWindow(s, s.x(0), s.x(3));
  const perTensor = number(s, 4) !== undefined;
  const weight = integer(s, 3, 5);
  const scaled = perTensor ? weight : s.b.mul(weight, along(s, s.x(4), 0, shape.length));
  const g = rescale(s, inside(s), perTensor ? [1, 4] : [1], [6]);
  return [convolutionInput(s, g, scaled, shape, window)];
};

/** Gradients of A (input `a`) and B (input `b`) for a product scaled by the scales at `a + 1`, `b + 1`. */
function product(s: RuleStep, g: ValueName, [a, as, az]: readonly number[], [b, bs, bz]: readonly number[]) {
  const [shapeA, shapeB] = [s.shape(s.x(a!)), s.shape(s.x(b!))];
  const columns = shapeB.length - 1;
  const right = () => {
    const value = integer(s, b!, bz!, columns);
    return number(s, bs!) === undefined ? s.b.mul(value, along(s, s.x(bs!), columns, shapeB.length)) : value;
  };
  const left = () => {
    const value = integer(s, a!, az!, shapeA.length - 2);
    return number(s, as!) === undefined ? s.b.mul(value, along(s, s.x(as!), shapeA.length - 2, shapeA.length)) : value;
  };
  // The gradient of one operand is in its own integer units: times its own scale, and the real values of the other operand.
  const [ofA] = s.needs(a!)
    ? matmulGradients(s, g, { value: s.x(a!), shape: shapeA }, { value: right(), shape: shapeB }, [true, false])
    : [null];
  const [, ofB] = s.needs(b!)
    ? matmulGradients(s, g, { value: left(), shape: shapeA }, { value: s.x(b!), shape: shapeB }, [false, true])
    : [null, null];
  const constants = (indices: number[]) => indices.filter((index) => number(s, index) !== undefined);
  return {
    a: ofA && rescale(s, ofA, [as!, ...constants([bs!])]),
    b: ofB && rescale(s, ofB, [bs!, ...constants([as!])]),
  };
}

/** (a, as, az, b, bs, bz, ys, yz). */
const matmul: Rule = (s) => {
  const { a, b } = product(s, rescale(s, inside(s), [], [6]), [0, 1, 2], [3, 4, 5]);
  return [a ?? null, null, null, b ?? null];
};

/** Float result of quantised operands: (a, b, as, bs, az, bz, bias). */
const matmulToFloat: Rule = (s) => {
  const { a, b } = product(s, s.g, [0, 2, 4], [1, 3, 5]);
  return [a ?? null, b ?? null, null, null, null, null, s.needs(6) ? s.unbroadcastTo(s.g, 6) : null];
};

/** (a float, b, bs, bz, bias): a is quantised inside, so that its gradient is the float one. */
const dynamicMatmul: Rule = (s) => {
  if (s.needs(1)) throw s.refuse('its weight is computed from the image');
  const shape = s.shape(s.x(1));
  const columns = shape.length - 1;
  const weight = s.b.mul(integer(s, 1, 3, columns), along(s, s.x(2), columns, shape.length));
  const [a] = matmulGradients(s, s.g, { value: s.x(0), shape: s.shape(s.x(0)) }, { value: weight, shape }, [
    true,
    false,
  ]);
  return [a ?? null, null, null, null, s.needs(4) ? s.unbroadcastTo(s.g, 4) : null];
};

/** α·A′·B′ + C in integers: (a, as, az, b, bs, bz, c, ys, yz); a float result when ys is left out. */
const gemm: Rule = (s) => {
  if (s.needs(3) || s.needs(6)) throw s.refuse('its weight or bias is computed from the image');
  const alpha = s.node.attribute.float('alpha', 1);
  const transA = s.node.attribute.int('transA', 0) !== 0;
  const transB = s.node.attribute.int('transB', 0) !== 0;
  const quantised = s.has(7);
  const perTensor = number(s, 4) !== undefined;
  const g = rescale(s, quantised ? inside(s) : s.g, perTensor ? [1, 4] : [1], quantised ? [7] : []);
  const rows = transB ? 0 : 1;
  const weight = integer(s, 3, 5, rows);
  const b = perTensor ? weight : s.b.mul(weight, along(s, s.x(4), rows, 2));
  return [
    transA ? s.b.gemm(b, g, { alpha, transA: transB, transB: true }) : s.b.gemm(g, b, { alpha, transB: !transB }),
  ];
};

/** (a, as, az, b, bs, bz, ys, yz). */
const add: Rule = (s) => {
  const g = inside(s);
  const side = (index: number) => (s.needs(index) ? rescale(s, s.unbroadcastTo(g, index), [index + 1], [6]) : null);
  return [side(0), null, null, side(3)];
};

/** (a, as, az, b, bs, bz, ys, yz): each side times the other one. */
const mul: Rule = (s) => {
  const g = rescale(s, inside(s), [1, 4], [6]);
  const side = (index: number, other: number) =>
    s.needs(index) ? s.unbroadcastTo(s.b.mul(g, integer(s, other, other + 2)), index) : null;
  return [side(0, 3), null, null, side(3, 0)];
};

/** (x, xs, xz, ys, yz): y(1 − y) of the real output. */
const sigmoid: Rule = (s) => {
  const y = realOutput(s, 3, 4);
  return [rescale(s, s.b.mul(inside(s), s.b.mul(y, s.b.sub(s.b.scalar(1), y))), [1], [3])];
};

/** (x, xs, xz, ys, yz): g where x > 0, else alpha · g. */
const leakyRelu: Rule = (s) => {
  const alpha = s.node.attribute.float('alpha', 0.01);
  return [rescale(s, s.profile.leaky(s.b, inside(s), integer(s, 0, 2), alpha, 'float32'), [1], [3])];
};

/** (x, xs, xz, ys, yz): y(g − Σ g·y) of the real output. */
const softmax: Rule = (s) => {
  const rank = s.rank(s.x(0));
  const first = s.node.attribute.int('axis', -1);
  const from = first < 0 ? first + rank : first;
  const old = s.node.attribute.int('opset', 13) < 13;
  const axes = old ? Array.from({ length: rank - from }, (_, index) => from + index) : [from];
  const y = realOutput(s, 3, 4);
  const g = inside(s);
  const mean = s.b.reduceSum(s.b.mul(g, y), axes);
  return [rescale(s, s.b.mul(y, s.b.sub(g, mean)), [1], [3])];
};

/** (x, xs, xz, ys, yz): the mean over space. */
const globalAveragePool: Rule = (s) => {
  const rank = s.rank(s.x(0)) - 2;
  const last = s.node.attribute.int('channels_last', 0) !== 0;
  const axes = last ? spatialAxes(rank).map((axis) => axis - 1) : spatialAxes(rank);
  const space = s.sizes(s.x(0), axes);
  const mean = s.b.mul(rescale(s, inside(s), [1], [3]), s.b.scalar(1 / space.reduce((product, n) => product * n, 1)));
  return [s.b.expand(mean, last ? [1, ...space, 1] : [1, 1, ...space])];
};

/** (x, xs, xz, ys, yz): the mean over windows. */
const averagePool: Rule = (s) => {
  if (s.node.attribute.int('channels_last', 0) !== 0)
    throw s.refuse('its channels stand last; use the model before optimisation');
  return [averageWindows(s, rescale(s, inside(s), [1], [3]))];
};

/** (ys, yz, x₀, s₀, z₀, x₁, s₁, z₁, …): the part of g that each input became. */
const concat: Rule = (s) => {
  const axis = s.node.attribute.int('axis', 0);
  const parts = Array.from({ length: Math.floor((s.node.inputs.length - 2) / 3) }, (_, index) => 2 + 3 * index);
  const sizes = parts.map((index) => s.sizes(s.x(index), [axis])[0]!);
  const g = inside(s);
  const split = parts.length === 1 ? [g] : s.b.split(g, sizes, axis);
  const result: (ValueName | null)[] = s.node.inputs.map(() => null);
  parts.forEach((index, part) => {
    if (s.needs(index)) result[index] = rescale(s, split[part]!, [index + 1], [0]);
  });
  return result;
};

/** (condition, x, xs, xz, y, ys, yz, zs, zz). */
const where: Rule = (s) => {
  const g = inside(s);
  const zero = s.b.scalar(0);
  const side = (index: number, chosen: ValueName) => rescale(s, s.unbroadcastTo(chosen, index), [index + 1], [7]);
  return [
    null,
    s.needs(1) ? side(1, s.b.where(s.x(0), g, zero)) : null,
    null,
    null,
    s.needs(4) ? side(4, s.b.where(s.x(0), zero, g)) : null,
  ];
};

export const quantizedOperators: RuleTable = {
  QLinearConv: conv,
  QLinearMatMul: matmul,
  'com.microsoft.QLinearConv': conv,
  'com.microsoft.QLinearAdd': add,
  'com.microsoft.QLinearMul': mul,
  'com.microsoft.QLinearSigmoid': sigmoid,
  'com.microsoft.QLinearLeakyRelu': leakyRelu,
  'com.microsoft.QLinearSoftmax': softmax,
  'com.microsoft.QLinearGlobalAveragePool': globalAveragePool,
  'com.microsoft.QLinearAveragePool': averagePool,
  'com.microsoft.QLinearConcat': concat,
  'com.microsoft.QLinearWhere': where,
  'com.microsoft.QGemm': gemm,
  'com.microsoft.MatMulIntegerToFloat': matmulToFloat,
  'com.microsoft.DynamicQuantizeMatMul': dynamicMatmul,
};
