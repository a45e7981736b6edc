import { float, type GraphBuilder, Tensor, type ValueName } from '@seewhy/onnx';
import { justBelow } from '../just-below.ts';
import type { RuleStep } from '../rule.ts';

/**
 * Whether a value is `[N, C, H, W]` on ONNX Runtime's CPU provider, which holds such values in blocks of channels between convolutions.
 * Only some nodes can stay there (measured: Mul and Add of equal shapes, Sigmoid, HardSigmoid, Tanh, Relu, BatchNormalization, pools);
 * any other costs a copy into the usual order and one back, more than the node itself.
 */
export const hasChannels = (s: RuleStep, value: ValueName = s.x()) =>
  s.profile.name === 'native' &&
  s.type(value) === 'float32' &&
  s.rank(value) === 4 &&
  typeof s.shape(value)[1] === 'number';

/** a · x + b as a BatchNormalization over the channels of `like`: one node, and one that leaves the channels in their blocks. */
export function affine(s: RuleStep, x: ValueName, a: number, b: number, like: ValueName = s.x()): ValueName {
  const channels = s.shape(like)[1] as number;
  const all = (value: number) => s.b.constant(Tensor.floats(new Float32Array(channels).fill(value)), 'channels');
  return s.b.op('BatchNormalization', [x, all(a), all(b), all(0), all(1)], { epsilon: float(0) });
}

/**
 * g where 0 < y < high, else 0, of a y that is never outside 0 and high (ReLU6, HardSigmoid). In blocks: t = 1 where y = high, then g where
 * y − high · t > 0. The runtime merges difference and mask into one node: three instead of four.
 */
export function maskWithin(s: RuleStep, g: ValueName, y: ValueName, high: number): ValueName {
  const type = s.type(y);
  if (!hasChannels(s, y)) return s.profile.maskBetween(s.b, g, y, 0, high, type);
  const top = s.profile.above(s.b, y, justBelow(high), type);
  return s.b.mul(g, s.profile.above(s.b, s.b.add(affine(s, top, -high, 0, y), y), 0, type));
}

/** A value as factor · value. */
interface Multiple {
  readonly value: ValueName;
  readonly factor: number;
}

const MULTIPLES = new WeakMap<GraphBuilder, Map<ValueName, Multiple>>();

/** factor · x in blocks of channels, remembered as such: `withoutFactor` takes the factor off again where it can go into a weight. */
export function multiple(s: RuleStep, x: ValueName, factor: number, like: ValueName = s.x()): ValueName {
  if (factor === 1) return x;
  const result = affine(s, x, factor, 0, like);
  const known = MULTIPLES.get(s.b) ?? new Map<ValueName, Multiple>();
  MULTIPLES.set(s.b, known.set(result, { value: x, factor }));
  return result;
}

/** A value without the factor that `multiple` gave it. */
export const withoutFactor = (s: RuleStep, value: ValueName): Multiple =>
  MULTIPLES.get(s.b)?.get(value) ?? { value, factor: 1 };
