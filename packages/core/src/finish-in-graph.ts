import { DATA_TYPES, type GraphBuilder, Tensor, type ValueName } from '@seewhy/onnx';
import { errors } from './errors.ts';
import type { Stage } from './heatmap/presets.ts';
import type { Fusion, Normaliser, Reducer } from './heatmap/stages.ts';
import type { ImageInput } from './image-input.ts';
import { type GraphMap, resizeInGraph } from './resize-in-graph.ts';

/**
 * The finishing stages as graph nodes: what `finishMap` does on the host, stage by stage, for every item of the batch. Values that are
 * NaN or infinite are left out of a range on the host only; here they make their whole item NaN.
 * @param maps raw maps, one a layer
 * @param size what `resize` resizes to
 * @returns `[N, H, W]`
 * @throws SeewhyError `MAPS_DIFFER_IN_SIZE` where stages fuse layers before they resize them
 */
export function appendFinishing(
  b: GraphBuilder,
  maps: readonly GraphMap[],
  stages: readonly Stage[],
  size: { readonly width: number; readonly height: number },
): ValueName {
  let layers = maps;
  const each = (change: (map: GraphMap) => ValueName) => {
    layers = layers.map((map) => ({ ...map, value: change(map) }));
  };
  for (const stage of stages) {
    switch (stage.stage) {
      case 'rectify':
        if (stage.how !== 'none') each(({ value }) => (stage.how === 'relu' ? b.relu(value) : b.op('Abs', [value])));
        break;
      case 'resize':
        layers = layers.map((map) => resizeInGraph(b, map, size, stage.how));
        break;
      case 'fuse':
        layers = [fuse(b, layers, stage.how)];
        break;
      case 'tanh':
        each(({ value }) => b.op('Tanh', [b.mul(value, b.scalar(stage.gain))]));
        break;
      case 'normalise':
        each((map) => normalise(b, map, stage));
        break;
    }
  }
  return fuse(b, layers, 'mean').value;
}

/** A map of every channel, `[N, C, H, W]` or `[N, H, W, C]`, as one of each pixel. */
export function appendReduction(b: GraphBuilder, raw: ValueName, how: Reducer, image: ImageInput): ValueName {
  const axis = [image.layout === 'NCHW' ? 1 : 3];
  const magnitude = () => b.op('Abs', [raw]);
  const reductions: Record<Reducer, () => ValueName> = {
    'max-abs': () => b.reduceMax(magnitude(), axis, false),
    'sum-abs': () => b.reduceSum(magnitude(), axis, false),
    'mean-abs': () => b.reduceMean(magnitude(), axis, false),
    sum: () => b.reduceSum(raw, axis, false),
    mean: () => b.reduceMean(raw, axis, false),
    max: () => b.reduceMax(raw, axis, false),
    l2: () => b.op('Sqrt', [b.reduceSum(b.mul(raw, raw), axis, false)]),
  };
  return reductions[how]();
}

function fuse(b: GraphBuilder, maps: readonly GraphMap[], how: Fusion): GraphMap {
  const [first, ...others] = maps as [GraphMap, ...GraphMap[]];
  if (others.length === 0) return first;
  for (const { width, height } of others)
    if (width !== first.width || height !== first.height)
      throw errors.mapsDiffer(`${first.width}x${first.height}`, `${width}x${height}`);
  const values = maps.map((map) => map.value);
  const fusions: Record<Fusion, () => ValueName> = {
    sum: () => b.sum(values),
    mean: () => b.mul(b.sum(values), b.scalar(1 / values.length)),
    max: () => b.op('Max', values),
    product: () => values.reduce((a, c) => b.mul(a, c)),
  };
  return { ...first, value: fusions[how]() };
}

const PIXELS = [1, 2];

function normalise(b: GraphBuilder, map: GraphMap, how: Normaliser): ValueName {
  const { value } = map;
  const zero = b.scalar(0);
  const one = b.scalar(1);
  /** (x − low) / scale of each item, 0 where the scale is 0. */
  const shift = (low: ValueName, scale: ValueName) => {
    const none = b.equal(scale, zero);
    return b.where(none, b.mul(value, zero), b.div(b.sub(value, low), b.where(none, one, scale)));
  };
  switch (how.by) {
    case 'none':
      return value;
    case 'minmax': {
      const low = b.reduce('ReduceMin', value, PIXELS);
      const span = b.sub(b.reduceMax(value, PIXELS), low);
      const scaled = shift(low, how.epsilon ? b.add(span, b.scalar(how.epsilon)) : span);
      return how.flat === 'keep' ? b.where(b.equal(span, zero), value, scaled) : scaled;
    }
    case 'max': {
      const high = b.reduceMax(value, PIXELS);
      const scale = how.epsilon ? b.add(high, b.scalar(how.epsilon)) : high;
      return b.div(value, b.where(b.greater(high, zero), scale, one));
    }
    case 'percentile': {
      const low = b.reduce('ReduceMin', value, PIXELS);
      const high = percentile(b, value, map, how.percentile ?? 99);
      return b.op('Clip', [shift(low, b.sub(high, low)), zero, one]);
    }
    case 'cumulative': {
      const high = cumulative(b, value, map, how.percent);
      return b.op('Clip', [shift(zero, high), b.scalar(-1), one]);
    }
    case 'symmetric': {
      const high = percentile(b, b.op('Abs', [value]), map, how.percentile ?? 100);
      return b.op('Clip', [shift(zero, high), b.scalar(-1), one]);
    }
  }
}

/** The first of each item's sorted values at which their running sum reaches so many percent of the whole, `[N, 1, 1]`. */
function cumulative(b: GraphBuilder, value: ValueName, { height, width }: GraphMap, percent: number): ValueName {
  const pixels = height * width;
  const [sorted] = b.multi('TopK', [b.reshape(value, [0, -1]), b.ints([pixels])], { axis: 1, largest: 0 }, 2);
  const running = b.op('CumSum', [sorted!, b.constant(Tensor.int64([1], []), 'axis')]);
  const limit = b.mul(b.slice(running, [pixels - 1], [pixels], [1]), b.scalar(percent / 100));
  // As many lie before it as have not reached the limit.
  const before = b.reduceSum(b.cast(b.greater(limit, running), DATA_TYPES.int64.code), [1], true);
  const within = b.op('Min', [before, b.constant(Tensor.int64([pixels - 1]), 'last')]);
  return b.unsqueeze(b.op('GatherElements', [sorted!, within], { axis: 1 }), [2]);
}

/** The percentile of each item, linear between ranks, `[N, 1, 1]`. */
function percentile(b: GraphBuilder, value: ValueName, { height, width }: GraphMap, percent: number): ValueName {
  const rank = (percent / 100) * (height * width - 1);
  const below = Math.floor(rank);
  const count = height * width - below;
  const [sorted] = b.multi('TopK', [b.reshape(value, [0, -1]), b.ints([count])], { axis: 1 }, 2);
  const at = (index: number) => b.slice(sorted!, [index], [index + 1], [1]);
  const share = rank - below;
  const lower = at(count - 1);
  const found =
    count < 2 || share === 0 ? lower : b.add(b.mul(lower, b.scalar(1 - share)), b.mul(at(count - 2), b.scalar(share)));
  return b.unsqueeze(found, [2]);
}
