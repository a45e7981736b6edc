import { DATA_TYPES } from '@seewhy/onnx';
import type { LayerContext, LayerImporter, LayerOptions, LayerTable } from '../layer.ts';
import type { KerasShape, LayerValue } from '../model/layer-value.ts';
import { einsumLabels } from './einsum.ts';
import { permuted } from './permuted.ts';

/** x · W + b over the last axis. */
const dense: LayerImporter = {
  weights(options, [shape]) {
    const units = options.int('units');
    return [
      { name: 'kernel', shape: [shape?.[shape.length - 1] ?? null, units], scaleAxes: [null, -1] },
      ...(options.flag('use_bias', true) ? [{ name: 'bias', shape: [units] }] : []),
    ];
  },
  build(layer) {
    const units = layer.options.int('units');
    const bias = layer.hasWeight('bias') ? layer.weightValue('bias') : undefined;
    return layer.finish(linear(layer, layer.x, 'kernel', units, bias));
  },
};

/** A linear map of the last axis by a weight `[in, out]`; on pictures held channels first it is a convolution of kernel 1. */
export function linear(
  layer: LayerContext,
  x: LayerValue,
  weight: string,
  units: number,
  bias: string | undefined,
): LayerValue {
  const { b } = layer;
  const shape: KerasShape = [...x.shape.slice(0, -1), units];
  if (x.layout === 'channels-first') {
    const rank = x.shape.length - 2;
    const kernel = layer.constant(`${weight}.conv${rank}`, () => {
      const moved = permuted(layer.weight(weight), [1, 0]);
      return moved.reshape([...moved.dims, ...new Array<number>(rank).fill(1)]);
    });
    return {
      ...x,
      shape,
      value: b.op('Conv', [x.value, kernel, bias], { kernel_shape: new Array<number>(rank).fill(1) }),
    };
  }
  const kernel = layer.weightValue(weight);
  if (x.shape.length === 2 && bias) return { ...x, shape, value: b.op('Gemm', [x.value, kernel, bias]) };
  const product = b.matmul(x.value, kernel);
  return { ...x, shape, value: bias ? b.add(product, bias) : product };
}

function sizeOf(options: LayerOptions): (number | null)[] {
  const value = options.raw('output_shape');
  const list = Array.isArray(value) ? value : [value];
  return list.map((dim) => (typeof dim === 'number' ? dim : null));
}

/** Einsum(equation, x, kernel) + bias, e.g. `abc,cde->abde`. */
const einsumDense: LayerImporter = {
  weights(options, [shape]) {
    const plan = einsumPlan(options, shape ?? []);
    return [
      { name: 'kernel', shape: plan.kernel, scaleAxes: plan.scaleAxes },
      ...(plan.bias ? [{ name: 'bias', shape: plan.bias }] : []),
    ];
  },
  build(layer) {
    const { b } = layer;
    const x = b.inKerasLayout(layer.x);
    const plan = einsumPlan(layer.options, x.shape);
    let value = b.op('Einsum', [x.value, layer.weightValue('kernel')], { equation: plan.equation });
    if (layer.hasWeight('bias')) value = b.add(value, layer.weightValue('bias'));
    return layer.finish({ ...x, shape: plan.output, value });
  },
};

interface EinsumPlan {
  equation: string;
  kernel: (number | null)[];
  /** Of a kernel of 8 bits: the axes of the result, whose scale it is, from its end. */
  scaleAxes: (number | null)[];
  bias?: (number | null)[];
  output: (number | null)[];
}

function einsumPlan(options: LayerOptions, shape: KerasShape): EinsumPlan {
  const { input, kernel, output, equation } = einsumLabels(options, shape.length);
  const sizes = new Map<string, number | null>();
  for (const [at, letter] of [...input].entries()) sizes.set(letter, shape[at] ?? null);
  const given = sizeOf(options);
  [...output].slice(-given.length).forEach((letter, at) => {
    if (given[at] !== null && given[at] !== undefined) sizes.set(letter, given[at]!);
  });
  const axes = options.raw('bias_axes');
  let bias: (number | null)[] | undefined;
  if (typeof axes === 'string' && axes !== '') {
    const first = Math.min(...[...axes].map((letter) => output.indexOf(letter)));
    bias = [...output].slice(first).map((letter) => (axes.includes(letter) ? (sizes.get(letter) ?? null) : 1));
  }
  return {
    equation,
    kernel: [...kernel].map((letter) => sizes.get(letter) ?? null),
    scaleAxes: [...kernel].map((letter) => (output.includes(letter) ? output.indexOf(letter) - output.length : null)),
    output: [...output].map((letter) => sizes.get(letter) ?? null),
    ...(bias ? { bias } : {}),
  };
}

/** One row of a table for each index; with `mask_zero` steps of index 0 are masked. */
const embedding: LayerImporter = {
  masks: 'own',
  weights: (options) => [
    { name: 'embeddings', shape: [options.int('input_dim'), options.int('output_dim')], scaleAxes: [-1, null] },
  ],
  build(layer) {
    const { b } = layer;
    const x = b.inKerasLayout(layer.x);
    if (layer.kwargs.reverse === true) throw layer.refuse('an embedding that is called in reverse');
    const indices = x.type === 'int64' ? x.value : b.cast(x.value, DATA_TYPES.int64.code);
    const { mask: _, ...plain } = x;
    const result: LayerValue = {
      ...plain,
      type: 'float32',
      shape: [...x.shape, layer.options.int('output_dim')],
      value: b.gather(layer.weightValue('embeddings'), indices, 0),
    };
    if (!layer.options.flag('mask_zero', false)) return result;
    if (x.shape.length !== 2) throw layer.refuse('masked indices that are no sequence [steps]');
    return { ...result, mask: b.op('Not', [b.op('Equal', [indices, b.int(0)])]) };
  },
};

/** x · γ over the last axis: part of keras.applications.convnext. */
const layerScale: LayerImporter = {
  weights: (options) => [{ name: 'gamma', shape: [options.int('projection_dim')] }],
  build: (layer) => ({
    ...layer.x,
    value: layer.b.mul(
      layer.x.value,
      layer.along(layer.x, 'gamma', () => layer.weight('gamma')),
    ),
  }),
};

export const DENSE_LAYERS: LayerTable = {
  Dense: dense,
  EinsumDense: einsumDense,
  Embedding: embedding,
  // Its way back, from vectors to logits, is called by language models only.
  ReversibleEmbedding: embedding,
  LayerScale: layerScale,
};
