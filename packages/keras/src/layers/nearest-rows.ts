import type { ValueName } from '@seewhy/onnx';
import type { Emitter } from '../model/emitter.ts';

/** Where TensorFlow's resizing places the rows of a result. */
export type ResizeCoordinates = 'align_corners' | 'half_pixel' | 'asymmetric';

/**
 * A value `[N, C, …]` resized to the nearest rows of its spatial axes, each listed; undefined where all are repeated a whole number of
 * times, which a Resize does alike. Elsewhere rounding decides, and only TensorFlow's own arithmetic gives its rows.
 */
export function nearestRows(
  b: Emitter,
  value: ValueName,
  sizes: readonly number[],
  wanted: readonly number[],
  way: ResizeCoordinates,
): ValueName | undefined {
  if (sizes.every((size, axis) => wanted[axis]! % size === 0)) return undefined;
  return sizes.reduce(
    (rows, size, axis) =>
      size === wanted[axis] ? rows : b.gather(rows, b.ints(nearestPlaces(size, wanted[axis]!, way)), axis + 2),
    value,
  );
}

/** The row that each row of the result is taken from, in TensorFlow's own float32 arithmetic. */
function nearestPlaces(size: number, wanted: number, way: ResizeCoordinates): number[] {
  const corners = way === 'align_corners' && wanted > 1;
  const scale = corners ? Math.fround((size - 1) / (wanted - 1)) : Math.fround(size / wanted);
  return Array.from({ length: wanted }, (_, at) => {
    const place = Math.fround((way === 'half_pixel' ? at + 0.5 : at) * scale);
    const whole = way === 'align_corners' ? Math.floor(place + 0.5) : Math.floor(place);
    return Math.max(0, Math.min(size - 1, whole));
  });
}
