import { Tensor, type ValueName } from '@seewhy/onnx';
import type { RuleStep } from '../rule.ts';

/** One attention by heads: q `[N, H, L, D]`, k `[N, G, S, D]`, v `[N, G, S, E]`; each key head serves H / G query heads. */
export interface Heads {
  q: ValueName;
  k: ValueName;
  v: ValueName;
  /** Output `[N, H, L, E]` and its gradient. */
  y: ValueName;
  g: ValueName;
  /** Added to the scores: values that broadcast to `[N, H, L, S]`. */
  biases: readonly ValueName[];
  heads: number;
  keyHeads: number;
  queries: number;
  keys: number;
  /** D and E. */
  width: number;
  valueWidth: number;
  scale: number;
  /** Scores are limited to softcap · tanh(score / softcap); 0: they are not. */
  softcap?: number;
}

/** The gradients, each made when it is asked for. */
export interface HeadGradients {
  q(): ValueName;
  k(): ValueName;
  v(): ValueName;
  /** Of the biases before broadcasting, `[N, H, L, S]`. */
  bias(): ValueName;
}

/**
 * P = softmax(scale·q·kᵀ + bias), y = P·v. With g = ∂y:
 *   ∂v = Pᵀ·g    ∂S = P ∘ (g·vᵀ − Σ g∘y)    ∂q = scale·∂S·k    ∂k = scale·∂Sᵀ·q
 * P is computed again; Σ over keys of P ∘ (g·vᵀ) is Σ over channels of g ∘ y, which is shorter (Dao et al., 2022, FlashAttention,
 * algorithm 4).
 */
export function attentionGradients(s: RuleStep, h: Heads): HeadGradients {
  const { b } = s;
  // Query heads that share a key head are one longer list of queries.
  const rows = (h.heads / h.keyHeads) * h.queries;
  const shared = h.heads !== h.keyHeads;
  const fold = (x: ValueName, last: number) => (shared ? b.reshape(x, [0, h.keyHeads, rows, last]) : x);
  const unfold = (x: ValueName, last: number) => (shared ? b.reshape(x, [0, h.heads, h.queries, last]) : x);
  const turned = (x: ValueName) => b.transpose(x, [0, 1, 3, 2]);
  const scale = s.scalar(h.scale);
  const softcap = h.softcap ?? 0;
  const q = fold(b.mul(h.q, scale), h.width);
  const g = fold(h.g, h.valueWidth);
  const raw = unfold(b.matmul(q, turned(h.k)), h.keys);
  const tanh = softcap > 0 ? b.op('Tanh', [b.mul(raw, s.scalar(1 / softcap))]) : undefined;
  const scores = b.sum([tanh ? b.mul(tanh, s.scalar(softcap)) : raw, ...h.biases]);
  const weights = b.op('Softmax', [scores], { axis: -1 });
  const bias = () => {
    const upstream = unfold(b.matmul(g, turned(h.v)), h.keys);
    return b.mul(weights, b.sub(upstream, b.reduceSum(b.mul(h.g, h.y), [-1])));
  };
  const products = () => fold(tanh ? b.mul(bias(), b.sub(s.scalar(1), b.mul(tanh, tanh))) : bias(), h.keys);
  return {
    q: () => b.mul(unfold(b.matmul(products(), h.k), h.width), scale),
    k: () => b.matmul(turned(products()), q),
    v: () => b.matmul(turned(fold(weights, h.keys)), g),
    bias,
  };
}

/** `[N, L, H·D]` → `[N, H, L, D]`. */
export function splitHeads(s: RuleStep, x: ValueName, heads: number, width: number): ValueName {
  return s.b.transpose(s.b.reshape(x, [0, 0, heads, width]), [0, 2, 1, 3]);
}

/** `[N, H, L, D]` → `[N, L, H·D]`. */
export function joinHeads(s: RuleStep, x: ValueName, size: number): ValueName {
  return s.b.reshape(s.b.transpose(x, [0, 2, 1, 3]), [0, 0, size]);
}

/** A constant `[L, S]` that hides keys behind the query: 0 where key ≤ query, else the lowest number. */
export function causalBias(s: RuleStep, queries: number, keys: number): ValueName {
  const bias = Float32Array.from({ length: queries * keys }, (_, index) =>
    index % keys > Math.floor(index / keys) ? lowest(s) : 0,
  );
  return s.b.constant(Tensor.floats(bias, [queries, keys], s.type(s.x())), 'causal');
}

/** The lowest number of the element type of the first input: hides a score, and keeps a row that is all hidden finite. */
export function lowest(s: RuleStep): number {
  return s.type(s.x()) === 'float16' ? -65504 : -3.4028234663852886e38;
}
