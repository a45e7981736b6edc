import { float, type ValueName } from '@seewhy/onnx';
import { angle } from '../layers/angle.ts';
import { bare, type Operand } from './operand.ts';
import type { Operation, OperationImporter, OperationTable } from './operation.ts';

type Unary = (op: Operation, x: ValueName) => ValueName;

/** One value, element by element: any layout will do. */
function unary(make: Unary, type?: Operand['type']): OperationImporter {
  return (op) => ({ ...op.like(op.x, make(op, op.x.value)), ...(type ? { type } : {}) });
}

/** The ONNX operator of the same meaning. */
const same = (name: string, type?: Operand['type']): OperationImporter => unary((op, x) => op.b.op(name, [x]), type);

/** A comparison with zero steps, a rounding: floats stay floats, whole numbers stay as they are. */
const ofFloats =
  (name: string): OperationImporter =>
  (op) =>
    op.x.type === 'float32' ? op.like(op.x, op.b.op(name, [op.x.value])) : op.x;

/** Activations by the name TensorFlow gives them, also inside of fused operations. */
export const ACTIVATION_OPERATIONS: Readonly<Record<string, Unary>> = {
  Relu: (op, x) => op.b.relu(x),
  Relu6: (op, x) => op.b.clip(x, op.b.scalar(0), op.b.scalar(6)),
  Elu: (op, x) => op.b.op('Elu', [x]),
  Selu: (op, x) => op.b.op('Selu', [x]),
  Sigmoid: (op, x) => op.b.op('Sigmoid', [x]),
  Tanh: (op, x) => op.b.op('Tanh', [x]),
  Softplus: (op, x) => op.b.op('Softplus', [x]),
  Softsign: (op, x) => op.b.op('Softsign', [x]),
  LeakyRelu: (op, x) => {
    const name = op.attributes.has('leakyrelu_alpha') ? 'leakyrelu_alpha' : 'alpha';
    return op.b.op('LeakyRelu', [x], { alpha: float(op.attributes.float(name, 0.2)) });
  },
};

/** Two values or more that broadcast. */
export function broadcasting(
  make: (op: Operation, values: readonly ValueName[], type: Operand['type']) => ValueName,
  result?: Operand['type'],
): OperationImporter {
  return (op) => {
    op.input(1);
    return combined(op, op.inputs.slice(0, 2), make, result);
  };
}

function combined(
  op: Operation,
  operands: readonly Operand[],
  make: (op: Operation, values: readonly ValueName[], type: Operand['type']) => ValueName,
  result?: Operand['type'],
): Operand {
  const { values, shape, layout } = op.aligned(operands);
  const type = operands.some((operand) => operand.type === 'float32') ? 'float32' : operands[0]!.type;
  return { value: make(op, values, type), shape, layout, type: result ?? type };
}

const binary = (name: string, result?: Operand['type']) => broadcasting((op, values) => op.b.op(name, values), result);

/** a − ⌊a / b⌋ · b; ONNX's integer Mod has the sign of b already. */
const remainder = (op: Operation, [a, b]: readonly ValueName[], type: Operand['type']): ValueName =>
  type === 'float32' ? op.b.sub(a!, op.b.mul(op.b.op('Floor', [op.b.div(a!, b!)]), b!)) : op.b.op('Mod', [a!, b!]);

/** x ≥ 0 ? x : slope · x; the slope belongs to the last axes. */
export function parametric(op: Operation, x: Operand, slope: Operand): Operand {
  const { values, shape, layout } = op.aligned([x, slope]);
  if (shape.some((dim, axis) => dim !== x.shape[axis]))
    throw op.misfit('The slope of a Prelu is larger than its input');
  return { value: op.b.op('PRelu', values), shape: x.shape, layout, type: 'float32' };
}

/** Where the condition is one vector it chooses whole items. */
const select =
  (leading: boolean): OperationImporter =>
  (op) => {
    let condition = op.x;
    const rank = op.input(1).shape.length;
    if (leading && condition.shape.length === 1 && rank > 1)
      condition = op.reshape(condition, [condition.shape[0]!, ...new Array<number>(rank - 1).fill(1)]);
    const [yes, no] = [op.input(1), op.input(2)];
    // `aligned` makes all of one type: the condition is turned back.
    const { values, shape, layout } = op.aligned([condition, yes, no]);
    const float = [yes, no].some(({ type }) => type === 'float32');
    const chosen = float ? op.b.cast(values[0]!, 9) : values[0]!;
    return { value: op.b.where(chosen, values[1]!, values[2]!), shape, layout, type: float ? 'float32' : yes.type };
  };

