import { Tensor, type ValueName } from '@seewhy/onnx';
import { isLayerValue, type LayerContext, type LayerImporter, type LayerOptions, type LayerTable } from '../layer.ts';
import type { KerasShape, LayerValue } from '../model/layer-value.ts';
import type { WeightSpec } from '../weights/source.ts';

/** What Keras subtracts from scores that a mask forbids. */
const FORBIDDEN = -1e9;

interface Parts {
  readonly heads: number;
  /** Heads of keys and values; fewer than `heads` where several queries share them. */
  readonly sharedHeads: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly bias: boolean;
}

function partsOf(options: LayerOptions): Parts {
  const grouped = options.raw('num_query_heads') !== undefined;
  const heads = options.int(grouped ? 'num_query_heads' : 'num_heads');
  const keySize = options.int(grouped ? 'head_dim' : 'key_dim');
  const value = options.raw('value_dim');
  return {
    heads,
    sharedHeads: grouped ? options.int('num_key_value_heads') : heads,
    keySize,
    valueSize: grouped || value === null || value === undefined ? keySize : options.int('value_dim'),
    bias: options.flag('use_bias', true),
  };
}

const last = (shape: KerasShape | undefined) => shape?.[shape.length - 1] ?? null;

/** Query, key and value projections `[in, heads, size]`, and the one of the result `[heads, size, out]`. */
const multiHead: LayerImporter = {
  weights(options, shapes) {
    const parts = partsOf(options);
    const [query, value = query, key = value] = shapes;
    const output = options.raw('output_shape');
    const out = typeof output === 'number' ? output : Array.isArray(output) ? (output[0] as number) : last(query);
    const project = (name: string, from: number | null, heads: number, size: number): WeightSpec[] => [
      {
        name: 'kernel',
        shape: [from, heads, size],
        scaleAxes: [null, -2, -1],
        owner: `${name}_dense`,
        ownerName: name,
      },
      ...(parts.bias ? [{ name: 'bias', shape: [heads, size], owner: `${name}_dense`, ownerName: name }] : []),
    ];
    return [
      ...project('query', last(query), parts.heads, parts.keySize),
      ...project('key', last(key), parts.sharedHeads, parts.keySize),
      ...project('value', last(value), parts.sharedHeads, parts.valueSize),
      {
        name: 'kernel',
        shape: [parts.heads, parts.valueSize, out],
        scaleAxes: [null, null, -1],
        owner: 'output_dense',
        ownerName: 'attention_output',
      },
      ...(parts.bias ? [{ name: 'bias', shape: [out], owner: 'output_dense', ownerName: 'attention_output' }] : []),
    ];
  },
  build(layer) {
    const { b, options } = layer;
    for (const name of ['use_gate', 'sliding_window'] as const)
      if (options.raw(name) !== undefined && options.raw(name) !== null && options.raw(name) !== false)
        throw layer.refuse(`attention with ${name}`);
    const parts = partsOf(options);
    const role = (position: number, name: string) => {
      const found = layer.argument(position, name);
      return isLayerValue(found) ? b.inKerasLayout(found) : undefined;
    };
    const query = role(0, 'query') ?? b.inKerasLayout(layer.x);
    const value = role(1, 'value');
    if (!value) throw layer.misfit('It is called without a value');
    const key = role(2, 'key') ?? value;
    const rank = query.shape.length;
    const axes = options.raw('attention_axes');
    const attended = Array.isArray(axes)
      ? axes
      : axes === null || axes === undefined
        ? Array.from({ length: rank - 2 }, (_, axis) => axis + 1)
        : [axes];
    if (attended.length !== rank - 2) throw layer.refuse('attention along some of several axes');
    const [q, k, v] = [
      projected(layer, flattened(layer, query), 'query', parts.heads, parts.keySize),
      projected(layer, flattened(layer, key), 'key', parts.sharedHeads, parts.keySize),
      projected(layer, flattened(layer, value), 'value', parts.sharedHeads, parts.valueSize),
    ];
    const group = parts.heads / parts.sharedHeads;
    const spread = (value: ValueName, size: number) =>
      group === 1 ? value : repeatedHeads(layer, value, parts.sharedHeads, group, size);
    // q [N, heads, T, size], k [N, heads, size, S], v [N, heads, S, size].
    const scale = b.scalar(1 / Math.sqrt(parts.keySize));
    const keys = b.transpose(spread(k!, parts.keySize), [0, 1, 3, 2]);
    let scores = b.matmul(b.mul(q!, scale), keys);
    const allowed = allowedPairs(layer, { query, key, value });
    if (allowed !== undefined)
      // Keras 3 puts −10⁹ in place of a score, Keras 2 takes 10⁹ off it: their gradients differ.
      scores =
        layer.options.dialect === 3
          ? b.where(allowed, scores, b.scalar(FORBIDDEN))
          : withoutForbidden(layer, scores, allowed);
    let weights = b.op('Softmax', [scores], { axis: -1 });
    // Keras 3 leaves nothing to a query that may see nothing, but not where it computes in one step.
    const inOneStep =
      layer.kwargs.return_attention_scores !== true && rank === 3 && layer.options.number('dropout', 0) === 0;
    if (allowed !== undefined && layer.options.dialect === 3 && !inOneStep)
      weights = b.where(allowed, weights, b.scalar(0));
    const mixed = b.transpose(b.matmul(weights, spread(v!, parts.valueSize)), [0, 2, 1, 3]);
    const joined = b.reshape(mixed, [0, 0, parts.heads * parts.valueSize]);
    const kernel = layer.weight('output_dense/kernel');
    const out = kernel.dims[2]!;
    const product = b.matmul(
      joined,
      layer.constant('output_dense/kernel', () => kernel.reshape([parts.heads * parts.valueSize, out])),
    );
    const flat = parts.bias ? b.add(product, layer.weightValue('output_dense/bias')) : product;
    const shape = [...query.shape.slice(0, -1), out];
    const result: LayerValue = { ...query, shape, value: rank === 3 ? flat : b.reshape(flat, targetOf(shape)) };
    if (layer.kwargs.return_attention_scores !== true) return result;
    const scoreShape = [query.shape[0]!, parts.heads, ...query.shape.slice(1, -1), ...key.shape.slice(1, -1)];
    return [
      result,
      { ...query, shape: scoreShape, value: rank === 3 ? weights : b.reshape(weights, targetOf(scoreShape)) },
    ];
  },
};

