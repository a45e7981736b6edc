import type { GraphBuilder, ValueName } from '@seewhy/onnx';
import type { ImageInput } from './image-input.ts';
import type { GraphMethod } from './methods/method.ts';

/** Keeps the division of an all-zero map from making NaN. */
const TINY = 1e-12;

/**
 * The finishing stages as graph nodes, in seewhy's own order. Layer maps: rectify, resize (bilinear, half-pixel), 0…1 by the range.
 * Pixel maps: reduce channels, clip at the 99th percentile.
 * @param raw `[N, h, w]` or the image's shape
 * @returns `[N, H, W]`
 */
export function appendFinishedMap(b: GraphBuilder, raw: ValueName, method: GraphMethod, image: ImageInput): ValueName {
  let map = method.output === 'pixel' ? reduceChannels(b, raw, method, image.layout === 'NCHW' ? 1 : 3) : raw;
  if (method.stages.rectify === 'relu') map = b.relu(map);
  if (method.output === 'layer') {
    const plane = b.unsqueeze(map, [1]);
    const sizes = b.concat([b.slice(b.shape(plane), [0], [2], [0]), b.ints([image.height, image.width])], 0);
    const resized = b.op('Resize', [plane, undefined, undefined, sizes], {
      mode: 'linear',
      coordinate_transformation_mode: 'half_pixel',
    });
    map = b.squeeze(resized, [1]);
  }
  if (method.output === 'pixel')
    return clipAtPercentile(b, map, method.stages.reduce === 'sum', image.height * image.width);
  const low = b.reduce('ReduceMin', map, [1, 2]);
  const range = b.sub(b.reduceMax(map, [1, 2]), low);
  return b.div(b.sub(map, low), b.add(range, b.scalar(TINY)));
}

const PERCENTILE = 99;

/** Pixel maps: the 99th percentile (linear between ranks) becomes 1, what lies above is clipped; signed maps keep zero and run −1…1. */
function clipAtPercentile(b: GraphBuilder, map: ValueName, signed: boolean, pixels: number): ValueName {
  const flat = b.reshape(signed ? b.op('Abs', [map]) : map, [0, -1]);
  const rank = (PERCENTILE / 100) * (pixels - 1);
  const below = Math.floor(rank);
  const count = pixels - below;
  const [sorted] = b.multi('TopK', [flat, b.ints([count])], { axis: 1 }, 2);
  const at = (index: number) => b.slice(sorted!, [index], [index + 1], [1]);
  const share = rank - below;
  const lower = at(count - 1);
  const value =
    count < 2 || share === 0 ? lower : b.add(b.mul(lower, b.scalar(1 - share)), b.mul(at(count - 2), b.scalar(share)));
  const high = b.unsqueeze(value, [2]);
  if (signed) return b.op('Clip', [b.div(map, b.add(high, b.scalar(TINY))), b.scalar(-1), b.scalar(1)]);
  const low = b.reduce('ReduceMin', map, [1, 2]);
  return b.op('Clip', [b.div(b.sub(map, low), b.add(b.sub(high, low), b.scalar(TINY))), b.scalar(0), b.scalar(1)]);
}

function reduceChannels(b: GraphBuilder, raw: ValueName, method: GraphMethod, axis: number): ValueName {
  if (method.stages.reduce === 'sum') return b.reduceSum(raw, [axis], false);
  const magnitude = b.op('Abs', [raw]);
  return method.stages.reduce === 'sum-abs'
    ? b.reduceSum(magnitude, [axis], false)
    : b.reduceMax(magnitude, [axis], false);
}
