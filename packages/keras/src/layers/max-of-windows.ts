import type { ValueName } from '@seewhy/onnx';
import type { Emitter } from '../model/emitter.ts';
import { padsBefore } from './pads-before.ts';
import type { Planes } from './planes.ts';
import type { Windows } from './windows.ts';

/** Results that are never below zero. */
const NEVER_NEGATIVE = new Set(['Relu', 'Sigmoid', 'Softmax', 'Softplus', 'Exp', 'Abs']);
const LOWEST_FLOAT32 = -3.4028234663852886e38;

/**
 * The largest of each window. ONNX Runtime takes a Pad of zeros into the pool that reads it, where the border counts as −∞ instead: the
 * same behind a ReLU, wrong where a window may hold negative numbers alone, and refused where the border is as wide as the window. A
 * bound that no number exceeds keeps the two apart there.
 */
export function maxOfWindows(b: Emitter, x: Planes, { kernel, strides, ...own }: Windows): ValueName {
  const rank = kernel.length;
  const before = padsBefore(b, x.value, rank);
  const fits = before && isSmall(before.begin, 0) && isSmall(before.end, rank) && neverNegative(b, before.origin);
  const value = before && !fits ? b.op('Max', [x.value, b.scalar(LOWEST_FLOAT32)]) : x.value;
  return b.op('MaxPool', [value], { kernel_shape: [...kernel], strides: [...strides], ...own });

  function isSmall(pads: readonly number[], offset: number): boolean {
    // SAME_UPPER pads as much as it needs, at most one less than the window.
    return pads.every(
      (pad, axis) =>
        pad === 0 || (own.auto_pad === undefined && pad + (own.pads?.[axis + offset] ?? 0) < kernel[axis]!),
    );
  }
}

function neverNegative(b: Emitter, value: ValueName): boolean {
  const maker = b.maker(value);
  if (!maker) return false;
  if (maker.op === 'Clip') return (b.tensor(maker.inputs[1] ?? '')?.numbers()[0] ?? -1) >= 0;
  return NEVER_NEGATIVE.has(maker.op);
}