export const ELEMENTWISE_OPERATIONS: OperationTable = {
  ...Object.fromEntries(Object.entries(ACTIVATION_OPERATIONS).map(([name, make]) => [name, unary(make)])),
  Prelu: (op) => parametric(op, op.x, op.input(1)),
  Exp: same('Exp'),
  Log: same('Log'),
  Log1p: unary((op, x) => op.b.op('Log', [op.b.add(x, op.b.scalar(1))])),
  Expm1: unary((op, x) => op.b.sub(op.b.op('Exp', [x]), op.b.scalar(1))),
  Sqrt: same('Sqrt'),
  Rsqrt: unary((op, x) => op.b.op('Reciprocal', [op.b.op('Sqrt', [x])])),
  Square: unary((op, x) => op.b.mul(x, x)),
  Reciprocal: same('Reciprocal'),
  Inv: same('Reciprocal'),
  Neg: same('Neg'),
  Abs: same('Abs'),
  Sign: same('Sign'),
  Erf: same('Erf'),
  Erfc: unary((op, x) => op.b.sub(op.b.scalar(1), op.b.op('Erf', [x]))),
  Sin: same('Sin'),
  Cos: same('Cos'),
  Tan: same('Tan'),
  Asin: same('Asin'),
  Acos: same('Acos'),
  Atan: same('Atan'),
  Atan2: broadcasting((op, [y, x]) => angle(op.b, y!, x!)),
  Sinh: same('Sinh'),
  Cosh: same('Cosh'),
  Round: ofFloats('Round'),
  Rint: ofFloats('Round'),
  Floor: ofFloats('Floor'),
  Ceil: ofFloats('Ceil'),
  LogicalNot: same('Not', 'bool'),
  IsNan: same('IsNaN', 'bool'),

  Add: binary('Add'),
  AddV2: binary('Add'),
  BiasAdd: (op) => {
    const [x, bias] = [op.x, op.input(1)];
    // Channels at axis 1 in TensorFlow too.
    if (op.options.channelsFirst && x.shape.length > 2) {
      const shape = [op.known(bias.shape[0], 'the size of the bias'), ...new Array<number>(x.shape.length - 2).fill(1)];
      return op.like(op.plain(x), op.b.add(op.plain(x).value, op.b.reshape(bias.value, shape)));
    }
    return combined(op, [x, bias], (_, values) => op.b.op('Add', values));
  },
  AddN: (op) => (op.inputs.length < 2 ? op.x : combined(op, op.inputs, (_, values) => op.b.op('Sum', values))),
  Sub: binary('Sub'),
  Mul: binary('Mul'),
  // Whole numbers are divided towards zero, by ONNX too.
  Div: binary('Div'),
  RealDiv: binary('Div'),
  TruncateDiv: binary('Div'),
  DivNoNan: broadcasting((op, [a, b]) => {
    const none = op.b.equal(b!, op.b.scalar(0));
    return op.b.where(none, op.b.scalar(0), op.b.div(a!, op.b.where(none, op.b.scalar(1), b!)));
  }),
  FloorDiv: broadcasting((op, [a, b], type) =>
    type === 'float32' ? op.b.op('Floor', [op.b.div(a!, b!)]) : op.b.div(op.b.sub(a!, op.b.op('Mod', [a!, b!])), b!),
  ),
  FloorMod: broadcasting(remainder),
  Mod: broadcasting((op, [a, b]) => op.b.op('Mod', [a!, b!], { fmod: 1 })),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: binary('Pow'),
  SquaredDifference: broadcasting((op, [a, b]) => {
    const difference = op.b.sub(a!, b!);
    return op.b.mul(difference, difference);
  }),
  Greater: binary('Greater', 'bool'),
  GreaterEqual: binary('GreaterOrEqual', 'bool'),
  Less: binary('Less', 'bool'),
  LessEqual: binary('LessOrEqual', 'bool'),
  Equal: binary('Equal', 'bool'),
  NotEqual: broadcasting((op, values) => op.b.op('Not', [op.b.op('Equal', values)]), 'bool'),
  LogicalAnd: binary('And', 'bool'),
  LogicalOr: binary('Or', 'bool'),
  LogicalXor: binary('Xor', 'bool'),
  Select: select(true),
  SelectV2: select(false),
  ClipByValue: (op) => {
    const scalars = [op.input(1), op.input(2)];
    for (const bound of scalars) op.wantSize(bound, 1, 'A bound');
    if (scalars.some(({ shape }) => shape.length > 0)) {
      const above = combined(op, [op.x, scalars[0]!], (_, values) => op.b.op('Max', values));
      return combined(op, [above, scalars[1]!], (_, values) => op.b.op('Min', values));
    }
    return op.like(op.x, op.b.clip(op.x.value, scalars[0]!.value, scalars[1]!.value));
  },
  Cast: (op) => {
    const type = op.attributes.type('DstT', 'float32');
    if (!type) throw op.refuse('a cast to texts or complex numbers');
    const { x } = op;
    if (x.type === type && type === 'float32') return x;
    return op.cast(x, type);
  },
  Identity: (op) => op.x,
  StopGradient: (op) => op.x,
  PreventGradient: (op) => op.x,
  Snapshot: (op) => op.x,
  CheckNumerics: (op) => op.x,
  PlaceholderWithDefault: (op) => op.x,
  IdentityN: (op) => op.inputs,
  ZerosLike: (op) => filled(op, 0),
  OnesLike: (op) => filled(op, 1),
};

function filled(op: Operation, value: number): Operand {
  const { x } = op;
  const one = x.type === 'float32' ? op.b.scalar(value) : op.b.int(value);
  const tensor = x.type === 'bool' ? op.b.cast(one, 9) : one;
  return { ...bare(x), value: op.b.expand(tensor, op.b.shape(x.value)) };
}
