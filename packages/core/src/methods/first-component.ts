import { DATA_TYPES, type GraphBuilder, Tensor, type ValueName } from '@seewhy/onnx';
import type { Layer } from '../layers.ts';
import type { LayerView } from './layer-view.ts';

/** The Gram matrix is raised to this power of two by squaring, then multiplied with a vector so many times. */
const SQUARINGS = 10;
const PRODUCTS = 16;
/** Stands for a length of 0. */
const TINY = 1e-30;

/**
 * Projection of every cell on the first principal component of the cells: X v₁, with X `[h·w, C]` centred over the cells and v₁ its first
 * right singular vector.
 *
 * v₁ is found inside the graph, without an SVD, from the smaller of X Xᵀ and Xᵀ X: ten squarings and sixteen products with a vector are
 * the 16384th power of that matrix, in which a second singular value 0.03 % smaller than the first has vanished to 1e-4. The
 * vector to begin with is the column of the power's largest diagonal element, which v₁ is never orthogonal to; so equal matrices give
 * equal maps. Rounding in float32 turns the direction by about 1e-7 divided by that gap. Where the two largest singular values are equal no first component exists: what comes out is that column's projection on
 * the plane they span, and between 0.03 % and equality something in that plane near to v₁.
 *
 * The sign, which a principal component does not have, is chosen so that the value of largest magnitude is positive (Chung and Ying,
 * Seg-Eigen-CAM, Applied Sciences 2025, eq. 13).
 * @param cells float32, in the layer's layout
 * @returns `[N, h, w]`; zeros where all cells are equal
 */
export function firstComponent(b: GraphBuilder, view: LayerView, layer: Layer, cells: ValueName): ValueName {
  const [channels, height, width] = layer.shape;
  const places = height * width;
  const rows = view.rows(cells);
  const centred = b.sub(rows, b.reduceMean(rows, [1]));
  // Scaled to 1 first: products of small gradients would leave float32's range.
  const x = b.div(centred, largest(b, b.op('Abs', [centred])));
  const turned = b.transpose(x, [0, 2, 1]);
  const byPlaces = places <= channels;
  const side = byPlaces ? places : channels;
  let power = scaled(b, byPlaces ? b.matmul(x, turned) : b.matmul(turned, x));
  for (let i = 0; i < SQUARINGS; i++) power = scaled(b, b.matmul(power, power));
  let vector = largestColumn(b, power, side);
  for (let i = 0; i < PRODUCTS; i++) vector = unit(b, b.matmul(power, vector));
  const direction = byPlaces ? unit(b, b.matmul(turned, vector)) : vector;
  const projected = b.squeeze(b.matmul(centred, direction), [2]);
  const [low, high] = [b.reduce('ReduceMin', projected, [1]), b.reduceMax(projected, [1])];
  const sign = b.where(b.greater(b.neg(low), high), b.scalar(-1), b.scalar(1));
  return view.asMap(b.mul(projected, sign));
}

/** The largest value of each item's matrix, at least {@link TINY}. */
const largest = (b: GraphBuilder, matrix: ValueName) => b.op('Max', [b.reduceMax(matrix, [1, 2]), b.scalar(TINY)]);

/** A positive semidefinite matrix with 1 as its largest element, which stands on its diagonal. */
const scaled = (b: GraphBuilder, matrix: ValueName) => b.div(matrix, largest(b, matrix));

/** A vector `[N, n, 1]` of length 1. */
const unit = (b: GraphBuilder, vector: ValueName) =>
  b.div(vector, b.op('Max', [b.reduce('ReduceL2', vector, [1]), b.scalar(TINY)]));

/** The column `[N, n, 1]` with the largest diagonal element; of equal ones the first. */
function largestColumn(b: GraphBuilder, matrix: ValueName, side: number): ValueName {
  const identity = Tensor.floats(
    Float64Array.from({ length: side * side }, (_, at) => (at % (side + 1) === 0 ? 1 : 0)),
    [side, side],
  );
  const diagonal = b.reduceSum(b.mul(matrix, b.constant(identity, 'identity')), [1], false);
  const place = b.op('ArgMax', [diagonal], { axis: 1, keepdims: 1 });
  const places = b.ints(Array.from({ length: side }, (_, at) => at));
  const hot = b.cast(b.equal(places, place), DATA_TYPES.float32.code);
  return b.matmul(matrix, b.unsqueeze(hot, [2]));
}