/** For Reshape: the batch is copied, one open size is inferred. */
const targetOf = (shape: KerasShape) => shape.map((dim, axis) => (axis === 0 ? 0 : (dim ?? -1)));

/** Positions of several axes in one. */
function flattened(layer: LayerContext, x: LayerValue): LayerValue {
  if (x.shape.length === 3) return x;
  const positions = x.shape.slice(1, -1);
  const size = positions.includes(null) ? null : positions.reduce<number>((product, dim) => product * dim!, 1);
  return layer.reshape(x, [x.shape[0]!, size, x.shape[x.shape.length - 1]!]);
}

function flatLength(layer: LayerContext, x: LayerValue): number {
  return x.shape
    .slice(1, -1)
    .reduce<number>((product, dim) => product * layer.known(dim, 'the number of positions'), 1);
}

/** x · W + b as `[N, heads, positions, size]`. */
function projected(layer: LayerContext, x: LayerValue, name: string, heads: number, size: number): ValueName {
  const { b } = layer;
  const kernel = layer.constant(`${name}_dense/kernel`, () => {
    const tensor = layer.weight(`${name}_dense/kernel`);
    return tensor.reshape([tensor.dims[0]!, heads * size]);
  });
  let value = b.matmul(x.value, kernel);
  if (layer.hasWeight(`${name}_dense/bias`))
    value = b.add(
      value,
      layer.constant(`${name}_dense/bias`, () => layer.weight(`${name}_dense/bias`).reshape([heads * size])),
    );
  return b.transpose(b.reshape(value, [0, 0, heads, size]), [0, 2, 1, 3]);
}

