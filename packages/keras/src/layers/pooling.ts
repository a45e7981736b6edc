import { DATA_TYPES, type ValueName } from '@seewhy/onnx';
import type { LayerContext, LayerImporter, LayerTable } from '../layer.ts';
import type { LayerValue } from '../model/layer-value.ts';
import { maskOf } from '../model/masks.ts';
import { maxOfWindows } from './max-of-windows.ts';
import { meanOfWindows } from './mean-of-windows.ts';
import { place, planes } from './planes.ts';

/** The largest, or the mean without the padding, of each window. */
function windowed(pool: typeof maxOfWindows, rank: number): LayerImporter {
  return {
    build(layer) {
      const { options } = layer;
      const x = planes(layer, layer.x, rank);
      const kernel = options.ints('pool_size', rank, 1, 2);
      const given = options.raw('strides');
      const strides = given === null || given === undefined ? kernel : options.ints('strides', rank, 1);
      const { attributes, spatial } = place(layer, x.spatial, {
        kernel,
        strides,
        dilations: new Array<number>(rank).fill(1),
        padding: options.choice('padding', ['valid', 'same'], 'valid'),
      });
      const value = pool(layer.b, x, { kernel, strides, ...attributes });
      return x.wrap(value, x.channels, spatial);
    },
  };
}

/**
 * One number a channel: the mean or the largest of the whole plane. Keras has ReduceMax there, not a pool: places that are equally large share
 * the gradient, as all do in a picture of one colour.
 */
function global(kind: 'mean' | 'max', rank: number): LayerImporter {
  return {
    build(layer) {
      const { b } = layer;
      const mask = kind === 'mean' && rank === 1 ? maskOf(layer, layer.x) : undefined;
      if (mask !== undefined) return maskedMean(layer, mask);
      const x = planes(layer, layer.x, rank);
      const plane = Array.from({ length: rank }, (_, axis) => axis + 2);
      const value = kind === 'mean' ? b.op('GlobalAveragePool', [x.value]) : b.reduce('ReduceMax', x.value, plane);
      const pooled = x.wrap(value, x.channels, new Array<number>(rank).fill(1));
      if (layer.options.flag('keepdims', false)) return pooled;
      return layer.reshape(pooled, [pooled.shape[0]!, x.channels]);
    },
  };
}

/** The mean over the steps that count: Σ_t m_t x_t / Σ_t m_t. */
function maskedMean(layer: LayerContext, mask: ValueName): LayerValue {
  const { b } = layer;
  const x = b.inKerasLayout(layer.x);
  layer.wantRank(x, 3);
  const first = layer.options.channelsFirst;
  const [time, channels] = first ? [2, 1] : [1, 2];
  const kept = b.unsqueeze(mask, [channels]);
  const sum = b.reduceSum(b.where(kept, x.value, b.scalar(0)), [time]);
  const value = b.div(sum, b.reduceSum(b.cast(kept, DATA_TYPES.float32.code), [time]));
  const pooled = { ...x, value, shape: x.shape.map((dim, axis) => (axis === time ? 1 : dim)) };
  return layer.options.flag('keepdims', false) ? pooled : layer.reshape(pooled, [x.shape[0]!, x.shape[channels]!]);
}

/** Windows of PyTorch's adaptive pooling: output i covers ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉. */
export function adaptive(reduce: 'ReduceMean' | 'ReduceMax', rank: number): LayerImporter {
  return {
    build(layer) {
      const { b } = layer;
      const x = planes(layer, layer.x, rank);
      const sizes = layer.options.ints('output_size', rank, 1);
      let { value } = x;
      sizes.forEach((count, at) => {
        const size = layer.known(x.spatial[at], 'the size of its input');
        const axis = at + 2;
        if (size % count === 0) {
          value = pooledEvenly(layer, value, reduce, rank, at, size / count);
          return;
        }
        const parts = Array.from({ length: count }, (_, i) => {
          const piece = b.slice(value, [Math.floor((i * size) / count)], [Math.ceil(((i + 1) * size) / count)], [axis]);
          return b.reduce(reduce, piece, [axis]);
        });
        value = b.concat(parts, axis);
      });
      return x.wrap(value, x.channels, sizes);
    },
  };
}

function pooledEvenly(
  layer: LayerContext,
  value: string,
  reduce: string,
  rank: number,
  at: number,
  window: number,
): string {
  if (window === 1) return value;
  const shape = Array.from({ length: rank }, (_, axis) => (axis === at ? window : 1));
  return layer.b.op(reduce === 'ReduceMean' ? 'AveragePool' : 'MaxPool', [value], {
    kernel_shape: shape,
    strides: shape,
  });
}

/** Keras 2's and 3's names, and the older short ones. */
function named(name: string, rank: number, importer: LayerImporter): [string, LayerImporter][] {
  return [
    [`${name}Pooling${rank}D`, importer],
    [`${name}Pool${rank}D`, importer],
  ];
}

export const POOLING_LAYERS: LayerTable = Object.fromEntries(
  [1, 2, 3].flatMap((rank) => [
    ...named('Max', rank, windowed(maxOfWindows, rank)),
    ...named('Average', rank, windowed(meanOfWindows, rank)),
    ...named('Avg', rank, windowed(meanOfWindows, rank)),
    ...named('GlobalAverage', rank, global('mean', rank)),
    ...named('GlobalAvg', rank, global('mean', rank)),
    ...named('GlobalMax', rank, global('max', rank)),
    ...named('AdaptiveAverage', rank, adaptive('ReduceMean', rank)),
    ...named('AdaptiveMax', rank, adaptive('ReduceMax', rank)),
  ]),
);
