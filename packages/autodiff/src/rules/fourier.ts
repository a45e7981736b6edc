import { Tensor } from '@seewhy/onnx';
import { type Gradients, positiveAxis, type Rule, type RuleTable } from '../rule.ts';
import { pads } from './along-axis.ts';

/**
 * y = F x along one axis, complex numbers as pairs: linear, so ∂x = Fᴴ g. Fᴴ is the inverse transform times its length L, and the
 * inverse's own adjoint F / L. Half a spectrum (`onesided`) is a whole one with zeros; read back, it stands for its mirror image, too.
 * What `dft_length` padded or cut is cut or padded, and of a real input the real part is kept.
 */
const dft: Rule = (s): Gradients => {
  const { b } = s;
  const { attribute } = s.node;
  const inverse = attribute.int('inverse', 0) !== 0;
  const onesided = attribute.int('onesided', 0) !== 0;
  const [from, to] = [s.shape(s.x()), s.shape(s.y())];
  const asInput = s.opset >= 20;
  const given = asInput ? (s.constantInts(2)?.[0] ?? -2) : attribute.int('axis', 1);
  const axis = positiveAxis(given, from.length);
  const size = s.staticSize(from, axis);
  // Half a spectrum in (an inverse, onesided): its length is that of the signal that comes out.
  const half = inverse && onesided;
  const length = half ? s.staticSize(to, axis) : (s.constantInts(1)?.[0] ?? size);
  const along = (shape: typeof from, behind: number) => pads(shape, (_, other) => [0, other === axis ? behind : 0]);
  const missing = length - s.staticSize(to, axis);
  const whole = missing > 0 ? b.pad(s.g, along(to, missing)) : s.g;
  const how = { inverse: inverse ? 0 : 1, onesided: half ? 1 : 0 };
  const back = asInput
    ? b.op('DFT', [whole, undefined, b.constant(Tensor.int64([axis], []), 'axis')], how)
    : b.op('DFT', [whole], { axis, ...how });
  if (half) {
    const read = Math.floor(length / 2) + 1;
    // All frequencies stand for their mirror images, too, but the constant and, of an even length, the highest.
    const counts = Array.from({ length: read }, (_, k) => (k === 0 || 2 * k === length ? 1 : 2) / length);
    const column = from.slice(axis).map((_, behind) => (behind === 0 ? read : 1));
    const part = b.mul(back, b.constant(Tensor.floats(counts, column, s.type(s.x())), 'counts'));
    return [size === read ? part : b.pad(part, along(from, size - read))];
  }
  const scaled = b.mul(back, s.scalar(inverse ? 1 / length : length));
  const real = from[from.length - 1] === 1 ? b.slice(scaled, [0], [1], [-1]) : scaled;
  // Pads of less than zero cut.
  return [size === length ? real : b.pad(real, along(from, size - length))];
};

export const fourier: RuleTable = { DFT: dft };
