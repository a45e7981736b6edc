import type { ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep, RuleTable } from '../rule.ts';
import { affine, hasChannels, maskWithin, multiple, withoutFactor } from './blocks.ts';

// From the output where possible, so that the runtime can still fuse the activation into the node before it.

/** Rule of y = f(x) from its derivative: g · f'(x). */
const pointwise =
  (derivative: (s: RuleStep) => ValueName): Rule =>
  (s) => [s.b.mul(s.g, derivative(s))];

const above = (s: RuleStep, x: ValueName, threshold: number) => s.profile.above(s.b, x, threshold, s.type(x));
const below = (s: RuleStep, x: ValueName, threshold: number) => s.profile.below(s.b, x, threshold, s.type(x));
const sigmoid = (s: RuleStep, x: ValueName) => s.b.op('Sigmoid', [x]);
const exp = (s: RuleStep, x: ValueName) => s.b.op('Exp', [x]);
const scaled = (s: RuleStep, x: ValueName, factor: number) => (factor === 1 ? x : s.b.mul(x, s.scalar(factor)));
const plus = (s: RuleStep, x: ValueName, term: number) => s.b.add(x, s.scalar(term));

/** min(0, x). */
const negativePart = (s: RuleStep, x: ValueName) => s.b.clip(x, undefined, s.scalar(0));

// ---- piecewise linear --------------------------------------------------------------------------------------------------

/** y = max(0, x): g where y > 0 (0 at 0, as torch). */
const relu: Rule = (s) => [s.profile.maskPositive(s.b, s.g, s.y(), s.type(s.y()), true)];

/** y = x > 0 ? x : αx; y and x have one sign where α ≥ 0. */
const leakyRelu: Rule = (s) => {
  const slope = s.node.attribute.float('alpha', 0.01);
  return [s.profile.leaky(s.b, s.g, slope >= 0 ? s.y() : s.x(), slope, s.type(s.x()))];
};

/** y = x > 0 ? x : slope · x. */
const prelu: Rule = (s) => {
  const [zero, positive] = [s.scalar(0), s.b.greater(s.x(), s.scalar(0))];
  return [
    s.needs(0) ? s.b.where(positive, s.g, s.b.mul(s.g, s.x(1))) : null,
    s.needs(1) ? s.unbroadcastTo(s.b.where(positive, zero, s.b.mul(s.g, s.x())), 1) : null,
  ];
};

/** Bounds beyond which a float32 has no numbers: exporters write them for "no bound". */
const NO_BOUND = 3.4e38;

/**
 * y = min(high, max(low, x)): g where x passed, that is y = x (both bounds included, as torch.clamp). Clip(0, 6) is how exporters
 * write ReLU6, whose derivative is 0 at both bounds in torch and TensorFlow: from y alone.
 */
const clip: Rule = (s) => {
  const bound = (index: number, none: number) => (s.has(index) ? s.constant(s.x(index))?.numbers()[0] : none);
  const [low, high] = [bound(1, Number.NEGATIVE_INFINITY), bound(2, Number.POSITIVE_INFINITY)];
  const type = s.type(s.x());
  if (low === 0 && high === 6) return [maskWithin(s, s.g, s.y(), 6)];
  if (low !== undefined && low <= -NO_BOUND && high !== undefined && high >= NO_BOUND) return [s.g];
  const beyond = (index: number, op: string) =>
    s.needs(index) ? s.unbroadcastTo(s.b.where(s.b.op(op, [s.x(), s.x(index)]), s.g, s.scalar(0)), index) : null;
  return [
    s.needs(0) ? s.profile.maskEqual(s.b, s.g, s.x(), s.y(), type) : null,
    beyond(1, 'Less'),
    beyond(2, 'Greater'),
  ];
};

/** y = max(0, min(1, αx + β)): αg where 0 < y < 1. */
const hardSigmoid: Rule = (s) => {
  const alpha = s.node.attribute.float('alpha', 0.2);
  const mask = (g: ValueName) => maskWithin(s, g, s.y(), 1);
  if (!hasChannels(s)) return [mask(scaled(s, s.g, alpha))];
  const { value, factor } = withoutFactor(s, s.g);
  return [multiple(s, mask(value), factor * alpha)];
};

