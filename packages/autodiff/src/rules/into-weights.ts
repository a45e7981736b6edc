import type { ValueName } from '@seewhy/onnx';
import type { RuleStep } from '../rule.ts';

/** Ops by which a weight becomes another; a runtime computes them when it loads the model. */
const MAKES_WEIGHTS = new Set(['Transpose', 'Mul', 'Sub', 'Reshape', 'ReduceMean']);

/** Whether a value follows from constants of the model alone. */
function isWeight(s: RuleStep, value: ValueName): boolean {
  const made = s.b.maker(value);
  if (!made) return s.constant(value) !== undefined;
  // What comes after the weight itself are axes and shapes, but for the second operand of a product or difference.
  const operands = made.op === 'Mul' || made.op === 'Sub' ? made.inputs : made.inputs.slice(0, 1);
  return MAKES_WEIGHTS.has(made.op) && operands.every((operand) => isWeight(s, operand));
}

/** A linear function of the rows of x · W as x · f(W): nothing to compute at run time. Undefined where `value` is no such product. */
export function intoWeights(
  s: RuleStep,
  value: ValueName,
  change: (weight: ValueName) => ValueName,
): ValueName | undefined {
  const made = s.b.maker(value);
  if (made?.type !== 'MatMul') return undefined;
  const [x, weight] = made.inputs as [ValueName, ValueName];
  return isWeight(s, weight) && !isWeight(s, x) ? s.b.matmul(x, change(weight)) : undefined;
}

/**
 * g · W where g is h · c, c one factor a column of g (a layer scale; perhaps before a transposition of g): h · (c · W).
 * @param size columns of g
 */
export function withoutScale(s: RuleStep, g: ValueName, size: number): { g: ValueName; scale?: ValueName } {
  const last = s.b.maker(g);
  const perm = last?.type === 'Transpose' ? last.attribute.ints('perm') : undefined;
  const product = perm ? s.b.maker(last!.inputs[0]!) : last;
  if (product?.type !== 'Mul') return { g };
  const [h, factor] = product.inputs as [ValueName, ValueName];
  // The axis of h along which the factor differs must become the last of g.
  const behind = factorAxis(s, factor, size, perm?.length);
  if (behind === undefined) return { g };
  const becomes = perm ? perm.length - 1 - perm.indexOf(perm.length - 1 - behind) : behind;
  if (becomes !== 0) return { g };
  return { g: perm ? s.b.transpose(h, perm) : h, scale: s.b.reshape(factor, [size, 1]) };
}

/** g = h · c with a constant c of one factor for each of the `channels` of `[N, C, …]`: h and c; else g itself. */
export function withoutChannelScale(
  s: RuleStep,
  g: ValueName,
  channels: number,
  rank: number,
): { value: ValueName; scale?: ValueName } {
  const product = s.b.maker(g);
  if (product?.type !== 'Mul') return { value: g };
  const [value, scale] = product.inputs as [ValueName, ValueName];
  return factorAxis(s, scale, channels, rank) === rank - 2 ? { value, scale } : { value: g };
}

/**
 * The axis, counted from behind, along which a constant has `size` factors, one for all else; undefined where it is no such constant.
 * @param rank of what it is multiplied with, where that is known: it must not have more axes
 */
function factorAxis(s: RuleStep, factor: ValueName, size: number, rank?: number): number | undefined {
  const dims = s.constant(factor)?.dims;
  if (!dims || dims.length > (rank ?? dims.length)) return undefined;
  const apart = dims.flatMap((dim, axis) => (dim === 1 ? [] : [axis]));
  return apart.length === 1 && dims[apart[0]!] === size ? dims.length - 1 - apart[0]! : undefined;
}
