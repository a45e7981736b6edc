import type { GraphBuilder, ValueName } from '@seewhy/onnx';
import type { ImageInput } from './image-input.ts';
import type { GraphMethod } from './methods/method.ts';

/** Keeps the division of an all-zero map from making NaN. */
const TINY = 1e-12;

/**
 * The finishing stages as graph nodes, in seewhy's own order: reduce channels, rectify, resize (bilinear, half-pixel), divide by the
 * range so that the map spans 0…1 (maps with two signs: divide by the largest magnitude, −1…1).
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
  const signed = method.stages.rectify === 'none' && method.stages.reduce === 'sum';
  if (signed) {
    const most = b.reduceMax(b.op('Abs', [map]), [1, 2]);
    return b.div(map, b.add(most, b.scalar(TINY)));
  }
  const low = b.reduce('ReduceMin', map, [1, 2]);
  const range = b.sub(b.reduceMax(map, [1, 2]), low);
  return b.div(b.sub(map, low), b.add(range, b.scalar(TINY)));
}

function reduceChannels(b: GraphBuilder, raw: ValueName, method: GraphMethod, axis: number): ValueName {
  if (method.stages.reduce === 'sum') return b.reduceSum(raw, [axis], false);
  const magnitude = b.op('Abs', [raw]);
  return method.stages.reduce === 'sum-abs'
    ? b.reduceSum(magnitude, [axis], false)
    : b.reduceMax(magnitude, [axis], false);
}
