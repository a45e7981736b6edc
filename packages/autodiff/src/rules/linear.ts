import type { ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep, RuleTable } from '../rule.ts';
import type { Dim, Shape } from '../shape.ts';
import { beforeActivation } from './convolution.ts';
import { einsum } from './einsum.ts';

/** The last two axes exchanged. */
function transposed(s: RuleStep, x: ValueName): ValueName {
  const rank = s.rank(x);
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return s.b.transpose(x, [...axes.slice(0, -2), rank - 1, rank - 2]);
}

/** y = a·b on the last two axes, batch axes broadcast, vectors promoted: ∂a = g·bᵀ, ∂b = aᵀ·g. */
export function matmulGradients(
  s: RuleStep,
  g: ValueName,
  a: ValueName,
  b: ValueName,
  needs: readonly [boolean, boolean],
): (ValueName | null)[] {
  const [shapeA, shapeB] = [s.shape(a), s.shape(b)];
  const [rankA, rankB] = [shapeA.length, shapeB.length];
  const m = shapeA.at(-2)!;
  const k = shapeA.at(-1)!;
  const n = shapeB.at(-1)!;
  const batch = broadcastBatch(shapeA.slice(0, -2), shapeB.slice(0, -2));
  const left = (): ValueName => {
    // b a vector: g [..., m] ⊗ b; a a vector: b·g summed over the batch of b.
    if (rankA === 1 && rankB === 1) return s.b.mul(g, b);
    if (rankB === 1) return s.b.mul(s.b.unsqueeze(g, [-1]), b);
    if (rankA === 1) return s.unbroadcast(s.b.squeeze(s.b.matmul(b, s.b.unsqueeze(g, [-1])), [-1]), [...batch, k], [k]);
    return s.unbroadcast(s.b.matmul(g, transposed(s, b)), [...batch, m, k], shapeA);
  };
  const right = (): ValueName => {
    if (rankA === 1 && rankB === 1) return s.b.mul(g, a);
    if (rankB === 1) return s.unbroadcast(s.b.mul(s.b.unsqueeze(g, [-1]), a), shapeA, shapeB);
    if (rankA === 1) return s.b.mul(s.b.unsqueeze(g, [-2]), s.b.unsqueeze(a, [-1]));
    if (rankB === 2 && rankA > 2) {
      // One product over all rows instead of one a batch item and their sum.
      const rows = s.b.reshape(a, [-1, known(s, k)]);
      return s.b.matmul(s.b.transpose(rows, [1, 0]), s.b.reshape(g, [-1, known(s, n)]));
    }
    return s.unbroadcast(s.b.matmul(transposed(s, a), g), [...batch, k, n], shapeB);
  };
  return [needs[0] ? left() : null, needs[1] ? right() : null];
}

function known(s: RuleStep, dim: Dim): number {
  if (typeof dim !== 'number') throw s.refuse('an inner dimension depends on the batch');
  return dim;
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

const matmul: Rule = (s) => matmulGradients(s, s.g, s.x(0), s.x(1), [s.needs(0), s.needs(1)]);

/** Y = α·A′·B′ + β·C, where ′ may transpose: ∂A′ = α·g·B′ᵀ, ∂B′ = α·A′ᵀ·g, ∂C = β·g summed where C was broadcast. */
function gemmGradients(s: RuleStep, g: ValueName): (ValueName | null)[] {
  const { attribute } = s.node;
  const alpha = attribute.float('alpha', 1);
  const beta = attribute.float('beta', 1);
  const transA = attribute.int('transA', 0) !== 0;
  const transB = attribute.int('transB', 0) !== 0;
  const [a, b] = [s.x(0), s.x(1)];
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

/** y = α·Aᵀ?·Bᵀ?, runtime-fused: as MatMul of the operands as they are multiplied, transposed back. */
const fusedMatmul: Rule = (s) => {
  const { attribute } = s.node;
  if (attribute.int('transBatchA', 0) || attribute.int('transBatchB', 0))
    throw s.refuse('its batch axes are transposed; use the model before optimisation');
  const alpha = attribute.float('alpha', 1);
  const transA = attribute.int('transA', 0) !== 0;
  const transB = attribute.int('transB', 0) !== 0;
  const [a, b] = [s.x(0), s.x(1)];
  const [shapeA, shapeB] = [s.shape(a), s.shape(b)];
  if (shapeA.length < 2 || shapeB.length < 2)
    return matmulGradients(s, scaled(s, alpha), a, b, [s.needs(0), s.needs(1)]);
  const batch = broadcastBatch(shapeA.slice(0, -2), shapeB.slice(0, -2));
  const g = scaled(s, alpha);
  const left = () => {
    const gradient = transA
      ? s.b.matmul(transB ? transposed(s, b) : b, lastTwo(s, g))
      : s.b.matmul(g, transB ? b : transposed(s, b));
    return s.unbroadcast(gradient, [...batch, ...shapeA.slice(-2)], shapeA);
  };
  const right = () => {
    const gradient = transB
      ? s.b.matmul(lastTwo(s, g), transA ? transposed(s, a) : a)
      : s.b.matmul(transA ? a : transposed(s, a), g);
    return s.unbroadcast(gradient, [...batch, ...shapeB.slice(-2)], shapeB);
  };
  return [s.needs(0) ? left() : null, s.needs(1) ? right() : null];
};

const scaled = (s: RuleStep, alpha: number) => (alpha === 1 ? s.g : s.b.mul(s.g, s.scalar(alpha)));

/** A gradient of the output's rank with its last two axes exchanged. */
function lastTwo(s: RuleStep, g: ValueName): ValueName {
  const rank = s.rank(s.y());
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return s.b.transpose(g, [...axes.slice(0, -2), rank - 1, rank - 2]);
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
