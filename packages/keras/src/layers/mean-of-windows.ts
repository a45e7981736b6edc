import { Tensor, type ValueName } from '@seewhy/onnx';
import type { Emitter } from '../model/emitter.ts';
import { padsBefore } from './pads-before.ts';
import type { Planes } from './planes.ts';
import type { Windows } from './windows.ts';

/**
 * The mean of each window, without what the pool itself pads. Behind a wide Pad it is a depthwise convolution with 1 / size: ONNX Runtime
 * takes a Pad of zeros into the pool that reads it, and then refuses the pool where the padding is as wide as the window.
 */
export function meanOfWindows(b: Emitter, x: Planes, { kernel, strides, ...padding }: Windows): ValueName {
  const attributes = { kernel_shape: [...kernel], strides: [...strides] };
  const own = padding.auto_pad !== undefined || padding.pads?.some((pad) => pad !== 0) === true;
  if (own || x.channels === null || !isWidelyPadded(b, x.value, kernel))
    return b.op('AveragePool', [x.value], { ...attributes, ...padding });
  const size = kernel.reduce((product, k) => product * k, 1);
  const box = Tensor.floats(new Float32Array(x.channels * size).fill(1 / size), [x.channels, 1, ...kernel]);
  return b.conv(x.value, b.constant(box, 'box'), { ...attributes, group: x.channels });
}

/** Whether a value comes from Pads that are together somewhere as wide as the window. */
function isWidelyPadded(b: Emitter, value: ValueName, kernel: readonly number[]): boolean {
  const before = padsBefore(b, value, kernel.length);
  return before !== undefined && kernel.some((k, axis) => before.begin[axis]! >= k || before.end[axis]! >= k);
}
