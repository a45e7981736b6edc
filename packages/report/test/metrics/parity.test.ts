import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Counts } from '../../src/index.ts';
import {
  PARITY_FIGURES,
  type ParityFigure,
  paritySeverity,
  paritySpread,
  parityTable,
} from '../../src/metrics/parity.ts';
import { expectNear } from '../near.ts';

interface WantedCell {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly hits: number;
  readonly of: number;
  readonly difference: number | null;
  readonly differenceLow: number | null;
  readonly differenceHigh: number | null;
}
interface WantedCase {
  readonly name: string;
  readonly rows: readonly ({ readonly counts: Counts } & Readonly<Record<ParityFigure, WantedCell>>)[];
  readonly spread: Readonly<Record<ParityFigure, number>>;
}

// Made by tools/peers/subset_parity.py: scikit-learn and statsmodels; the versions stand in `origin`.
const { cases } = JSON.parse(
  readFileSync(new URL('../../../../fixtures/report/parity.json', import.meta.url), 'utf8'),
) as { cases: WantedCase[] };

describe.each(cases)('parity of $name, as scikit-learn and statsmodels', ({ rows, spread }) => {
  const found = parityTable(rows.map(({ counts }) => counts));
  it.each(PARITY_FIGURES)('%s', (name) => {
    for (const [i, row] of rows.entries()) {
      const wanted = row[name];
      const cell = found[i]![name];
      expect([cell.hits, cell.of]).toEqual([wanted.hits, wanted.of]);
      expectNear(cell.value, wanted.value, 'value');
      expectNear(cell.low, wanted.low, 'low');
      expectNear(cell.high, wanted.high, 'high');
      expectNear(cell.difference.value, wanted.difference, 'difference');
      expectNear(cell.difference.low, wanted.differenceLow, 'lower end');
      expectNear(cell.difference.high, wanted.differenceHigh, 'upper end');
      if (wanted.difference === null) expect(cell.difference.reason).toMatch(/\.$/);
    }
    expectNear(paritySpread(found, name), spread[name], 'spread');
  });
});

it('worst is what surely falls short, not what falls short by chance', () => {
  const [many, few, fine, none] = parityTable([
    { tp: 600, fn: 400, tn: 900, fp: 100 },
    { tp: 1, fn: 1, tn: 3, fp: 0 },
    { tp: 950, fn: 50, tn: 900, fp: 100 },
    { tp: 0, fn: 0, tn: 10, fp: 0 },
  ]);
  const severity = [many, few, fine, none].map((row) => paritySeverity(row!, 'sensitivity'));
  expect(severity[0]).toBeGreaterThan(severity[1]!);
  expect(severity[1]).toBeGreaterThan(severity[2]!);
  expect(severity[3]).toBe(Number.NEGATIVE_INFINITY);
  expect(severity[0]).toBeGreaterThan(0);
  expect(severity[2]).toBeLessThan(0);
});

it('a share without a rest has no difference, and two of one part no spread', () => {
  const alone = parityTable([{ tp: 3, fn: 1, tn: 2, fp: 0 }]);
  expect(alone[0]!.sensitivity.value).toBe(0.75);
  expect(alone[0]!.sensitivity.difference.reason).toBe('There is nothing to compare it with.');
  expect(paritySpread(alone, 'sensitivity')).toBeNaN();
});
