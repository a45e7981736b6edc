import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { binaryMetrics } from '../../src/index.ts';
import { f1Of, mccOf } from '../../src/metrics/binary-metrics.ts';
import { newcombe } from '../../src/metrics/roc.ts';
import { expectNear } from '../near.ts';

describe('intervals hold what they promise', () => {
  /** Share of `times` samples of n pictures, drawn with the cell probabilities `p` (TP, FN, TN, FP), whose interval covers the truth. */
  const coverage = (
    p: readonly [number, number, number, number],
    n: number,
    truth: number,
    interval: (tp: number, fn: number, tn: number, fp: number) => { value: number; low: number; high: number },
  ) => {
    const random = randomStream(11, 'coverage', n, ...p);
    let covered = 0;
    let defined = 0;
    for (let i = 0; i < 4000; i++) {
      const cells: [number, number, number, number] = [0, 0, 0, 0];
      for (let k = 0; k < n; k++) {
        const u = random.uniform();
        cells[u < p[0] ? 0 : u < p[0] + p[1] ? 1 : u < p[0] + p[1] + p[2] ? 2 : 3]++;
      }
      const found = interval(...cells);
      if (Number.isNaN(found.value)) continue;
      defined++;
      if (found.low <= truth && truth <= found.high) covered++;
    }
    return covered / defined;
  };
  const tables = [
    [0.4, 0.1, 0.4, 0.1],
    [0.08, 0.02, 0.87, 0.03],
    [0.3, 0.2, 0.3, 0.2],
    [0.48, 0.02, 0.48, 0.02],
  ] as const;
  const cases = tables.flatMap((p) => [20, 60, 400].map((n) => [p, n] as const));
  // Of 4,000 samples the share is known to ±0.7 %. Small samples of discrete counts may be wider than promised.
  it.each(cases)('F1 and MCC of %j in samples of %d', (p, n) => {
    const [tp, fn, tn, fp] = p;
    const f1 = (2 * tp) / (2 * tp + fp + fn);
    expect(coverage(p, n, f1, (a, b, _, d) => f1Of(a, d, b))).toBeGreaterThan(0.93);
    const mcc = (tp * tn - fp * fn) / Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
    const found = coverage(p, n, mcc, (a, b, c, d) => mccOf({ tp: a, fn: b, tn: c, fp: d }));
    expect(found).toBeGreaterThan(0.92);
    if (n === 400) expect(found).toBeLessThan(0.97);
    const balanced = (tp / (tp + fn) + tn / (tn + fp)) / 2;
    const both = coverage(
      p,
      n,
      balanced,
      (a, b, c, d) => binaryMetrics({ tp: a, fn: b, tn: c, fp: d }).balancedAccuracy,
    );
    // Short at the edge: ten pictures a class and an error in twenty-five.
    expect(both).toBeGreaterThan(n === 20 ? 0.87 : n === 60 ? 0.91 : 0.93);
  });
  it('Newcombe’s interval of an AUC solves its equation and tightens with n', () => {
    for (const [auc, m, n] of [
      [0.8, 20, 30],
      [0.95, 8, 50],
      [0.5, 5, 5],
    ] as const) {
      const [low, high] = newcombe(auc, m, n);
      for (const theta of [low, high]) {
        const free = (m + n) / 2 - 1;
        const v = (theta * (1 - theta) * (1 + free * ((1 - theta) / (2 - theta) + theta / (1 + theta)))) / (m * n);
        expectNear(Math.abs(auc - theta), 1.959963984540054 * Math.sqrt(v), '', 1e-8);
      }
    }
    expect(newcombe(1, 100, 100)[0]).toBeGreaterThan(newcombe(1, 10, 10)[0]);
    expect(newcombe(1, 1, 1)).toEqual([expect.closeTo(0.2, 0), 1]);
  });
});
