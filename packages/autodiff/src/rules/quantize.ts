import { DATA_TYPES, type DataType, type ValueName } from '@seewhy/onnx';
import type { RuleStep } from '../rule.ts';

/** Least and greatest value of an integer type. */
export function integerRange(s: RuleStep, type: DataType): readonly [number, number] {
  const match = /^(u?)int(\d+)$/.exec(type);
  if (!match) throw s.refuse(`it quantises to ${type}`);
  const bits = Number(match[2]);
  return match[1] ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** Scale or zero point `[C]` shaped to broadcast along `axis` of a value of `rank` axes; scalars as they are. */
export function along(s: RuleStep, value: ValueName, axis: number, rank: number): ValueName {
  const shape = s.shape(value);
  if (shape.length === 0 || shape[0] === 1) return value;
  if (shape.length > 1) throw s.refuse('it is quantised in blocks');
  const at = axis < 0 ? axis + rank : axis;
  return s.b.reshape(value, [-1, ...Array.from({ length: rank - 1 - at }, () => 1)]);
}

/** An integer tensor less its zero point (scalar, or `[C]` along `axis`), as float32: nodes that a runtime folds for weights. */
export function centred(s: RuleStep, x: ValueName, zero: ValueName, axis: number): ValueName {
  const float = s.b.cast(x, DATA_TYPES.float32.code);
  if (zero === '') return float;
  const tensor = s.constant(zero);
  if (tensor?.bytes.every((byte) => byte === 0)) return float;
  const shaped = along(s, zero, axis, s.rank(x));
  return s.b.sub(float, s.b.cast(shaped, DATA_TYPES.float32.code));
}
