import { DATA_TYPES } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { isLayerValue, type LayerContext, type LayerImporter, type LayerTable } from '../layer.ts';
import type { LayerValue } from '../model/layer-value.ts';

const MODES = ['int', 'one_hot', 'multi_hot', 'count'] as const;

type Mode = (typeof MODES)[number];

/** How the categories are given out; tf_keras once called `multi_hot` `binary`. */
function modeOf(layer: LayerContext, fallback: Mode): Mode {
  if (layer.options.flag('sparse', false)) throw layer.refuse('a sparse result');
  return layer.options.raw('output_mode') === 'binary'
    ? 'multi_hot'
    : layer.options.choice('output_mode', MODES, fallback);
}

/**
 * Whole numbers as categories on a new last axis.
 * @param x `[N]`, `[N, k]`; for `one_hot` any shape, whose last axis goes where it is 1
 * @param depth how many categories there are
 */
function encoded(layer: LayerContext, x: LayerValue, mode: Mode, depth: number): LayerValue {
  if (mode === 'int') return x;
  const { b } = layer;
  const rank = x.shape.length;
  const places = layer.numbers(
    Array.from({ length: layer.parts(depth) }, (_, at) => at),
    [depth],
    'categories',
  );
  const hot = b.cast(b.op('Equal', [b.unsqueeze(x.value, [rank]), places]), DATA_TYPES.float32.code);
  if (mode === 'one_hot') {
    if (x.shape[rank - 1] !== 1 || rank < 2) return { ...x, shape: [...x.shape, depth], value: hot };
    return { ...x, shape: [...x.shape.slice(0, -1), depth], value: b.squeeze(hot, [rank - 1]) };
  }
  // Of more dimensions Keras's backends make different things.
  if (rank !== 2) throw layer.refuse(`the mode '${mode}' for values of ${rank} dimensions`);
  const weights = layer.argument(1, 'count_weights');
  const counted = isLayerValue(weights) ? b.mul(hot, b.unsqueeze(b.inKerasLayout(weights).value, [rank])) : hot;
  const value = mode === 'count' ? b.reduceSum(counted, [1], false) : b.reduceMax(hot, [1], false);
  return { ...x, shape: [x.shape[0]!, depth], value };
}

/** 1 at the place of each category. */
const categoryEncoding: LayerImporter = {
  build(layer) {
    const { b } = layer;
    const x = b.inKerasLayout(layer.x);
    // As a cast to whole numbers does.
    const whole = { ...x, value: b.cast(b.cast(x.value, DATA_TYPES.int64.code), DATA_TYPES.float32.code) };
    return encoded(layer, whole, modeOf(layer, 'multi_hot'), layer.options.int('num_tokens'));
  },
};

/** The number of boundaries that lie at or below a value. */
const discretization: LayerImporter = {
  build(layer) {
    const { b } = layer;
    const x = b.inKerasLayout(layer.x);
    const bounds = layer.options.raw('bin_boundaries');
    if (!Array.isArray(bounds) || !bounds.every((bound) => typeof bound === 'number'))
      throw errors.badOption(layer.label, 'bin_boundaries', bounds, 'a list of numbers');
    layer.parts(bounds.length);
    const rank = x.shape.length;
    const above = b.op('GreaterOrEqual', [b.unsqueeze(x.value, [rank]), layer.numbers(bounds, [bounds.length])]);
    const value = b.reduceSum(b.cast(above, DATA_TYPES.float32.code), [rank], false);
    return encoded(layer, { ...x, value }, modeOf(layer, 'int'), bounds.length + 1);
  },
};

export const CATEGORY_LAYERS: LayerTable = {
  CategoryEncoding: categoryEncoding,
  Discretization: discretization,
};
