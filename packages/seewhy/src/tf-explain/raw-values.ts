import type { Explanation, Model } from '@seewhy/core';
import { nhwc } from './nhwc.ts';

/** Numbers of a whole batch, pictures first, channels last. */
export interface RawValues {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Raw values with the explanations they are from: what was chosen, noticed and predicted. */
export interface RawBatch extends RawValues {
  /** One a picture. */
  readonly explanations: readonly Explanation[];
}

/** Items of one shape as one array. */
export function stacked(items: readonly Float32Array[], dims: readonly number[]): RawValues {
  const data = new Float32Array(items.reduce((sum, item) => sum + item.length, 0));
  let at = 0;
  for (const item of items) {
    data.set(item, at);
    at += item.length;
  }
  return { dims: [items.length, ...dims], data };
}

/** Maps of layers, `[N, h, w]`. */
export function layerMaps(explanations: readonly Explanation[]): RawBatch {
  const maps = explanations.map((one) => one.raw[0]!);
  return {
    ...stacked(
      maps.map(({ data }) => data),
      maps[0]!.dims,
    ),
    explanations,
  };
}

/** Maps of pixels, `[N, H, W, C]` whatever the layout of the model. */
export function pixelMaps(explanations: readonly Explanation[], { image }: Model): RawBatch {
  const { height, width, channels, layout } = image;
  const items = explanations.map(({ raw }) =>
    layout === 'NHWC' ? raw[0]!.data : nhwc(raw[0]!.data, [height, width, channels]),
  );
  return { ...stacked(items, [height, width, channels]), explanations };
}
