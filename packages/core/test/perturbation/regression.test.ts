import { describe, expect, it } from 'vitest';
import { solveSymmetric } from '../../src/perturbation/cholesky.ts';
import { LIME_DISTANCES, type LimeDistance, limeSamples, limeWeights } from '../../src/perturbation/lime.ts';
import { weightedLasso, weightedRidge } from '../../src/perturbation/regression.ts';
import { randomStream } from '../../src/random/random-stream.ts';
import { reference, relativeDifference } from './references.ts';

interface Case {
  readonly model: 'linear' | 'ridge' | 'lasso';
  readonly alpha: number;
  readonly fitIntercept: boolean;
  readonly coefficients: number[];
  readonly intercept: number;
}
const fixture = reference('regression.json');
const code = (code: string) => expect.objectContaining({ code });

describe('regressions', () => {
  it.each(fixture.cases as Case[])('are scikit-learn’s: $model, α = $alpha, intercept $fitIntercept', (one) => {
    const fit = (one.model === 'lasso' ? weightedLasso : weightedRidge)(fixture, one);
    expect(relativeDifference(fit.coefficients, one.coefficients)).toBeLessThan(1e-9);
    expect(Math.abs(fit.intercept - one.intercept)).toBeLessThan(1e-9);
    // A lasso's zeros are zeros.
    expect(fit.coefficients.map((value) => (value === 0 ? 1 : 0))).toEqual(
      Float64Array.from(one.coefficients, (value) => (value === 0 ? 1 : 0)),
    );
  });

  it('weights count rows: twice a row is weight 2', () => {
    const { x, y, columns } = fixture;
    const twice = {
      x: [...x, ...x.slice(0, columns)],
      y: [...y, y[0]],
      columns,
      weights: new Array(y.length + 1).fill(1),
    };
    const weighted = { x, y, columns, weights: y.map((_: number, i: number) => (i === 0 ? 2 : 1)) };
    for (const fit of [weightedRidge, weightedLasso])
      expect(
        relativeDifference(fit(twice, { alpha: 0.05 }).coefficients, fit(weighted, { alpha: 0.05 }).coefficients),
      ).toBeLessThan(1e-10);
  });

  it('the gradient of the ridge objective vanishes, that of the lasso lies within the penalty', () => {
    const { x, y, columns, weights } = fixture;
    const total = weights.reduce((sum: number, weight: number) => sum + weight, 0);
    const slopes = (fit: { coefficients: Float64Array; intercept: number }) =>
      Float64Array.from({ length: columns }, (_, j) => {
        let slope = 0;
        for (let i = 0; i < y.length; i++) {
          let residual = y[i] - fit.intercept;
          for (let k = 0; k < columns; k++) residual -= fit.coefficients[k]! * x[i * columns + k];
          slope += weights[i] * residual * x[i * columns + j];
        }
        return slope;
      });
    const ridge = weightedRidge(fixture, { alpha: 3 });
    slopes(ridge).forEach((slope, j) => {
      expect(slope).toBeCloseTo(3 * ridge.coefficients[j]!, 9);
    });
    const lasso = weightedLasso(fixture, { alpha: 0.05 });
    slopes(lasso).forEach((slope, j) => {
      const beta = lasso.coefficients[j]!;
      if (beta !== 0) expect(slope / total).toBeCloseTo(0.05 * Math.sign(beta), 9);
      else expect(Math.abs(slope / total)).toBeLessThanOrEqual(0.05);
    });
  });

  it('say clearly what is wrong', () => {
    const rows = { x: [1, 1, 0, 0, 1, 1], columns: 2, y: [1, 2, 3], weights: [1, 1, 1] };
    expect(() => weightedRidge(rows, { alpha: 0 })).toThrow(code('SYSTEM_SINGULAR'));
    // Equal columns share under a ridge penalty.
    const shared = weightedRidge(rows, { alpha: 0.1 }).coefficients;
    expect(shared[0]).toBeCloseTo(shared[1]!, 12);
    expect(() => weightedRidge({ ...rows, x: [1] }, { alpha: 1 })).toThrow(code('LENGTH_INVALID'));
    expect(() => weightedRidge({ ...rows, weights: [1] }, { alpha: 1 })).toThrow(code('LENGTH_INVALID'));
    expect(() => weightedRidge({ ...rows, weights: [1, -1, 1] }, { alpha: 1 })).toThrow(code('NUMBER_INVALID'));
    expect(() => weightedRidge({ ...rows, weights: [0, 0, 0] }, { alpha: 1 })).toThrow(code('NUMBER_INVALID'));
    expect(() => weightedRidge({ ...rows, y: [1, Number.NaN, 2] }, { alpha: 1 })).toThrow(code('NUMBER_INVALID'));
    expect(() => weightedRidge(rows, { alpha: -1 })).toThrow(code('NUMBER_INVALID'));
    expect(() => weightedRidge({ ...rows, columns: 0 }, { alpha: 1 })).toThrow(code('NUMBER_INVALID'));
    expect(() => weightedLasso(fixture, { alpha: 0.001, sweeps: 1 })).toThrow(code('LASSO_UNFINISHED'));
    // A column that is the same everywhere has no effect of its own.
    expect([
      ...weightedLasso({ x: [1, 1, 1, 0, 1, 1], columns: 2, y: [1, 2, 1], weights: [1, 1, 1] }, { alpha: 0 })
        .coefficients,
    ]).toEqual([0, -1]);
  });
});

