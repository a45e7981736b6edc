import { errors } from '../errors.ts';
import { solveSymmetric } from './cholesky.ts';

/** Rows of a weighted regression: `y[i] ≈ Σⱼ x[i, j] β[j] + intercept`, counted `weights[i]` times. */
export interface RegressionRows {
  /** `rows × columns`, row by row. */
  readonly x: ArrayLike<number>;
  readonly columns: number;
  readonly y: ArrayLike<number>;
  /** At least 0, not all 0. */
  readonly weights: ArrayLike<number>;
}

export interface RegressionOptions {
  /** Strength of the penalty, at least 0; 0 is plain least squares. */
  readonly alpha: number;
  /** Fit an intercept, which is not penalised. Default true. */
  readonly fitIntercept?: boolean;
}

export interface LassoOptions extends RegressionOptions {
  /** Sweeps over all coefficients at most. Default 10,000. */
  readonly sweeps?: number;
}

export interface LinearFit {
  readonly coefficients: Float64Array;
  readonly intercept: number;
}

/**
 * Weighted ridge regression, in float64: minimises `Σᵢ wᵢ (yᵢ − xᵢβ − b)² + α Σⱼ βⱼ²`, as scikit-learn's `Ridge` does.
 * A. Hoerl, R. Kennard, "Ridge regression", Technometrics 12 (1970).
 * @throws SeewhyError `SYSTEM_SINGULAR` (only with α = 0), `LENGTH_INVALID`, `NUMBER_INVALID`
 */
export function weightedRidge(rows: RegressionRows, options: RegressionOptions): LinearFit {
  const moments = momentsOf(rows, options);
  const { columns } = rows;
  const matrix = moments.gram.slice();
  for (let j = 0; j < columns; j++) matrix[j * columns + j]! += options.alpha;
  return fitOf(solveSymmetric(matrix, moments.cross, 'The linear fit'), moments);
}

/**
 * Weighted lasso, in float64, by coordinate descent: minimises `Σᵢ wᵢ (yᵢ − xᵢβ − b)² / (2 Σᵢ wᵢ) + α Σⱼ |βⱼ|`, as scikit-learn's `Lasso`
 * does. Stops when a sweep changes the fit by less than 1e-12 of its size.
 * R. Tibshirani, "Regression shrinkage and selection via the lasso", J. R. Stat. Soc. B 58 (1996); J. Friedman et al., "Regularization
 * paths for generalized linear models via coordinate descent", J. Stat. Softw. 33 (2010).
 * @throws SeewhyError `LASSO_UNFINISHED`, `LENGTH_INVALID`, `NUMBER_INVALID`
 */
export function weightedLasso(rows: RegressionRows, options: LassoOptions): LinearFit {
  const { sweeps = 10_000 } = options;
  const moments = momentsOf(rows, options);
  const { columns } = rows;
  const { gram, total } = moments;
  const threshold = options.alpha * total;
  const coefficients = new Float64Array(columns);
  // Xᵀ W (y − X β), kept up to date.
  const residual = moments.cross.slice();
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let change = 0;
    let size = 0;
    for (let j = 0; j < columns; j++) {
      const curvature = gram[j * columns + j]!;
      // A column that does not vary explains nothing.
      if (!(curvature > 0)) continue;
      const before = coefficients[j]!;
      const pull = residual[j]! + curvature * before;
      const after = (Math.sign(pull) * Math.max(0, Math.abs(pull) - threshold)) / curvature;
      const step = after - before;
      const scale = Math.sqrt(curvature);
      size = Math.max(size, Math.abs(after) * scale);
      if (step === 0) continue;
      change = Math.max(change, Math.abs(step) * scale);
      coefficients[j] = after;
      for (let k = 0; k < columns; k++) residual[k]! -= gram[j * columns + k]! * step;
    }
    if (change <= 1e-12 * size) return fitOf(coefficients, moments);
  }
  throw errors.lassoUnfinished(sweeps);
}

/** Weighted second moments about the means (about 0 without intercept). */
interface Moments {
  /** Xᵀ W X, full. */
  readonly gram: Float64Array;
  /** Xᵀ W y. */
  readonly cross: Float64Array;
  /** Σ w. */
  readonly total: number;
  readonly meanX: Float64Array;
  readonly meanY: number;
}

function momentsOf(
  { x, columns, y, weights }: RegressionRows,
  { alpha, fitIntercept = true }: RegressionOptions,
): Moments {
  const rows = y.length;
  if (!(Number.isInteger(columns) && columns >= 1))
    throw errors.numberInvalid('columns', columns, 'a whole number of at least 1');
  if (x.length !== rows * columns) throw errors.lengthInvalid('The matrix of a linear fit', x.length, rows * columns);
  if (weights.length !== rows) throw errors.lengthInvalid('The list of weights of a linear fit', weights.length, rows);
  if (!(Number.isFinite(alpha) && alpha >= 0)) throw errors.numberInvalid('alpha', alpha, 'a number of at least 0');
  let total = 0;
  let meanY = 0;
  const meanX = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const weight = weights[i]!;
    if (!(Number.isFinite(weight) && weight >= 0))
      throw errors.numberInvalid(`weight of row ${i}`, weight, 'a number of at least 0');
    if (!Number.isFinite(y[i])) throw errors.numberInvalid(`score of row ${i}`, y[i], 'finite');
    total += weight;
    meanY += weight * y[i]!;
    for (let j = 0; j < columns; j++) meanX[j]! += weight * x[i * columns + j]!;
  }
  if (!(total > 0)) throw errors.numberInvalid('sum of the weights', total, 'above 0');
  const scale = fitIntercept ? 1 / total : 0;
  meanY *= scale;
  for (let j = 0; j < columns; j++) meanX[j]! *= scale;
  const gram = new Float64Array(columns * columns);
  const cross = new Float64Array(columns);
  const row = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const weight = weights[i]!;
    if (weight === 0) continue;
    for (let j = 0; j < columns; j++) row[j] = x[i * columns + j]! - meanX[j]!;
    const target = y[i]! - meanY;
    for (let j = 0; j < columns; j++) {
      const weighted = weight * row[j]!;
      cross[j]! += weighted * target;
      const at = j * columns;
      for (let k = 0; k <= j; k++) gram[at + k]! += weighted * row[k]!;
    }
  }
  for (let j = 0; j < columns; j++) for (let k = 0; k < j; k++) gram[k * columns + j] = gram[j * columns + k]!;
  return { gram, cross, total, meanX, meanY };
}

function fitOf(coefficients: Float64Array, { meanX, meanY }: Moments): LinearFit {
  let intercept = meanY;
  for (let j = 0; j < coefficients.length; j++) intercept -= coefficients[j]! * meanX[j]!;
  return { coefficients, intercept };
}
