import { isFloat, Tensor, type ValueName } from '@seewhy/onnx';
import type { Gradients, Rule, RuleStep, RuleTable } from '../rule.ts';
import { sameDim } from '../shape.ts';
import { hasChannels, multiple } from './blocks.ts';

/** Rule of y = f(x) from its derivative: g · f'(x). */
const pointwise =
  (derivative: (s: RuleStep) => ValueName): Rule =>
  (s) => [s.b.mul(s.g, derivative(s))];

/** The gradients of two broadcast operands, made only where asked for and summed where they were stretched. */
function pair(s: RuleStep, first: () => ValueName, second: () => ValueName): Gradients {
  return [s.needs(0) ? s.unbroadcastTo(first(), 0) : null, s.needs(1) ? s.unbroadcastTo(second(), 1) : null];
}

// ---- arithmetic ----------------------------------------------------------------------------------------------------

/** y = a + b: each summand receives g, summed where it was broadcast. */
const add: Rule = (s) =>
  pair(
    s,
    () => s.g,
    () => s.g,
  );

/** y = a − b. */
const sub: Rule = (s) => {
  const [a, b] = pair(
    s,
    () => s.g,
    () => s.g,
  );
  return [a!, b ? s.b.neg(b) : null];
};

/** y = a · b: (ab)' = a'b + ab'. */
const mul: Rule = (s) =>
  [0, 1].map((index) => (s.needs(index) ? factor(s, s.b.mul(s.g, s.x(1 - index)), index) : null));

/** The gradient of a factor: summed where it was stretched; over an image, for one factor a channel, by a pool in place. */
function factor(s: RuleStep, gradient: ValueName, index: number): ValueName {
  const [from, to] = [s.shape(s.y()), s.shape(s.x(index))];
  const [height, width] = from.slice(2);
  const perChannel =
    to.length === 4 && sameDim(to[1]!, from[1]!) && sameDim(to[0]!, from[0]!) && to[2] === 1 && to[3] === 1;
  if (
    !perChannel ||
    !hasChannels(s, s.y()) ||
    typeof height !== 'number' ||
    typeof width !== 'number' ||
    height * width === 1
  )
    return s.unbroadcastTo(gradient, index);
  return multiple(s, s.b.op('GlobalAveragePool', [gradient]), height * width, s.y());
}

/** y = a / b: ∂a = g / b, ∂b = −g · y / b. */
const div: Rule = (s) =>
  pair(
    s,
    () => s.b.div(s.g, s.x(1)),
    () => s.b.neg(s.b.mul(s.g, s.b.div(s.y(), s.x(1)))),
  );

/** y = a − b · trunc(a / b): ∂a = g, ∂b = −g · trunc(a / b) = g · (y − a) / b. */
const mod: Rule = (s) =>
  pair(
    s,
    () => s.g,
    () => s.b.mul(s.g, s.b.div(s.b.sub(s.y(), s.x(0)), s.x(1))),
  );

/** y = x^p: ∂x = g · p · x^(p−1), 0 where p = 0; ∂p = g · y · ln x, 0 where x = 0 and p ≥ 0. */
const pow: Rule = (s) =>
  pair(
    s,
    () => {
      const exponent = s.constant(s.x(1))?.numbers();
      if (!exponent) return powBaseAtRunTime(s);
      if (exponent.every((p) => p === exponent[0])) return powOfConstant(s, exponent[0] ?? 1);
      // The power x^(p−1) is never asked for where p = 0: 0 · x^−1 would not be 0 at x = 0.
      const { dims } = s.constant(s.x(1))!;
      const type = s.type(s.x());
      const factor = s.b.constant(Tensor.floats(exponent, dims, type));
      const lower = s.b.constant(
        Tensor.floats(
          exponent.map((p) => (p === 0 ? 0 : p - 1)),
          dims,
          type,
        ),
      );
      return s.b.mul(s.g, s.b.mul(factor, s.b.op('Pow', [s.x(), lower])));
    },
    () => {
      const [x, p, zero] = [s.x(0), s.x(1), s.scalar(0)];
      const slope = s.b.mul(s.g, s.b.mul(s.y(), s.b.op('Log', [x])));
      const atZero = s.b.where(s.b.op('Less', [p, s.scalar(0, p)]), slope, zero);
      return s.b.where(s.b.equal(x, zero), atZero, slope);
    },
  );

