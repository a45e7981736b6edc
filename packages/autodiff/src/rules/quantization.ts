import { DATA_TYPES, type DataType, type ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep, RuleTable } from '../rule.ts';
import { convolutionInput, weightWindow } from './convolution.ts';
import { matmulGradients } from './linear.ts';
import { along, centred, integerRange } from './quantize.ts';
import { quantizedOperators } from './quantized-operators.ts';

/**
 * Straight-through rules. The gradient of a quantised integer is that of the integer itself (∂/∂q, float32): quantising divides it by
 * the scale, dequantising multiplies. Rounding passes gradients, leaving the type's range stops them; scales and zero points count as
 * constants. (Bengio et al., 2013; PyTorch's fake_quantize.)
 */

/** The zero point as numbers; 0 where it is left out or of a type of fewer than 8 bits that is all zero; undefined when computed. */
function zeroPoint(s: RuleStep, index: number): number[] | undefined {
  if (!s.has(index)) return [0];
  const tensor = s.constant(s.x(index));
  if (!tensor) return undefined;
  return tensor.bytes.every((byte) => byte === 0) ? [0] : tensor.numbers();
}

const cast = (s: RuleStep, value: ValueName, from: DataType, to: DataType) =>
  from === to ? value : s.b.cast(value, DATA_TYPES[to].code);

/** g where low ≤ round(x / scale) + zero ≤ high, else 0; from the inputs of a QuantizeLinear. */
function insideRange(s: RuleStep, g: ValueName): ValueName {
  const { b } = s;
  const x = s.x(0);
  const type = s.type(x);
  const integer = s.has(2) ? s.type(s.x(2)) : (outputType(s) ?? 'uint8');
  const [low, high] = integerRange(s, integer);
  if (integer === 'int32' || integer === 'uint32') return g;
  if (s.node.attribute.int('block_size', 0) !== 0) throw s.refuse('it quantises in blocks');
  const scales = s.constant(s.x(1))?.numbers();
  const zeros = zeroPoint(s, 2);
  let value = x;
  let bounds: [number, number];
  if (scales?.length === 1 && zeros?.length === 1) {
    bounds = [(low - 0.5 - zeros[0]!) * scales[0]!, (high + 0.5 - zeros[0]!) * scales[0]!];
  } else {
    const [axis, rank] = [s.node.attribute.int('axis', 1), s.rank(x)];
    value = b.div(x, along(s, s.x(1), axis, rank));
    if (zeros?.some((zero) => zero !== 0) ?? true)
      value = b.add(value, cast(s, along(s, s.x(2), axis, rank), integer, type));
    bounds = [low - 0.5, high + 0.5];
  }
  return s.profile.maskBetween(b, g, value, bounds[0], bounds[1], type);
}

function outputType(s: RuleStep): DataType | undefined {
  const code = s.node.attribute.int('output_dtype', 0);
  return (Object.keys(DATA_TYPES) as DataType[]).find((name) => code !== 0 && DATA_TYPES[name].code === code);
}

/** q = clamp(round(x / scale) + zero): ∂x = ∂q / scale inside the range. */
const quantize: Rule = (s) => {
  const type = s.type(s.x(0));
  const scale = along(s, s.x(1), s.node.attribute.int('axis', 1), s.rank(s.x(0)));
  const scales = s.constant(s.x(1))?.numbers();
  const divided =
    scales?.length === 1
      ? s.b.mul(s.g, s.b.scalar(1 / scales[0]!))
      : s.b.div(s.g, cast(s, scale, s.type(s.x(1)), 'float32'));
  return [insideRange(s, cast(s, divided, 'float32', type))];
};

/** x = (q − zero) · scale: ∂q = ∂x · scale. */
const dequantize: Rule = (s) => {
  if (s.node.attribute.int('block_size', 0) !== 0) throw s.refuse('it is quantised in blocks');
  const type = s.type(s.y());
  const scale = along(s, s.x(1), s.node.attribute.int('axis', 1), s.rank(s.x(0)));
  return [s.b.mul(cast(s, s.g, type, 'float32'), cast(s, scale, s.type(s.x(1)), 'float32'))];
};

/** Quantised and dequantised with one scale: ∂x = g inside the range. */
const fakeQuantize: Rule = (s) => [insideRange(s, cast(s, s.g, s.type(s.y()), s.type(s.x(0))))];

/** q, scale, zero = DynamicQuantizeLinear(x): the range is that of x, so that nothing is cut off: ∂x = ∂q / scale. */
const dynamicQuantize: Rule = (s) => [s.b.div(s.g, s.y(1))];

/** y = (a − za)·(b − zb): the gradients of a matrix product of the centred operands. */
const matmulInteger: Rule = (s) => {
  const [a, b] = [s.x(0), s.x(1)];
  // Each operand is needed for the gradient of the other one only.
  const left = s.needs(1) ? centred(s, a, s.x(2), s.rank(a) - 2) : a;
  const right = s.needs(0) ? centred(s, b, s.x(3), s.rank(b) - 1) : b;
  return matmulGradients(s, s.g, { value: left, shape: s.shape(a) }, { value: right, shape: s.shape(b) }, s.wants);
};

/** y = conv(x − zx, w − zw): the gradient of a convolution with the centred weight. */
const convInteger: Rule = (s) => {
  if (s.needs(1)) throw s.refuse('its weight is computed from the image');
  const { shape, window } = weightWindow(s, s.x(0), s.x(1));
  return [convolutionInput(s, s.g, centred(s, s.x(1), s.x(3), 0), shape, window)];
};

/** ‘Weights in blocks’ and the like: what dequantises them is not an ONNX operator of the model's own opset. */
const blocks: Rule = (s) => {
  throw s.refuse('its weights are quantised in blocks; explain the model before quantisation');
};

export const quantization: RuleTable = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  'seewhy.FakeQuantize': fakeQuantize,
  'com.microsoft.QuantizeLinear': quantize,
  'com.microsoft.DequantizeLinear': dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
  MatMulInteger: matmulInteger,
  ConvInteger: convInteger,
  'com.microsoft.MatMulNBits': blocks,
  'com.microsoft.MatMulBnb4': blocks,
  ...quantizedOperators,
};
