import { describe, expect, it } from 'vitest';
import { rankCorrelation } from '../../src/film-strip/rank-correlation.ts';

describe('rank correlation', () => {
  it('is that of SciPy, ties sharing their rank', () => {
    // scipy.stats.spearmanr([1, 2, 2, 4, 5], [2, 1, 3, 3, 9]) = 0.7631578947368421
    expect(rankCorrelation(Float32Array.of(1, 2, 2, 4, 5), Float32Array.of(2, 1, 3, 3, 9))).toBeCloseTo(
      0.7631578947368421,
      12,
    );
    expect(rankCorrelation(Float32Array.of(1, 2, 3), Float32Array.of(9, 4, 1))).toBe(-1);
    expect(rankCorrelation(Float32Array.of(1, 1, 1), Float32Array.of(9, 4, 1))).toBeUndefined();
  });
});
