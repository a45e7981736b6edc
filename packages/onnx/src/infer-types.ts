import { type DataType, dataTypeOf } from './data-type.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';
import { AttributeProto_AttributeType } from './proto/onnx-ml_pb.ts';
import { Value } from './value.ts';

/** Ops whose result type is not that of their first input, standard domain. */
const FIXED: Readonly<Record<string, DataType | readonly (DataType | 'input')[]>> = {
  Shape: 'int64',
  Size: 'int64',
  ArgMax: 'int64',
  ArgMin: 'int64',
  NonZero: 'int64',
  NonMaxSuppression: 'int64',
  Equal: 'bool',
  Greater: 'bool',
  GreaterOrEqual: 'bool',
  Less: 'bool',
  LessOrEqual: 'bool',
  And: 'bool',
  Or: 'bool',
  Xor: 'bool',
  Not: 'bool',
  IsNaN: 'bool',
  IsInf: 'bool',
  TopK: ['input', 'int64'],
  MaxPool: ['input', 'int64'],
  Dropout: ['input', 'bool'],
  Unique: ['input', 'int64', 'int64', 'int64'],
  DynamicQuantizeLinear: ['uint8', 'float32', 'uint8'],
  ConvInteger: 'int32',
  MatMulInteger: 'int32',
};

/** Ops whose result has the type of another input than the first. */
const FROM_INPUT: Readonly<Record<string, number>> = {
  Where: 1,
  OneHot: 2,
  DequantizeLinear: 1,
  QLinearConv: 7,
  QLinearMatMul: 7,
  QLinearConcat: 2,
  QLinearWhere: 1,
  MatMulIntegerToFloat: 2,
};

/** Ops of which all inputs but the first are sizes, indices, axes or bounds: where the first has no known type, the others tell nothing. */
const FROM_FIRST = new Set([
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Expand',
  'Tile',
  'Gather',
  'GatherElements',
  'GatherND',
  'ScatterElements',
  'ScatterND',
  'Slice',
  'Split',
  'Pad',
  'Compress',
  'Trilu',
  'CumSum',
  'Resize',
  'Upsample',
  'CenterCropPad',
  'Col2Im',
  'MaxUnpool',
  'DFT',
  'ReduceSum',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceSumSquare',
  'ReverseSequence',
]);

/** Ops that hand out what their bodies make: which body, and how many of its outputs come before. */
const BODY: Readonly<Record<string, { attribute: string; before: number }>> = {
  If: { attribute: 'then_branch', before: 0 },
  Loop: { attribute: 'body', before: 1 },
  Scan: { attribute: 'body', before: 0 },
};

/** Element type of every value, as far as it follows from declarations and nodes. Cheap: one pass, no shapes. */
export function inferTypes(graph: Graph): Map<string, DataType> {
  const types = new Map<string, DataType>();
  for (const [name, tensor] of graph.initializers) types.set(name, tensor.type);
  for (const value of [...graph.inputs, ...graph.values.values(), ...graph.outputs])
    if (value.type) types.set(value.name, value.type);
  // Nodes may stand in any order: repeat until nothing new is learned.
  for (let round = 0, learned = true; learned && round < 64; round++) {
    learned = false;
    for (const node of graph.nodes) {
      node.outputs.forEach((output, index) => {
        if (output === '' || types.has(output)) return;
        const type = outputType(node, index, types);
        if (!type) return;
        types.set(output, type);
        learned = true;
      });
    }
  }
  return types;
}

function outputType(node: Node, index: number, types: ReadonlyMap<string, DataType>): DataType | undefined {
  const input = (position: number) => types.get(node.inputs[position] ?? '');
  const to = (name: string) => {
    const proto = node.attributes.get(name);
    return proto && proto.type !== AttributeProto_AttributeType.GRAPH ? dataTypeOf(Number(proto.i)) : undefined;
  };
  if (node.op === 'Cast') return to('to');
  if (node.op === 'CastLike') return input(1);
  if (node.op === 'Constant' || node.op === 'ConstantOfShape') {
    const value = node.attributes.get('value')?.t;
    if (value) return dataTypeOf(value.dataType);
    if (node.attributes.has('value_int') || node.attributes.has('value_ints')) return 'int64';
    if (node.attributes.has('value_string') || node.attributes.has('value_strings')) return 'string';
    return 'float32';
  }
  if (node.op === 'EyeLike' || node.op.startsWith('Random')) return to('dtype') ?? input(0) ?? 'float32';
  if (node.op === 'QuantizeLinear') return input(2) ?? to('output_dtype') ?? 'uint8';
  if (node.op === 'DequantizeLinear') return to('output_dtype') ?? input(1);
  if (node.op === 'QGemm') return input(8) ?? input(1);
  const body = Object.hasOwn(BODY, node.op) ? BODY[node.op]! : undefined;
  if (body && node.domain === '') return bodyType(node, body.attribute, index + body.before);
  const fixed = Object.hasOwn(FIXED, node.op) ? FIXED[node.op] : undefined;
  if (typeof fixed === 'string') return fixed;
  if (fixed) {
    const type = fixed[index];
    return type === 'input' ? input(0) : type;
  }
  const from = Object.hasOwn(FROM_INPUT, node.op) ? FROM_INPUT[node.op] : undefined;
  if (from !== undefined) return input(from);
  if (node.domain === '' && FROM_FIRST.has(node.op)) return input(0);
  if (node.domain === '' || node.domain.startsWith('com.microsoft')) {
    for (const name of node.inputs) {
      const type = types.get(name);
      if (type) return type;
    }
  }
  return undefined;
}

/** What a body says of its output; nothing where it leaves the type out or hands out a sequence. */
function bodyType(node: Node, attribute: string, index: number): DataType | undefined {
  const output = node.attribute.graph(attribute)?.output[index];
  return output && Value.fromProto(output).type;
}
