import type { ValueName } from '@seewhy/onnx';
import { positiveAxis, type Rule, type RuleStep, type RuleTable } from '../rule.ts';

interface Reduction {
  axes: readonly number[];
  /** The reduced axes kept as 1, so that g and y broadcast against x. */
  g: ValueName;
  y: () => ValueName;
  /** Number of values that were put together. @throws GRADIENT_REFUSED when it depends on the batch */
  count: () => number;
}

/** Axes are an attribute below opset 18 (13 for ReduceSum), an input from then on; none means all, or none at all by `noop`. */
function readReduction(s: RuleStep): Reduction {
  const rank = s.rank(s.x());
  const given = s.node.attribute.ints('axes') ?? s.constantInts(1) ?? [];
  const noop = s.node.attribute.int('noop_with_empty_axes', 0) !== 0;
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const axes = given.length > 0 ? given.map((axis) => positiveAxis(axis, rank)).sort((a, b) => a - b) : noop ? [] : all;
  const kept = s.rank(s.y()) === rank;
  const keep = (value: ValueName) => (kept ? value : s.b.unsqueeze(value, axes));
  return {
    axes,
    g: keep(s.g),
    y: () => keep(s.y()),
    count: () => s.sizes(s.x(), axes).reduce((product, size) => product * size, 1),
  };
}

/** Stretches g over the reduced axes. Where the batch is not one of them a 1 leaves it alone: no shape at run time. */
function stretch(s: RuleStep, g: ValueName, axes: readonly number[]): ValueName {
  if (axes.length === 0) return g;
  const shape = s.shape(s.x());
  if (axes.some((axis) => typeof shape[axis] !== 'number')) return s.b.expand(g, s.b.shape(s.x()));
  return s.b.expand(
    g,
    shape.map((dim, axis) => (axes.includes(axis) ? (dim as number) : 1)),
  );
}

/** y = f(x…): the gradient from g, x and y that broadcast against each other. */
const reduce =
  (gradient: (s: RuleStep, r: Reduction) => ValueName): Rule =>
  (s) => [gradient(s, readReduction(s))];

/** y = Σx. */
const sum = reduce((s, r) => stretch(s, r.g, r.axes));

/** y = Σx / n. */
const mean = reduce((s, r) => stretch(s, s.b.mul(r.g, s.scalar(1 / r.count())), r.axes));

/** y = max x: in equal shares to all that are as large (as torch.amax). */
const extreme = reduce((s, r) => {
  const won = s.b.cast(s.b.equal(s.x(), r.y()), s.typeCode(s.x()));
  return s.b.mul(s.b.div(r.g, s.b.reduceSum(won, r.axes)), won);
});

/** y = Πx: g times the product of the others; right also where some are 0. */
const product = reduce((s, r) => {
  const { b } = s;
  const isZero = (value: ValueName) => b.cast(b.equal(value, s.scalar(0)), s.typeCode(s.x()));
  const zero = isZero(s.x());
  const safe = b.add(s.x(), zero);
  const otherZeros = b.sub(b.reduceSum(zero, r.axes), zero);
  const whole = r.axes.length === 0 ? safe : b.reduce('ReduceProd', safe, r.axes);
  const others = b.div(whole, safe);
  return b.mul(r.g, b.mul(others, isZero(otherZeros)));
});

/** y = Σ|x|. */
const l1 = reduce((s, r) => s.b.mul(r.g, s.profile.sign(s.b, s.x(), s.type(s.x()))));

/** y = √Σx²: g · x / y, 0 where y = 0 (as torch). */
const l2 = reduce((s, r) => {
  const y = r.y();
  const safe = s.b.add(y, s.b.cast(s.b.equal(y, s.scalar(0)), s.typeCode(s.x())));
  return s.b.mul(s.b.div(r.g, safe), s.x());
});

/** y = ln Σx: g / Σx = g · e^−y. */
const logSum = reduce((s, r) => stretch(s, s.b.mul(r.g, s.b.op('Exp', [s.b.neg(r.y())])), r.axes));

/** y = ln Σeˣ: g · e^(x − y). */
const logSumExp = reduce((s, r) => s.b.mul(r.g, s.b.op('Exp', [s.b.sub(s.x(), r.y())])));

/** y = Σx²: 2x · g. */
const sumSquare = reduce((s, r) => s.b.mul(s.b.mul(r.g, s.scalar(2)), s.x()));

/** y_i = Σ_{j ≤ i} x_j: the sum from the other end. */
const cumSum: Rule = (s) => {
  const flag = (name: string) => s.node.attribute.int(name, 0);
  return [s.b.op('CumSum', [s.g, s.x(1)], { exclusive: flag('exclusive'), reverse: 1 - flag('reverse') })];
};

export const reduction: RuleTable = {
  ReduceSum: sum,
  ReduceMean: mean,
  ReduceMax: extreme,
  ReduceMin: extreme,
  ReduceProd: product,
  ReduceL1: l1,
  ReduceL2: l2,
  ReduceLogSum: logSum,
  ReduceLogSumExp: logSumExp,
  ReduceSumSquare: sumSquare,
  CumSum: cumSum,
  ArgMax: 'stop',
  ArgMin: 'stop',
};
