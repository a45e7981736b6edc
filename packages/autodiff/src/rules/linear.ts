import type { ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep, RuleTable } from '../rule.ts';
import type { Shape } from '../shape.ts';
import { beforeActivation } from './convolution.ts';
import { einsum } from './einsum.ts';
import { withoutScale } from './into-weights.ts';

/** A factor of a product, with its shape. */
export interface Operand {
  value: ValueName;
  shape: Shape;
}

/** The last two axes exchanged. */
function transposed(s: RuleStep, { value, shape }: Operand): ValueName {
  const axes = shape.map((_, axis) => axis);
  return s.b.transpose(value, [...axes.slice(0, -2), shape.length - 1, shape.length - 2]);
}

/** y = a·b on the last two axes, batch axes broadcast, vectors promoted: ∂a = g·bᵀ, ∂b = aᵀ·g. */
export function matmulGradients(
  s: RuleStep,
  g: ValueName,
  left: Operand,
  right: Operand,
  needs: readonly boolean[],
): (ValueName | null)[] {
  const [a, b] = [left.value, right.value];
  const [rankA, rankB] = [left.shape.length, right.shape.length];
  const batch = broadcastBatch(left.shape.slice(0, -2), right.shape.slice(0, -2));
  const inner = left.shape.at(-1)!;
  const ofLeft = (): ValueName => {
    if (rankA === 1 && rankB === 1) return s.b.mul(g, b);
    if (rankB === 1) return s.b.mul(s.b.unsqueeze(g, [-1]), b);
    if (rankA === 1) {
      const product = s.b.squeeze(s.b.matmul(b, s.b.unsqueeze(g, [-1])), [-1]);
      return s.unbroadcast(product, [...batch, inner], left.shape);
    }
    const whole = [...batch, ...left.shape.slice(-2)];
    const columns = right.shape.at(-1);
    if (rankB === 2 && typeof columns === 'number' && s.constant(b)) {
      const plain = withoutScale(s, g, columns);
      const weight = transposed(s, right);
      const scaled = plain.scale === undefined ? weight : s.b.mul(weight, plain.scale);
      return s.unbroadcast(s.b.matmul(plain.g, scaled), whole, left.shape);
    }
    return s.unbroadcast(s.b.matmul(g, transposed(s, right)), whole, left.shape);
  };
  const ofRight = (): ValueName => {
    if (rankA === 1 && rankB === 1) return s.b.mul(g, a);
    if (rankB === 1) return s.unbroadcast(s.b.mul(s.b.unsqueeze(g, [-1]), a), left.shape, right.shape);
    if (rankA === 1) return s.b.mul(s.b.unsqueeze(g, [-2]), s.b.unsqueeze(a, [-1]));
    if (rankB === 2 && rankA > 2) {
      // One product over all rows instead of one a batch item and their sum.
      const rows = s.b.reshape(a, [-1, s.staticSize(left.shape, rankA - 1)]);
      return s.b.matmul(s.b.transpose(rows, [1, 0]), s.b.reshape(g, [-1, s.staticSize(right.shape, 1)]));
    }
    return s.unbroadcast(s.b.matmul(transposed(s, left), g), [...batch, ...right.shape.slice(-2)], right.shape);
  };
  return [needs[0] ? ofLeft() : null, needs[1] ? ofRight() : null];
}

/** Batch axes of a product. */
function broadcastBatch(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const left = a[index - rank + a.length] ?? 1;
    const right = b[index - rank + b.length] ?? 1;
    return left === 1 ? right : left;
  });
}

const operand = (s: RuleStep, index: number): Operand => ({ value: s.x(index), shape: s.shape(s.x(index)) });

const matmul: Rule = (s) => {
  const [left, right] = [operand(s, 0), operand(s, 1)];
  if (s.hot !== undefined && left.shape.length === 2 && right.shape.length === 2 && !s.needs(1))
    return [s.needs(0) ? weightRows(s, s.hot, right.value, false) : null];
  return matmulGradients(s, s.g, left, right, s.wants);
};

