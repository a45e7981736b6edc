/** A dimension that is a number for every batch, or `batch` times the number of items N fed (windows of Swin: `{ batch: 64 }`). */
export type Dim = number | { readonly batch: number };

/** Dimensions of a value, as probed at two batch sizes. */
export type Shape = readonly Dim[];

/** True when no dimension depends on the batch. */
export function isStatic(shape: Shape): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}

/** True when both dimensions are the same for every batch. */
export function sameDim(a: Dim, b: Dim): boolean {
  return typeof a === 'number' || typeof b === 'number' ? a === b : a.batch === b.batch;
}

/** True when both shapes are the same for every batch. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, index) => sameDim(dim, b[index]!));
}

/** `[N, 3, 224, 224]`, `[64N, 49, 96]`: for messages. */
export function printShape(shape: Shape): string {
  return `[${shape.map((dim) => (typeof dim === 'number' ? dim : dim.batch === 1 ? 'N' : `${dim.batch}N`)).join(', ')}]`;
}

/**
 * The axes along which a value of shape `from` was stretched to shape `to` by broadcasting: those to sum over to come back.
 * Leading axes that `from` does not have come first.
 */
export function broadcastAxes(from: Shape, to: Shape): number[] {
  const extra = to.length - from.length;
  const axes: number[] = [];
  for (let axis = 0; axis < to.length; axis++) {
    if (axis < extra) axes.push(axis);
    else if (from[axis - extra] === 1 && to[axis] !== 1) axes.push(axis);
  }
  return axes;
}

/** Elements of a value of these sizes. */
export const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);