/** Each head of keys and values for a group of queries: `[N, shared, S, size]` → `[N, shared · group, S, size]`. */
function repeatedHeads(layer: LayerContext, value: ValueName, shared: number, group: number, size: number): ValueName {
  const { b } = layer;
  if (!Number.isInteger(group)) throw layer.misfit('The number of query heads is no multiple of the others');
  const tiled = b.op('Tile', [b.unsqueeze(value, [2]), b.ints([1, 1, group, 1, 1])]);
  return b.reshape(tiled, [0, shared * group, -1, size]);
}

interface Roles {
  readonly query: LayerValue;
  readonly key: LayerValue;
  readonly value: LayerValue;
}

/**
 * Which pairs of positions may see each other, bool, to be broadcast against `[N, heads, T, S]`; undefined where all may. A pair needs
 * the masks of its query, its key and its value, the given `attention_mask`, and with `use_causal_mask` a key that is not later.
 */
function allowedPairs(layer: LayerContext, { query, key, value }: Roles): ValueName | undefined {
  const { b, kwargs } = layer;
  const parts: ValueName[] = [];
  const own = (name: string, x: LayerValue) => {
    const given = kwargs[`${name}_mask`];
    return isLayerValue(given) ? truth(layer, given) : x.mask;
  };
  const flat = (mask: ValueName, x: LayerValue) => {
    if (x.shape.length !== 3) throw layer.refuse('masked steps of several axes');
    return mask;
  };
  const [ofQuery, ofValue, ofKey] = [own('query', query), own('value', value), own('key', key)];
  if (ofQuery !== undefined) parts.push(b.unsqueeze(flat(ofQuery, query), [1, 3]));
  if (ofValue !== undefined) parts.push(b.unsqueeze(flat(ofValue, value), [1, 2]));
  if (ofKey !== undefined && ofKey !== ofValue) parts.push(b.unsqueeze(flat(ofKey, key), [1, 2]));
  const given = kwargs.attention_mask;
  if (isLayerValue(given)) {
    const rank = given.shape.length;
    if (rank < 2 || rank > 4 || query.shape.length !== 3) throw layer.refuse('an attention_mask over several axes');
    const mask = truth(layer, given);
    parts.push(rank === 3 ? b.unsqueeze(mask, [1]) : mask);
  } else if (Array.isArray(given)) throw layer.refuse('an attention_mask of fixed numbers');
  if (kwargs.use_causal_mask === true) parts.push(notLater(layer, flatLength(layer, query), flatLength(layer, key)));
  return parts.length === 0 ? undefined : parts.reduce((all, part) => b.op('And', [all, part]));
}

/** A mask as bool, in Keras's layout: numbers hold where they are not 0. */
function truth({ b }: LayerContext, mask: LayerValue): ValueName {
  const plain = b.plain(mask);
  return mask.type === 'bool' ? plain : b.op('Not', [b.op('Equal', [plain, b.scalar(0)])]);
}

/** Scores of pairs that may not see each other become less by 10⁹. */
function withoutForbidden({ b }: LayerContext, scores: ValueName, allowed: ValueName): ValueName {
  return b.add(scores, b.where(allowed, b.scalar(0), b.scalar(FORBIDDEN)));
}

/** True where a key is not later than its query: `[T, S]`. */
function notLater(layer: LayerContext, queries: number, keys: number): ValueName {
  if (queries * keys > 2 ** 26) throw layer.refuse('a causal mask of more than 67 million positions');
  return layer.constant('causal', () => {
    const mask = new Uint8Array(queries * keys);
    for (let row = 0; row < queries; row++)
      for (let column = 0; column <= row && column < keys; column++) mask[row * keys + column] = 1;
    return Tensor.of('bool', [queries, keys], mask);
  });
}

