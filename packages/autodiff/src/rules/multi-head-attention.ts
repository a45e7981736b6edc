import { DATA_TYPES, type ValueName } from '@seewhy/onnx';
import type { Gradients, Rule, RuleStep, RuleTable } from '../rule.ts';
import { attentionGradients, causalBias, type HeadGradients, joinHeads, splitHeads } from './scaled-dot-product.ts';

/** Attributes that the runtime-fused attentions share. */
function shared(s: RuleStep) {
  const { attribute } = s.node;
  const heads = attribute.int('num_heads', 0);
  if (heads < 1) throw s.refuse("its attribute 'num_heads' is missing");
  return {
    heads,
    causal: attribute.int('unidirectional', 0) !== 0,
    scale: attribute.float('scale', 0),
    hidden: attribute.float('mask_filter_value', -10000),
  };
}

/** `[N, S]` or `[N, L, S]` of 1 (seen) and 0 (hidden) as something to add to the scores. */
function maskBias(s: RuleStep, mask: ValueName, hidden: number): ValueName {
  const rank = s.rank(mask);
  if (rank !== 2 && rank !== 3) throw s.refuse('its mask is a list of lengths; give it as a mask of keys');
  const seen = s.b.cast(mask, DATA_TYPES[s.type(s.x())].code);
  const bias = s.b.mul(s.b.sub(s.scalar(1), seen), s.scalar(hidden));
  return s.b.unsqueeze(bias, rank === 2 ? [1, 2] : [1]);
}

/**
 * com.microsoft.MultiHeadAttention: (query `[N, L, H·D]`, key, value, bias of all three, key mask, score bias); key and value
 * `[N, S, H·D]` or by heads, `[N, H, S, D]`.
 */
const multiHeadAttention: Rule = (s) => {
  if ([6, 7, 8, 9].some((index) => s.has(index))) throw s.refuse('it reads a key/value cache');
  if (s.rank(s.x(0)) !== 3 || !s.has(2))
    throw s.refuse('its inputs are packed for graphics cards; export the model without that optimisation');
  if (s.needs(3)) throw s.refuse('its bias is computed from the image');
  const { heads, causal, scale, hidden } = shared(s);
  const { b } = s;
  const byHeads = s.rank(s.x(1)) === 4;
  const [queries, sizeQ] = s.sizes(s.x(0), [1, 2]) as [number, number];
  const [sizeV] = s.sizes(s.y(), [2]) as [number];
  const [keys] = s.sizes(s.x(1), [-2]) as [number];
  const [width, valueWidth] = [sizeQ / heads, sizeV / heads];
  const split = (index: number, start: number, size: number) => {
    const value = s.x(index);
    const biased = s.has(3) ? b.add(value, b.slice(s.x(3), [start], [start + size], [0])) : value;
    return splitHeads(s, biased, heads, size / heads);
  };
  const biases: ValueName[] = [];
  if (causal) biases.push(causalBias(s, queries, keys));
  if (s.has(4)) biases.push(maskBias(s, s.x(4), hidden));
  if (s.has(5)) biases.push(s.x(5));
  const gradients = attentionGradients(s, {
    q: split(0, 0, sizeQ),
    k: byHeads ? s.x(1) : split(1, sizeQ, sizeQ),
    v: byHeads ? s.x(2) : split(2, 2 * sizeQ, sizeV),
    y: splitHeads(s, s.y(), heads, valueWidth),
    g: splitHeads(s, s.g, heads, valueWidth),
    biases,
    heads,
    keyHeads: heads,
    queries,
    keys,
    width,
    valueWidth,
    scale: scale || 1 / Math.sqrt(width),
  });
  const join = (x: ValueName, size: number) => (byHeads ? x : joinHeads(s, x, size));
  const scores = () => s.unbroadcast(gradients.bias(), [s.shape(s.y())[0]!, heads, queries, keys], s.shape(s.x(5)));
  return [
    s.needs(0) ? joinHeads(s, gradients.q(), sizeQ) : null,
    s.needs(1) ? join(gradients.k(), sizeQ) : null,
    s.needs(2) ? join(gradients.v(), sizeV) : null,
    null,
    null,
    s.needs(5) ? scores() : null,
  ];
};

/**
 * com.microsoft.Attention: (input `[N, L, C]`, weights `[C, q + k + v]`, bias, mask): the projection to q, k and v is part of it:
 * ∂input = [∂q | ∂k | ∂v] · weightsᵀ.
 */
const packedProjection: Rule = (s): Gradients => {
  if (s.has(4)) throw s.refuse('it reads a key/value cache');
  if (s.needs(1) || s.needs(2)) throw s.refuse('its weights are computed from the image');
  if (s.node.attribute.int('do_rotary', 0) !== 0) throw s.refuse('it rotates positions (do_rotary)');
  const { heads, causal, scale, hidden } = shared(s);
  const { b } = s;
  const [queries] = s.sizes(s.x(0), [1]) as [number];
  const [columns] = s.sizes(s.x(1), [1]) as [number];
  const third = columns / 3;
  const [sizeQ, sizeK, sizeV] = s.node.attribute.ints('qkv_hidden_sizes') ?? [third, third, third];
  const projected = b.matmul(s.x(0), s.x(1));
  const parts = b.split(s.has(2) ? b.add(projected, s.x(2)) : projected, [sizeQ!, sizeK!, sizeV!], 2);
  const [width, valueWidth] = [sizeQ! / heads, sizeV! / heads];
  const biases: ValueName[] = [];
  if (causal) biases.push(causalBias(s, queries, queries));
  if (s.has(3)) biases.push(maskBias(s, s.x(3), hidden));
  if (s.has(5)) biases.push(s.x(5));
  const gradients: HeadGradients = attentionGradients(s, {
    q: splitHeads(s, parts[0]!, heads, width),
    k: splitHeads(s, parts[1]!, heads, width),
    v: splitHeads(s, parts[2]!, heads, valueWidth),
    y: splitHeads(s, s.y(), heads, valueWidth),
    g: splitHeads(s, s.g, heads, valueWidth),
    biases,
    heads,
    keyHeads: heads,
    queries,
    keys: queries,
    width,
    valueWidth,
    scale: scale || 1 / Math.sqrt(width),
  });
  const input = () => {
    const all = b.concat(
      [joinHeads(s, gradients.q(), sizeQ!), joinHeads(s, gradients.k(), sizeK!), joinHeads(s, gradients.v(), sizeV!)],
      2,
    );
    return b.matmul(all, b.transpose(s.x(1), [1, 0]));
  };
  const scores = () => s.unbroadcast(gradients.bias(), [s.shape(s.x(0))[0]!, heads, queries, queries], s.shape(s.x(5)));
  return [s.needs(0) ? input() : null, null, null, null, null, s.needs(5) ? scores() : null];
};

const quantised: Rule = (s) => {
  throw s.refuse('it is a quantised, fused attention; explain the model before quantisation or fusion');
};

export const contribAttention: RuleTable = {
  'com.microsoft.MultiHeadAttention': multiHeadAttention,
  'com.microsoft.Attention': packedProjection,
  'com.microsoft.QAttention': quantised,
};
