import type { KerasShape } from '../model/layer-value.ts';
import { added, fused } from './convolution.ts';
import type { Operand } from './operand.ts';
import type { Operation, OperationTable } from './operation.ts';

/** a · b, each transposed on request; leading dimensions broadcast. */
function product(op: Operation, turnA: boolean, turnB: boolean, bias?: Operand): Operand {
  const [a, b] = [op.plain(op.x), op.plain(op.input(1))];
  if (a.shape.length < 2 || b.shape.length < 2)
    throw op.misfit('It multiplies matrices and gets fewer than 2 dimensions');
  const [rows, inner] = lastTwo(a.shape, turnA);
  const [other, columns] = lastTwo(b.shape, turnB);
  if (inner !== null && other !== null && inner !== other)
    throw op.misfit(`It multiplies rows of ${inner} by columns of ${other}`);
  const shape = [...op.broadcast([a.shape.slice(0, -2), b.shape.slice(0, -2)]), rows, columns];
  const flat = shape.length === 2;
  const whole = flat && bias?.shape.length === 1 && (columns === null || bias.shape[0] === columns);
  // Gemm multiplies floats only.
  if (flat && a.type === 'float32' && (turnA || turnB || whole)) {
    const value = op.b.op('Gemm', [a.value, b.value, whole ? bias.value : undefined], {
      transA: turnA ? 1 : undefined,
      transB: turnB ? 1 : undefined,
    });
    const result = op.result(value, shape);
    return bias && !whole ? added(op, result, bias) : result;
  }
  const side = (x: Operand, turn: boolean) => {
    const rank = x.shape.length;
    const perm = Array.from({ length: rank }, (_, axis) => axis);
    return turn ? op.b.transpose(x.value, [...perm.slice(0, -2), rank - 1, rank - 2]) : x.value;
  };
  const result = op.result(op.b.matmul(side(a, turnA), side(b, turnB)), shape, a.type);
  return bias ? added(op, result, bias) : result;
}

function lastTwo(shape: KerasShape, turn: boolean): [number | null, number | null] {
  const [rows, columns] = [shape[shape.length - 2]!, shape[shape.length - 1]!];
  return turn ? [columns, rows] : [rows, columns];
}

const matMul = (op: Operation, bias?: Operand) =>
  product(op, op.attributes.flag('transpose_a', false), op.attributes.flag('transpose_b', false), bias);

const batchMatMul = (op: Operation) =>
  product(op, op.attributes.flag('adj_x', false), op.attributes.flag('adj_y', false));

export const LINEAR_OPERATIONS: OperationTable = {
  MatMul: (op) => matMul(op),
  _FusedMatMul: (op) => fused(op, (bias) => matMul(op, bias)),
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  BatchMatMulV3: batchMatMul,
  /** Labelled axes, without the ellipsis. */
  Einsum: (op) => {
    const equation = op.attributes.text('equation', '').replaceAll(' ', '');
    const found = /^([a-zA-Z]*(?:,[a-zA-Z]*)*)->([a-zA-Z]*)$/.exec(equation);
    if (!found) throw op.refuse(`the equation '${equation}'`);
    const parts = found[1]!.split(',');
    if (parts.length !== op.inputs.length) throw op.misfit(`The equation '${equation}' has ${parts.length} operands`);
    const sizes = new Map<string, number | null>();
    for (const [index, part] of parts.entries()) {
      op.wantRank(op.input(index), part.length);
      [...part].forEach((letter, axis) => {
        const size = op.input(index).shape[axis]!;
        const before = sizes.get(letter);
        if (before !== undefined && before !== null && size !== null && before !== size)
          throw op.misfit(`The letter ${letter} of '${equation}' stands for ${before} and for ${size}`);
        sizes.set(letter, before ?? size);
      });
    }
    const shape = [...found[2]!].map((letter) => {
      if (!sizes.has(letter)) throw op.misfit(`The letter ${letter} of '${equation}' is in no operand`);
      return sizes.get(letter)!;
    });
    return op.result(
      op.b.op(
        'Einsum',
        op.inputs.map((x) => op.plain(x).value),
        { equation },
      ),
      shape,
    );
  },
};
