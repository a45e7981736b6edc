import type { GraphBuilder, ValueName } from '@seewhy/onnx';

/**
 * The angle of (x, y) from the x axis, −π … π: NumPy's arctan2. Of the two quotients the one that is at most 1 is taken, so that it has a
 * gradient everywhere but at the origin: |y| ≤ |x| ? atan(y/x), turned by π left of the y axis : sign(y) · π/2 − atan(x/y).
 */
export function angle(b: GraphBuilder, y: ValueName, x: ValueName): ValueName {
  const zero = b.scalar(0);
  const steep = b.greater(b.op('Abs', [y]), b.op('Abs', [x]));
  const below = b.where(steep, y, x);
  const divisor = b.where(b.equal(below, zero), b.scalar(1), below);
  const arc = b.op('Atan', [b.div(b.where(steep, x, y), divisor)]);
  const turn = b.where(b.op('Less', [y, zero]), b.scalar(-Math.PI), b.scalar(Math.PI));
  const flat = b.add(arc, b.where(b.op('Less', [x, zero]), turn, zero));
  return b.where(steep, b.sub(b.mul(turn, b.scalar(0.5)), arc), flat);
}