/** Attention of lists `[query, value, key?]` without projections: Luong's (dot) or Bahdanau's (additive, tanh). */
function simple(
  score: (layer: LayerContext, query: LayerValue, key: LayerValue) => ValueName,
  weights: LayerImporter['weights'],
): LayerImporter {
  return {
    weights,
    masks: 'own',
    build(layer) {
      const { b } = layer;
      const [query, value, key = value] = layer.inputs.map((input) => b.inKerasLayout(input)) as [
        LayerValue,
        LayerValue | undefined,
        LayerValue | undefined,
      ];
      if (!value || !key) throw layer.misfit('It takes a query and a value');
      layer.wantRank(query, 3);
      layer.wantRank(value, 3);
      const causal = layer.kwargs.use_causal_mask === true || layer.options.flag('causal', false);
      const [ofQuery, ofValue] = listedMasks(layer, query, value);
      const parts = [
        ...(ofValue === undefined ? [] : [b.unsqueeze(ofValue, [1])]),
        ...(causal ? [notLater(layer, flatLength(layer, query), flatLength(layer, key))] : []),
      ];
      let scores = score(layer, query, key);
      if (parts.length > 0)
        scores = withoutForbidden(
          layer,
          scores,
          parts.reduce((all, part) => b.op('And', [all, part])),
        );
      const shares = b.op('Softmax', [scores], { axis: -1 });
      const mixed = b.matmul(shares, value.value);
      const { mask: _, ...plain } = query;
      const result: LayerValue = {
        ...plain,
        shape: [...query.shape.slice(0, -1), value.shape[2]!],
        value: ofQuery === undefined ? mixed : b.where(b.unsqueeze(ofQuery, [2]), mixed, b.scalar(0)),
        ...(ofQuery === undefined ? {} : { mask: ofQuery }),
      };
      if (layer.kwargs.return_attention_scores !== true) return result;
      return [result, { ...plain, shape: [query.shape[0]!, query.shape[1]!, key.shape[1]!], value: shares }];
    },
  };
}

/** Masks of query and value: given as a list with the call, or those that the two bring. */
function listedMasks(layer: LayerContext, query: LayerValue, value: LayerValue): (ValueName | undefined)[] {
  const given = layer.kwargs.mask;
  const of = (at: number) => (Array.isArray(given) && isLayerValue(given[at]) ? truth(layer, given[at]) : undefined);
  return Array.isArray(given) ? [of(0), of(1)] : [query.mask, value.mask];
}

/** tanh(q + k) for every pair: `[N, T, S, dim]`. */
function pairs({ b }: LayerContext, query: LayerValue, key: LayerValue, scale: ValueName | undefined): ValueName {
  const sum = b.add(b.unsqueeze(query.value, [2]), b.unsqueeze(key.value, [1]));
  return b.op('Tanh', [scale ? b.mul(scale, sum) : sum]);
}

const dotAttention = simple(
  (layer, query, key) => {
    const { b, options } = layer;
    const scale = layer.hasWeight('scale') ? layer.weightValue('scale') : undefined;
    if (options.choice('score_mode', ['dot', 'concat'], 'dot') === 'concat') {
      const summed = b.reduceSum(pairs(layer, query, key, scale), [3], false);
      return b.mul(summed, layer.weightValue('concat_score_weight'));
    }
    const scores = b.matmul(query.value, b.transpose(key.value, [0, 2, 1]));
    return scale ? b.mul(scores, scale) : scores;
  },
  (options) => [
    ...(options.flag('use_scale', false) ? [{ name: 'scale', shape: [] }] : []),
    ...(options.raw('score_mode') === 'concat' ? [{ name: 'concat_score_weight', shape: [] }] : []),
  ],
);

const additiveAttention = simple(
  (layer, query, key) => {
    const tanh = pairs(layer, query, key, undefined);
    return layer.b.reduceSum(
      layer.hasWeight('scale') ? layer.b.mul(tanh, layer.weightValue('scale')) : tanh,
      [3],
      false,
    );
  },
  (options, [query]) => (options.flag('use_scale', true) ? [{ name: 'scale', shape: [last(query)] }] : []),
);

export const ATTENTION_LAYERS: LayerTable = {
  MultiHeadAttention: multiHead,
  GroupedQueryAttention: multiHead,
  GroupQueryAttention: multiHead,
  Attention: dotAttention,
  AdditiveAttention: additiveAttention,
};