describe('Cholesky', () => {
  it('solves A x = b', () => {
    const n = 12;
    const half = randomStream(1).fillNormal(new Float32Array(n * n));
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) matrix[i * n + j]! += half[i * n + k]! * half[j * n + k]!;
    const right = Float64Array.from({ length: n }, (_, i) => i - 3);
    const x = solveSymmetric(matrix, right, 'It');
    const product = Float64Array.from(right, (_, i) =>
      x.reduce((sum, value, j) => sum + matrix[i * n + j]! * value, 0),
    );
    expect(relativeDifference(product, right)).toBeLessThan(1e-9);
    expect([...solveSymmetric(new Float64Array(0), new Float64Array(0), 'Nothing')]).toEqual([]);
  });

  it.each([[[1, 1, 1, 1]], [[0, 0, 0, 1]], [[1, 2, 2, 1]], [[Number.NaN, 0, 0, 1]]])(
    'refuses the singular or indefinite %j',
    (matrix) => {
      expect(() => solveSymmetric(Float64Array.from(matrix), new Float64Array(2), 'This')).toThrow(
        /^This has no single solution/,
      );
    },
  );
});

describe('LIME', () => {
  it('samples: the picture first, then every region in half of them', () => {
    const bits = limeSamples(randomStream(1), 4001, 9);
    expect([...bits.subarray(0, 9)]).toEqual(new Array(9).fill(1));
    for (let j = 0; j < 9; j++) {
      let kept = 0;
      for (let i = 1; i <= 4000; i++) kept += bits[i * 9 + j]!;
      expect(Math.abs(kept - 2000)).toBeLessThan(5 * Math.sqrt(1000));
    }
    expect(() => limeSamples(randomStream(1), 0, 9)).toThrow(code('NUMBER_INVALID'));
  });

  it('weights: from the vectors themselves', () => {
    const regions = 6;
    const bits = Uint8Array.from([...limeSamples(randomStream(2), 20, regions), 0, 0, 0, 0, 0, 0]);
    const distance = {
      cosine: (z: number[]) => {
        const dot = z.reduce((sum, bit) => sum + bit, 0);
        return dot === 0 ? 1 : 1 - dot / (Math.hypot(...z) * Math.sqrt(regions));
      },
      euclidean: (z: number[]) => Math.hypot(...z.map((bit) => bit - 1)),
    };
    for (const name of Object.keys(LIME_DISTANCES) as LimeDistance[]) {
      const weights = limeWeights(bits, regions, name, 0.25);
      expect(weights.length).toBe(21);
      expect(weights[0]).toBe(1);
      weights.forEach((weight, i) => {
        const d = distance[name]([...bits.subarray(i * regions, (i + 1) * regions)]);
        // As LIME writes it.
        expect(weight).toBeCloseTo(Math.sqrt(Math.exp(-(d ** 2) / 0.25 ** 2)), 12);
      });
    }
    expect(() => limeWeights(bits, regions, 'cosine', 0)).toThrow(code('NUMBER_INVALID'));
  });

  it('of an additive model finds its weights', () => {
    const effects = [3, -1, 0.5, 2];
    const bits = limeSamples(randomStream(4), 40, 4);
    const y = Float64Array.from(
      { length: 40 },
      (_, i) => 10 + effects.reduce((sum, effect, j) => sum + effect * bits[i * 4 + j]!, 0),
    );
    const weights = limeWeights(bits, 4, 'cosine', 0.25);
    const fit = weightedRidge({ x: bits, columns: 4, y, weights }, { alpha: 0 });
    expect(relativeDifference(fit.coefficients, effects)).toBeLessThan(1e-10);
    expect(fit.intercept).toBeCloseTo(10, 10);
  });
});