/** p · x^(p−1) · g for one exponent, with the powers that are cheap as products. */
function powOfConstant(s: RuleStep, p: number): ValueName {
  const scaled = (factor: number) => s.b.mul(s.g, s.scalar(factor));
  if (p === 0) return s.b.mul(s.g, s.b.mul(s.x(), s.scalar(0)));
  if (p === 1) return s.g;
  if (p === 2) return s.b.mul(scaled(2), s.x());
  if (p === 3) return s.b.mul(scaled(3), s.b.mul(s.x(), s.x()));
  if (p === 0.5) return s.b.div(scaled(0.5), s.y());
  if (p === -1) return s.b.neg(s.b.mul(s.g, s.b.mul(s.y(), s.y())));
  return s.b.mul(scaled(p), s.b.op('Pow', [s.x(), s.scalar(p - 1)]));
}

function powBaseAtRunTime(s: RuleStep): ValueName {
  const p = isFloat(s.type(s.x(1))) ? s.x(1) : s.b.cast(s.x(1), s.typeCode(s.x()));
  const zero = s.scalar(0);
  const power = s.b.op('Pow', [s.x(), s.b.sub(p, s.scalar(1))]);
  return s.b.where(s.b.equal(p, zero), zero, s.b.mul(s.g, s.b.mul(p, power)));
}

// ---- functions of one value ------------------------------------------------------------------------------------------

const neg: Rule = (s) => [s.b.neg(s.g)];
/** |x|' = sign(x), 0 at 0. */
const abs = pointwise((s) => s.profile.sign(s.b, s.x(), s.type(s.x())));
const exp = pointwise((s) => s.y());
/** ln' = 1 / x. */
const log: Rule = (s) => [s.b.div(s.g, s.x())];
/** √' = 1 / 2√x. */
const sqrt: Rule = (s) => [s.b.div(s.b.mul(s.g, s.scalar(0.5)), s.y())];
/** (1/x)' = −y². */
const reciprocal: Rule = (s) => [s.b.neg(s.b.mul(s.g, s.b.mul(s.y(), s.y())))];

const sin = pointwise((s) => s.b.op('Cos', [s.x()]));
const cos: Rule = (s) => [s.b.neg(s.b.mul(s.g, s.b.op('Sin', [s.x()])))];
/** tan' = 1 + tan². */
const tan = pointwise((s) => s.b.add(s.b.mul(s.y(), s.y()), s.scalar(1)));
/** asin' = 1 / √(1 − x²) = −acos'. */
const asin: Rule = (s) => [s.b.div(s.g, s.b.op('Sqrt', [s.b.sub(s.scalar(1), s.b.mul(s.x(), s.x()))]))];
const acos: Rule = (s) => [s.b.neg(asin(s)[0]!)];
/** atan' = 1 / (1 + x²). */
const atan: Rule = (s) => [s.b.div(s.g, s.b.add(s.b.mul(s.x(), s.x()), s.scalar(1)))];
const sinh = pointwise((s) => s.b.op('Cosh', [s.x()]));
const cosh = pointwise((s) => s.b.op('Sinh', [s.x()]));
/** asinh' = 1 / √(x² + 1). */
const asinh: Rule = (s) => [s.b.div(s.g, s.b.op('Sqrt', [s.b.add(s.b.mul(s.x(), s.x()), s.scalar(1))]))];
/** acosh' = 1 / √(x² − 1). */
const acosh: Rule = (s) => [s.b.div(s.g, s.b.op('Sqrt', [s.b.sub(s.b.mul(s.x(), s.x()), s.scalar(1))]))];
/** atanh' = 1 / (1 − x²). */
const atanh: Rule = (s) => [s.b.div(s.g, s.b.sub(s.scalar(1), s.b.mul(s.x(), s.x())))];
/** erf' = 2/√π · e^(−x²). */
const erf: Rule = (s) => {
  const bell = s.b.op('Exp', [s.b.neg(s.b.mul(s.x(), s.x()))]);
  return [s.b.mul(s.b.mul(s.g, s.scalar(2 / Math.sqrt(Math.PI))), bell)];
};

// ---- choices ---------------------------------------------------------------------------------------------------------

