import type { ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep, RuleTable } from '../rule.ts';
import { contribAttention } from './multi-head-attention.ts';
import { attentionGradients, causalBias, joinHeads, lowest, splitHeads } from './scaled-dot-product.ts';

/** y = Attention(q, k, v, mask), opset 23: heads in their own axis, or packed in the last one. */
const scaledDotProduct: Rule = (s) => {
  const { attribute } = s.node;
  if (s.has(4) || s.has(5) || s.has(6)) throw s.refuse('it reads a key/value cache');
  const packed = s.rank(s.x(0)) === 3;
  const side = (index: number, count: string) => {
    const value = s.x(index);
    const [length, size] = s.sizes(value, [-2, -1]) as [number, number];
    const heads = packed ? attribute.int(count, 0) : s.sizes(value, [1])[0]!;
    if (heads < 1) throw s.refuse(`its attribute '${count}' is missing`);
    const width = packed ? size / heads : size;
    return { value, length, size, heads, width, split: packed ? splitHeads(s, value, heads, width) : value };
  };
  const q = side(0, 'q_num_heads');
  const k = side(1, 'kv_num_heads');
  const v = side(2, 'kv_num_heads');
  const biases: ValueName[] = [];
  if (attribute.int('is_causal', 0) !== 0) biases.push(causalBias(s, q.length, k.length));
  if (s.has(3)) biases.push(maskBias(s, s.x(3), k.length));
  const split = (x: ValueName) => (packed ? splitHeads(s, x, q.heads, v.width) : x);
  const gradients = attentionGradients(s, {
    q: q.split,
    k: k.split,
    v: v.split,
    y: split(s.y()),
    g: split(s.g),
    biases,
    heads: q.heads,
    keyHeads: k.heads,
    queries: q.length,
    keys: k.length,
    width: q.width,
    valueWidth: v.width,
    scale: attribute.float('scale') ?? 1 / Math.sqrt(q.width),
    softcap: attribute.float('softcap', 0),
  });
  const join = (x: ValueName, size: number) => (packed ? joinHeads(s, x, size) : x);
  const batch = s.shape(s.x(0))[0]!;
  return [
    s.needs(0) ? join(gradients.q(), q.size) : null,
    s.needs(1) ? join(gradients.k(), k.size) : null,
    s.needs(2) ? join(gradients.v(), v.size) : null,
    s.needs(3) ? s.unbroadcast(gradients.bias(), [batch, q.heads, q.length, k.length], s.shape(s.x(3))) : null,
  ];
};

/** A mask as something to add to the scores: floats as they are, false as the lowest number. */
function maskBias(s: RuleStep, mask: ValueName, keys: number): ValueName {
  if (s.sizes(mask, [-1])[0] !== keys && s.sizes(mask, [-1])[0] !== 1)
    throw s.refuse('its mask is shorter than its keys');
  return s.type(mask) === 'bool' ? s.b.where(mask, s.scalar(0), s.scalar(lowest(s))) : mask;
}

const cached: Rule = (s) => {
  throw s.refuse('it packs sequences or reads a key/value cache; export the model without that optimisation');
};

export const attention: RuleTable = {
  Attention: scaledDotProduct,
  ...contribAttention,
  'com.microsoft.PackedAttention': cached,
  'com.microsoft.PackedMultiHeadAttention': cached,
  'com.microsoft.GroupQueryAttention': cached,
  'com.microsoft.DecoderAttention': cached,
  'com.microsoft.DecoderMaskedMultiHeadAttention': cached,
  'com.microsoft.DecoderMaskedSelfAttention': cached,
  'com.microsoft.PagedAttention': cached,
  'com.microsoft.SparseAttention': cached,
  'com.microsoft.LongformerAttention': cached,
};
