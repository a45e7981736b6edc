import type { LayerContext } from '../layer.ts';
import type { LayerValue } from '../model/layer-value.ts';
import { place, planes, type Window } from './planes.ts';

/** Numbers of a kernel that takes patches apart. */
const MOST = 2 ** 24;

/** Each place of a window as one pixel whose channels are the window's numbers, row by row, channels last: a convolution by ones and zeros. */
export function patchesOf(layer: LayerContext, input: LayerValue, window: Window): LayerValue {
  const rank = window.kernel.length;
  const x = planes(layer, input, rank, false);
  const channels = layer.known(x.channels, 'the number of channels');
  const area = window.kernel.reduce((product, side) => product * side, 1);
  const size = area * channels;
  if (size * size > MOST) throw layer.refuse(`overlapping patches of ${size} numbers`);
  const weight = new Float32Array(size * size);
  for (let at = 0; at < area; at++)
    for (let channel = 0; channel < channels; channel++)
      weight[(at * channels + channel) * size + channel * area + at] = 1;
  const taps = layer.numbers(weight, [size, channels, ...window.kernel], 'taps');
  const { attributes, spatial } = place(layer, x.spatial, window);
  const value = layer.b.op('Conv', [x.value, taps], {
    kernel_shape: [...window.kernel],
    strides: [...window.strides],
    dilations: [...window.dilations],
    ...attributes,
  });
  return x.wrap(value, size, spatial);
}