/** y = c ? a : b. */
const where: Rule = (s) => {
  const zero = s.scalar(0, s.x(1));
  return [
    null,
    s.needs(1) ? s.unbroadcastTo(s.b.where(s.x(0), s.g, zero), 1) : null,
    s.needs(2) ? s.unbroadcastTo(s.b.where(s.x(0), zero, s.g), 2) : null,
  ];
};

/** y = max(a, b, …): g goes to the operand that won, in equal shares where several did (as torch). */
const extreme =
  (larger: boolean): Rule =>
  (s) => {
    const inputs = s.node.inputs;
    if (inputs.length === 1) return [s.g];
    const type = s.type(s.x());
    if (inputs.length === 2 && type === 'float32') {
      // Step of a − b: 0, ½ or 1.
      const share = (i: number) => {
        const ahead = larger ? s.b.sub(s.x(i), s.x(1 - i)) : s.b.sub(s.x(1 - i), s.x(i));
        return s.b.mul(s.g, s.b.hardSigmoid(ahead, 3e38, 0.5));
      };
      return pair(
        s,
        () => share(0),
        () => share(1),
      );
    }
    const won = inputs.map((input) => s.b.cast(s.b.equal(input, s.y()), s.typeCode(s.x())));
    const share = s.b.div(s.g, s.b.sum(won));
    return inputs.map((_, i) => (s.needs(i) ? s.unbroadcastTo(s.b.mul(share, won[i]!), i) : null));
  };

/** y = a + b + … */
const sum: Rule = (s) => s.node.inputs.map((_, i) => (s.needs(i) ? s.unbroadcastTo(s.g, i) : null));

/** y = (a + b + …) / n. */
const mean: Rule = (s) => {
  const share = s.b.mul(s.g, s.scalar(1 / s.node.inputs.length));
  return s.node.inputs.map((_, i) => (s.needs(i) ? s.unbroadcastTo(share, i) : null));
};

// ---- types -----------------------------------------------------------------------------------------------------------

/** A change of element type: the gradient changes back. Integers that stand for floats have float gradients: nothing to do. */
const cast: Rule = (s) => [
  isFloat(s.type(s.x())) && s.type(s.x()) !== s.type(s.y()) ? s.b.cast(s.g, s.typeCode(s.x())) : s.g,
];

const identity: Rule = (s) => [s.g];

/** Inference: y = x. */
const dropout: Rule = (s) => {
  if (s.has(2) && s.constant(s.x(2))?.numbers()[0] !== 0)
    throw s.refuse('it is in training mode: export the model for inference');
  return [s.g];
};

export const elementwise: RuleTable = {
  Add: add,
  Sub: sub,
  Mul: mul,
  Div: div,
  Mod: mod,
  Pow: pow,
  Neg: neg,
  Abs: abs,
  Exp: exp,
  Log: log,
  Sqrt: sqrt,
  Reciprocal: reciprocal,
  Sin: sin,
  Cos: cos,
  Tan: tan,
  Asin: asin,
  Acos: acos,
  Atan: atan,
  Sinh: sinh,
  Cosh: cosh,
  Asinh: asinh,
  Acosh: acosh,
  Atanh: atanh,
  Erf: erf,
  Where: where,
  Max: extreme(true),
  Min: extreme(false),
  Sum: sum,
  Mean: mean,
  Cast: cast,
  CastLike: cast,
  Identity: identity,
  Dropout: dropout,
  // Piecewise constant, logical or random: no gradient passes.
  Floor: 'stop',
  Ceil: 'stop',
  Round: 'stop',
  Sign: 'stop',
  IsNaN: 'stop',
  IsInf: 'stop',
  Equal: 'stop',
  Greater: 'stop',
  GreaterOrEqual: 'stop',
  Less: 'stop',
  LessOrEqual: 'stop',
  Not: 'stop',
  And: 'stop',
  Or: 'stop',
  Xor: 'stop',
  BitShift: 'stop',
  BitwiseAnd: 'stop',
  BitwiseOr: 'stop',
  BitwiseXor: 'stop',
  BitwiseNot: 'stop',
  Bernoulli: 'stop',
  Multinomial: 'stop',
  RandomNormalLike: 'stop',
  RandomUniformLike: 'stop',
};