/** y = x · h, h = max(0, min(1, x/6 + ½)): g · (h + x/6 where |x| < 3, that is x² < 9). */
const hardSwish: Rule = (s) => {
  const h = s.b.hardSigmoid(s.x(), 1 / 6, 0.5);
  const type = s.type(s.x());
  if (s.profile.name === 'native' && type === 'float32') {
    const inside = s.b.mul(s.x(), below(s, s.b.mul(s.x(), s.x()), 9));
    return [s.b.mul(s.g, s.b.add(h, hasChannels(s) ? affine(s, inside, 1 / 6, 0) : scaled(s, inside, 1 / 6)))];
  }
  const inside = s.profile.maskBetween(s.b, s.x(), s.x(), -3, 3, type);
  return [s.b.mul(s.g, s.b.add(h, scaled(s, inside, 1 / 6)))];
};

/** y = x > α ? x : 0. */
const thresholdedRelu = pointwise((s) => above(s, s.x(), s.node.attribute.float('alpha', 1)));

/** y = x ∓ bias where |x| > λ, else 0. */
const shrink = pointwise((s) => {
  const lambda = s.node.attribute.float('lambd', 0.5);
  return s.b.add(above(s, s.x(), lambda), below(s, s.x(), -lambda));
});

// ---- exponential -------------------------------------------------------------------------------------------------------

/** σ' = y · (1 − y). */
const sigmoidRule: Rule = (s) => {
  if (!hasChannels(s)) return [s.b.mul(s.g, s.b.mul(s.y(), s.b.sub(s.scalar(1), s.y())))];
  const { value, factor } = withoutFactor(s, s.g);
  return [multiple(s, s.b.mul(value, s.b.mul(s.y(), affine(s, s.y(), -1, 1))), factor)];
};
/** tanh' = 1 − y². */
const tanh = pointwise((s) => s.b.sub(s.scalar(1), s.b.mul(s.y(), s.y())));
/** ln(1 + eˣ)' = σ(x). */
const softplus = pointwise((s) => sigmoid(s, s.x()));
/** (x / (1 + |x|))' = 1 / (1 + |x|)². */
const softsign: Rule = (s) => {
  const d = plus(s, s.b.op('Abs', [s.x()]), 1);
  return [s.b.div(s.g, s.b.mul(d, d))];
};

/** y = x > 0 ? x : α(eˣ − 1): 1 or αeˣ; for α = 1 that is e^min(x, 0). */
const elu = pointwise((s) => expBelowZero(s, s.node.attribute.float('alpha', 1)));
/** y = γ · elu(x). */
const selu = pointwise((s) => {
  const alpha = s.node.attribute.float('alpha', 1.6732632423543772);
  return scaled(s, expBelowZero(s, alpha), s.node.attribute.float('gamma', 1.0507009873554805));
});
/** y = max(0, x) + min(0, α(e^(x/α) − 1)): e^(min(x, 0) / α). */
const celu = pointwise((s) => exp(s, scaled(s, negativePart(s, s.x()), 1 / s.node.attribute.float('alpha', 1))));

function expBelowZero(s: RuleStep, alpha: number): ValueName {
  const e = exp(s, negativePart(s, s.x()));
  return alpha === 1 ? e : s.b.where(s.b.greater(s.x(), s.scalar(0)), s.scalar(1), scaled(s, e, alpha));
}

/** y = x · tanh(s), s = ln(1 + eˣ): t + x · σ(x) · (1 − t²). */
const mish = pointwise((s) => {
  const t = s.b.op('Tanh', [s.b.op('Softplus', [s.x()])]);
  const bend = s.b.mul(sigmoid(s, s.x()), s.b.sub(s.scalar(1), s.b.mul(t, t)));
  return s.b.add(t, s.b.mul(s.x(), bend));
});

/**
 * y = x · s, s = σ(αx): s · (1 − αy) + αy = s · (1 + αx − αy); in float16, where that cancels, s · (1 + αx · (1 − s)). The gate s
 * is the second input of the decomposed form; elsewhere it is made anew.
 */
const swish = (alpha: (s: RuleStep) => number): Rule =>
  pointwise((s) => {
    const a = alpha(s);
    const gate = s.has(1) ? s.x(1) : sigmoid(s, scaled(s, s.x(), a));
    const rest = (value: ValueName) => s.b.sub(s.scalar(1), value);
    if (s.type(s.x()) !== 'float32') return s.b.mul(gate, plus(s, s.b.mul(scaled(s, s.x(), a), rest(gate)), 1));
    // The sum merges with the node before it.
    if (a === 1 && hasChannels(s)) return s.b.mul(gate, s.b.add(affine(s, s.y(), -1, 1), s.x()));
    const y = scaled(s, s.y(), a);
    return s.b.add(s.b.mul(gate, rest(y)), y);
  });

