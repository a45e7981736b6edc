import { Tensor, type ValueName } from '@seewhy/onnx';
import type { Gradients, Rule, RuleStep, RuleTable } from '../rule.ts';
import { product } from '../shape.ts';
import { weightWindow } from './convolution.ts';
import { pixelsAround, samplesAdjoint } from './grid-sample.ts';
import type { Window } from './window.ts';

/** Rows and columns of the two pixels below and the two above a place. */
const AROUND = [
  [0, 1, 0, 1],
  [0, 0, 1, 1],
] as const;

/**
 * y[n, o, p] = Σ_c Σ_k W[o, c, k] · m[n, k, p] · x(n, c, p₀ + k + Δ[n, k, p]) + B[o]: a convolution that reads between the pixels, at places
 * that are moved and weighted by values of the network (Dai et al. 2017; Zhu et al. 2019). With the gradient of what was read, c = Wᵀ g, it is
 * the adjoint of bilinear sampling: ∂x spreads m · c, ∂Δ = m · Σ_c c · x′, ∂m = Σ_c c · x(…). Pixels outside count as zeros.
 */
const deformConv: Rule = (s): Gradients => {
  const { b } = s;
  if (s.needs(1) || s.needs(3)) throw s.refuse('its weight or bias is computed from the image');
  const { shape, window } = weightWindow(s, s.x(0), s.x(1));
  if (window.rank !== 2) throw s.refuse('it is not two-dimensional');
  const channels = s.staticSize(s.shape(s.x()), 1);
  const group = s.node.attribute.int('group', 1);
  const groups = s.node.attribute.int('offset_group', 1);
  const taps = product(window.kernel);
  const cells = product(window.output);
  const samples = taps * cells;
  const [outer, inner] = [shape[0]! / group, shape[1]!];
  // Wᵀ g of each group of channels, [N, group, inner · taps, cells]: channels, then taps, then cells.
  const weight = b.transpose(b.reshape(s.x(1), [group, outer, inner * taps]), [0, 2, 1]);
  const column = b.matmul(weight, b.reshape(s.g, [-1, group, outer, cells]));
  const each = channels / groups;
  const g = b.reshape(column, [-1, each, 1, samples]);
  const moved = b.reshape(s.x(2), [-1, taps, 2, cells]);
  const places = [0, 1].map((axis) =>
    b.add(b.reshape(b.slice(moved, [axis], [axis + 1], [2]), [-1, 1, 1, samples]), unmoved(s, window, axis)),
  );
  const reads = places.map((at, axis) => pixelsAround(s, at, window.input[axis]!, AROUND[axis]!, 'linear'));
  const adjoint = samplesAdjoint(s, { g, taps: reads, sizes: window.input, channels: each, samples });
  const masked = (value: ValueName, dims: readonly number[]) =>
    s.has(4) ? b.mul(value, b.reshape(s.x(4), dims)) : value;
  const byOffset = () => {
    const axes = [0, 1].map((axis) => b.reshape(adjoint.byCoordinate(axis), [-1, taps, 1, cells]));
    return s.reshapeLike(masked(b.concat(axes, 2), [-1, taps, 1, cells]), s.x(2));
  };
  return [
    s.needs(0) ? adjoint.byPicture(masked(g, [-1, 1, 1, samples])) : null,
    null,
    s.needs(2) ? byOffset() : null,
    null,
    s.needs(4) ? s.reshapeLike(adjoint.timesSamples(), s.x(4)) : null,
  ];
};

/** Places along an axis, in pixels, that taps of cells read where nothing moves them: `[1, 1, 1, taps · cells]`. */
function unmoved(s: RuleStep, w: Window, axis: number): ValueName {
  const [rows, columns] = w.kernel as [number, number];
  const [high, wide] = w.output as [number, number];
  const values: number[] = [];
  for (let tap = 0; tap < rows * columns; tap++)
    for (let cell = 0; cell < high * wide; cell++) {
      const t = axis === 0 ? Math.floor(tap / columns) : tap % columns;
      const at = axis === 0 ? Math.floor(cell / wide) : cell % wide;
      values.push(at * w.strides[axis]! + t * w.dilations[axis]! - w.begin[axis]!);
    }
  return s.b.constant(Tensor.floats(values, [1, 1, 1, values.length], s.type(s.x())), 'unmoved');
}

export const deformable: RuleTable = { DeformConv: deformConv };
