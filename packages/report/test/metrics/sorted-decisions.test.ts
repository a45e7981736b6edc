import { describe, expect, it } from 'vitest';
import { random } from '../../../../tools/test-support/random.ts';
import type { Cell } from '../../src/metrics/decision.ts';
import { SortedDecisions } from '../../src/metrics/sorted-decisions.ts';

interface Row {
  readonly id: number;
  readonly score: number;
  readonly truth: boolean;
}

/** From many ties (two values) to none, with scores that are no numbers, ends, and both zeros. */
function drawn(seed: number): Row[] {
  const next = random(seed);
  const steps = [1, 2, 10, 1000, 1e9][seed % 5]!;
  const share = next();
  const odd = [Number.NaN, 0, -0, 1, Number.MIN_VALUE, 1 - Number.EPSILON];
  return Array.from({ length: Math.floor(next() * 120) }, (_, id) => ({
    id,
    score: next() < 0.15 ? odd[Math.floor(next() * odd.length)]! : Math.floor(next() * (steps + 1)) / steps,
    truth: next() < share,
  }));
}

/** One by one, in the words of the definition; then by score, of equal ones as they came. */
function recount(rows: readonly Row[], threshold: number): Record<Cell, readonly Row[]> {
  const found: Record<Cell, Row[]> = { TP: [], FN: [], TN: [], FP: [] };
  for (const row of rows) {
    if (Number.isNaN(row.score)) continue;
    if (row.truth) found[row.score >= threshold ? 'TP' : 'FN'].push(row);
    else found[row.score >= threshold ? 'FP' : 'TN'].push(row);
  }
  for (const list of Object.values(found)) list.sort((a, b) => a.score - b.score || a.id - b.id);
  return found;
}

describe('sorted decisions', () => {
  it('are what a recount gives, for random scores with ties and without numbers, at every score and between', () => {
    let compared = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const rows = drawn(seed);
      const sorted = new SortedDecisions(rows);
      expect(sorted.count).toBe(rows.filter(({ score }) => !Number.isNaN(score)).length);
      const next = random(seed + 10_000);
      const thresholds = [
        0,
        -0,
        1,
        -1,
        2,
        Number.MIN_VALUE,
        ...rows.slice(0, 12).map(({ score }) => score),
        next(),
        next(),
      ];
      for (const threshold of thresholds.filter((value) => !Number.isNaN(value))) {
        const plain = recount(rows, threshold);
        const { tp, fn, tn, fp } = sorted.counts(threshold);
        expect([tp, fn, tn, fp]).toEqual([plain.TP, plain.FN, plain.TN, plain.FP].map((list) => list.length));
        expect(sorted.cells(threshold)).toEqual(plain);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(3000);
  });
});