/** g·B′ᵀ for a one-hot g: the rows of the classes' weights, instead of a product with all of them. */
function weightRows(s: RuleStep, places: ValueName, weight: ValueName, transposed: boolean): ValueName {
  return transposed ? s.b.gather(weight, places, 0) : s.b.transpose(s.b.gather(weight, places, 1), [1, 0]);
}

/** Y = α·A′·B′ + β·C, where ′ may transpose: ∂A′ = α·g·B′ᵀ, ∂B′ = α·A′ᵀ·g, ∂C = β·g summed where C was broadcast. */
function gemmGradients(s: RuleStep, g: ValueName): (ValueName | null)[] {
  const { attribute } = s.node;
  const alpha = attribute.float('alpha', 1);
  const beta = attribute.float('beta', 1);
  const transA = attribute.int('transA', 0) !== 0;
  const transB = attribute.int('transB', 0) !== 0;
  const [a, b] = [s.x(0), s.x(1)];
  if (s.hot !== undefined && g === s.g && !transA && alpha === 1 && !s.needs(1) && !s.needs(2))
    return [s.needs(0) ? weightRows(s, s.hot, b, transB) : null, null, null];
  const left = () =>
    transA ? s.b.gemm(b, g, { alpha, transA: transB, transB: true }) : s.b.gemm(g, b, { alpha, transB: !transB });
  const right = () =>
    transB ? s.b.gemm(g, a, { alpha, transA: true, transB: transA }) : s.b.gemm(a, g, { alpha, transA: !transA });
  const bias = () => {
    const scaled = beta === 1 ? g : s.b.mul(g, s.scalar(beta, s.x(2)));
    return s.unbroadcast(scaled, s.shape(s.y()), s.shape(s.x(2)));
  };
  return [s.needs(0) ? left() : null, s.needs(1) ? right() : null, s.needs(2) ? bias() : null];
}

/**
 * y = α·A′·B′, where ′ may transpose the last two axes, and before that bring the first axis behind the other batch axes (`transBatch`); fused by
 * the runtime: as MatMul of the operands as they are multiplied.
 */
const fusedMatmul: Rule = (s) => {
  const { attribute } = s.node;
  const alpha = attribute.float('alpha', 1);
  const g = alpha === 1 ? s.g : s.b.mul(s.g, s.scalar(alpha));
  const sides = ['A', 'B'].map((side, index) => {
    const plain = operand(s, index);
    const order = multipliedOrder(
      plain.shape.length,
      attribute.int(`transBatch${side}`, 0) !== 0,
      attribute.int(`trans${side}`, 0) !== 0,
    );
    return { order, operand: order ? arranged(s, plain, order) : plain };
  });
  const gradients = matmulGradients(s, g, sides[0]!.operand, sides[1]!.operand, s.wants);
  return gradients.map((gradient, index) => {
    const { order } = sides[index]!;
    if (!gradient || !order) return gradient;
    return s.b.transpose(
      gradient,
      order.map((_, axis) => order.indexOf(axis)),
    );
  });
};

/** The order of an operand's axes in which it is multiplied; nothing where it is its own. */
function multipliedOrder(rank: number, batch: boolean, turned: boolean): number[] | undefined {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const moved = batch && rank > 2 ? [...axes.slice(1, -1), 0, rank - 1] : axes;
  if (turned && rank > 1) return [...moved.slice(0, -2), moved[rank - 1]!, moved[rank - 2]!];
  return moved === axes ? undefined : moved;
}

/** An operand with its axes in another order. */
function arranged(s: RuleStep, { value, shape }: Operand, order: readonly number[]): Operand {
  return { value: s.b.transpose(value, [...order]), shape: order.map((axis) => shape[axis]!) };
}

export const linear: RuleTable = {
  MatMul: matmul,
  Gemm: (s) => gemmGradients(s, s.g),
  Einsum: einsum,
  'com.microsoft.FusedMatMul': fusedMatmul,
  'com.microsoft.TransposeMatMul': fusedMatmul,
  /** y = activation(Gemm(a, b, c)), fused by the runtime. */
  'com.microsoft.FusedGemm': (s) => gemmGradients(s, beforeActivation(s, s.g)),
};