// ---- Gaussian ----------------------------------------------------------------------------------------------------------

/** Φ(x) + x · φ(x), Φ = ½ + ½ · erf t, φ = e^(−ln √(2π) − t²), t = x/√2: as few nodes as there can be. */
function gaussian(s: RuleStep, x: ValueName): ValueName {
  const t = s.b.mul(x, s.scalar(Math.SQRT1_2));
  const bell = exp(s, s.b.sub(s.scalar(-0.5 * Math.log(2 * Math.PI)), s.b.mul(t, t)));
  return s.b.add(s.b.hardSigmoid(s.b.op('Erf', [t]), 0.5, 0.5), s.b.mul(x, bell));
}

/** The tanh form is y = x · σ(2u), u = c·x + ck·x³: 1 + r · (y · 2u' − 1) with r = σ(−2u), 2u' = 2c + 6ck·x². */
function gaussianTanh(s: RuleStep, x: ValueName, y: ValueName): ValueName {
  const c = Math.sqrt(2 / Math.PI);
  const k = 0.044715;
  const square = s.b.mul(x, x);
  const r = sigmoid(s, s.b.mul(x, plus(s, scaled(s, square, -2 * c * k), -2 * c)));
  const slope = plus(s, scaled(s, square, 6 * c * k), 2 * c);
  return plus(s, s.b.mul(r, plus(s, s.b.mul(y, slope), -1)), 1);
}

const gelu = pointwise((s) =>
  s.node.attribute.string('approximate', 'none') === 'tanh' ? gaussianTanh(s, s.x(), s.y()) : gaussian(s, s.x()),
);

/** y = f(x + bias), where the bias may be left out. */
const biased =
  (derivative: (s: RuleStep, x: ValueName) => ValueName): Rule =>
  (s) => {
    const x = s.has(1) ? s.b.add(s.x(0), s.x(1)) : s.x(0);
    const g = s.b.mul(s.g, derivative(s, x));
    return [s.needs(0) ? s.unbroadcastTo(g, 0) : null, s.needs(1) ? s.unbroadcastTo(g, 1) : null];
  };

/** x + bias is cut in halves a, b along the last axis: y = a · gelu(b). */
const biasSplitGelu: Rule = (s) => {
  const axis = s.rank(s.x()) - 1;
  const half = s.sizes(s.y(), [axis])[0]!;
  const [a, b] = s.b.split(s.b.add(s.x(0), s.x(1)), [half, half], axis) as [ValueName, ValueName];
  const gate = s.b.mul(b, scaled(s, plus(s, s.b.op('Erf', [scaled(s, b, Math.SQRT1_2)]), 1), 0.5));
  const g = s.b.concat([s.b.mul(s.g, gate), s.b.mul(s.b.mul(s.g, a), gaussian(s, b))], axis);
  const from = s.shape(s.x());
  return [0, 1].map((i) => (s.needs(i) ? s.unbroadcast(g, from, s.shape(s.x(i))) : null));
};

const one = () => 1;
const alphaOr = (fallback: number) => (s: RuleStep) => s.node.attribute.float('alpha', fallback);

export const activation: RuleTable = {
  Relu: relu,
  LeakyRelu: leakyRelu,
  PRelu: prelu,
  Clip: clip,
  HardSigmoid: hardSigmoid,
  HardSwish: hardSwish,
  ThresholdedRelu: thresholdedRelu,
  Shrink: shrink,
  Sigmoid: sigmoidRule,
  Tanh: tanh,
  Softplus: softplus,
  Softsign: softsign,
  Elu: elu,
  Selu: selu,
  Celu: celu,
  Mish: mish,
  Swish: swish(alphaOr(1)),
  Gelu: gelu,
  'com.microsoft.Gelu': gelu,
  'com.microsoft.QuickGelu': swish(alphaOr(1.702)),
  'com.microsoft.BiasGelu': biased(gaussian),
  'com.microsoft.FastGelu': biased((s, x) => gaussianTanh(s, x, s.y())),
  'com.microsoft.BiasSplitGelu': biasSplitGelu,
  // Decomposed in the graph, one function for the backward walk (patterns.ts).
  'seewhy.Silu': swish(one),
  'seewhy.Swish': swish(alphaOr(1)),
  'seewhy.HardSwish': hardSwish,
  'seewhy.Gelu': gelu,
  'seewhy.Mish': mish,
};
