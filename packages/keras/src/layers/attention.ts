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
      { name: 'kernel', shape: [from, heads, size], owner: `${name}_dense`, ownerName: name },
      ...(parts.bias ? [{ name: 'bias', shape: [heads, size], owner: `${name}_dense`, ownerName: name }] : []),
    ];
    return [
      ...project('query', last(query), parts.heads, parts.keySize),
      ...project('key', last(key), parts.sharedHeads, parts.keySize),
      ...project('value', last(value), parts.sharedHeads, parts.valueSize),
      {
        name: 'kernel',
        shape: [parts.heads, parts.valueSize, out],
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
    for (const name of ['attention_mask', 'query_mask', 'value_mask', 'key_mask'])
      if (isLayerValue(layer.kwargs[name])) throw layer.refuse(`a computed ${name}`);
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
    if (layer.kwargs.use_causal_mask === true)
      scores = causal(layer, scores, flatLength(layer, query), flatLength(layer, key));
    const weights = b.op('Softmax', [scores], { axis: -1 });
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

/** Scores of later positions become −10⁹. */
function causal(layer: LayerContext, scores: ValueName, queries: number, keys: number): ValueName {
  if (queries * keys > 2 ** 26) throw layer.refuse('a causal mask of more than 67 million positions');
  const mask = new Float32Array(queries * keys);
  for (let row = 0; row < queries; row++)
    for (let column = row + 1; column < keys; column++) mask[row * keys + column] = FORBIDDEN;
  return layer.b.add(
    scores,
    layer.constant('causal', () => Tensor.of('float32', [queries, keys], mask)),
  );
}

/** Attention of lists `[query, value, key?]` without projections: Luong's (dot) or Bahdanau's (additive, tanh). */
function simple(
  score: (layer: LayerContext, query: LayerValue, key: LayerValue) => ValueName,
  weights: LayerImporter['weights'],
): LayerImporter {
  return {
    weights,
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
      let scores = score(layer, query, key);
      if (layer.kwargs.use_causal_mask === true || layer.options.flag('causal', false))
        scores = causal(layer, scores, flatLength(layer, query), flatLength(layer, key));
      const shares = b.op('Softmax', [scores], { axis: -1 });
      const result = {
        ...query,
        shape: [...query.shape.slice(0, -1), value.shape[2]!],
        value: b.matmul(shares, value.value),
      };
      if (layer.kwargs.return_attention_scores !== true) return result;
      return [result, { ...query, shape: [query.shape[0]!, query.shape[1]!, key.shape[1]!], value: shares }];
    },
  };
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
