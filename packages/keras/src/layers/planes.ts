import type { ValueName } from '@seewhy/onnx';
import type { LayerContext } from '../layer.ts';
import type { LayerValue } from '../model/layer-value.ts';

/** A value held as `[N, C, …]`: what convolutions, pools and Resize work on. */
export interface Planes {
  readonly value: ValueName;
  readonly channels: number | null;
  readonly spatial: readonly (number | null)[];
  /** A result of the same kind with other sizes. */
  wrap(value: ValueName, channels: number | null, spatial: readonly (number | null)[]): LayerValue;
}

/** What the two functions below need of a layer, or of an operation of a TensorFlow graph. */
export type Placing = Pick<LayerContext, 'b' | 'wantRank' | 'misfit' | 'open'> & {
  readonly options: { readonly channelsFirst: boolean };
};

/** The input with its channels at axis 1, by the layer's own `data_format`; `rank` is the number of spatial dimensions. */
export function planes(
  layer: Placing,
  x: LayerValue,
  rank: number,
  channelsFirst = layer.options.channelsFirst,
): Planes {
  layer.wantRank(x, rank + 2);
  const { type } = x;
  const batch = x.shape[0]!;
  if (channelsFirst) {
    const held = layer.b.inKerasLayout(x);
    return {
      value: held.value,
      channels: held.shape[1]!,
      spatial: held.shape.slice(2),
      wrap: (value, channels, spatial) => ({ value, type, layout: 'keras', shape: [batch, channels, ...spatial] }),
    };
  }
  const held = layer.b.channelsFirst(x);
  return {
    value: held.value,
    channels: held.shape[held.shape.length - 1]!,
    spatial: held.shape.slice(1, -1),
    wrap: (value, channels, spatial) => ({
      value,
      type,
      layout: 'channels-first',
      shape: [batch, ...spatial, channels],
    }),
  };
}

/** How a window moves along each spatial dimension. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: 'valid' | 'same' | 'causal';
}

export interface Placement {
  /** `pads`, or `auto_pad` where the size is open and the padding depends on it. */
  readonly attributes: { pads?: number[]; auto_pad?: string };
  readonly spatial: readonly (number | null)[];
}

/**
 * Where a window lands. TensorFlow's `same`: ⌈n/s⌉ places; the padding max((⌈n/s⌉ − 1)·s + (k − 1)·d + 1 − n, 0) goes half before and
 * half behind, the odd one behind. `valid`: ⌊(n − (k − 1)·d − 1)/s⌋ + 1. `causal`: (k − 1)·d before.
 */
export function place(layer: Placing, spatial: readonly (number | null)[], window: Window): Placement {
  const begins: number[] = [];
  const ends: number[] = [];
  let auto = false;
  const sizes = spatial.map((size, axis) => {
    const stride = window.strides[axis]!;
    const reach = (window.kernel[axis]! - 1) * window.dilations[axis]! + 1;
    let begin = 0;
    let end = 0;
    if (window.padding === 'causal') begin = reach - 1;
    else if (window.padding === 'same') {
      // With stride 1 the padding is the same for every size.
      if (size === null && stride !== 1) auto = true;
      const total = size === null ? reach - 1 : Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0);
      begin = total >> 1;
      end = total - begin;
    }
    begins.push(begin);
    ends.push(end);
    if (size === null) return null;
    const places = Math.floor((size + begin + end - reach) / stride) + 1;
    if (places < 1) throw layer.misfit(`Its window of ${reach} is larger than its input of ${size}`);
    return places;
  });
  if (auto) {
    if (window.dilations.some((dilation) => dilation !== 1)) throw layer.open('a dilated layer with stride pads by it');
    return { attributes: { auto_pad: 'SAME_UPPER' }, spatial: sizes };
  }
  const pads = [...begins, ...ends];
  return { attributes: pads.some((pad) => pad > 0) ? { pads } : {}, spatial: sizes };
}
