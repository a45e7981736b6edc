import { type RandomStream, randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../src/index.ts';
import {
  binary,
  binomialAtLeast,
  countTold,
  idOf,
  most,
  recordOf,
  recordsOf,
  runOf,
  runOfClasses,
  told,
} from './records.ts';

const KIND = 'threshold-far';

/** Scores of two classes, spread around their middles. */
const spread = (random: RandomStream, middles: readonly [number, number], count = 200): AuditRecord[] =>
  recordsOf(count, (i) => ({
    scores: binary(Math.min(0.999, Math.max(0.001, middles[i % 2]! + 0.08 * random.normal()))),
  }));

const balancedAt = (records: readonly AuditRecord[], threshold: number) =>
  [0, 1].reduce((sum, label) => {
    const own = records.filter((record) => record.label![0] === label);
    const score = (record: AuditRecord) => record.scores.find(([index]) => index === 1)![1];
    return sum + own.filter((record) => score(record) >= threshold === (label === 1)).length / own.length / 2;
  }, 0);

describe(KIND, () => {
  it('finds the threshold that separates best', () => {
    const records = spread(randomStream(1, 'far'), [0.1, 0.35]);
    const [finding] = told(KIND, runOf(), records);
    // By trying a thousand thresholds.
    const tried = Array.from({ length: 1001 }, (_, i) => balancedAt(records, i / 1000));
    expect(finding!.figures.best).toBeCloseTo(Math.max(...tried), 2);
    expect(finding!.figures.best).toBeCloseTo(balancedAt(records, finding!.figures.threshold!), 10);
    expect(finding!.figures.now).toBeCloseTo(balancedAt(records, 0.5), 10);
    expect(finding!.severity).toBe('low');
    const said = Number(/^A threshold of (\S+) instead of 0.5/.exec(finding!.title)![1]);
    expect(balancedAt(records, said)).toBeCloseTo(finding!.figures.best!, 10);
    // The positive pictures between the two thresholds become right.
    const gained = records.filter(({ label, scores }) => {
      const score = scores.find(([index]) => index === 1)![1];
      return label![0] === 1 && score >= finding!.figures.threshold! && score < 0.5;
    });
    expect(finding!.ids).toEqual(gained.map(({ id }) => id));
  });

  it('tests those that change sides', () => {
    // At 0.5 all 30 negatives and 6 of 30 positives are right; just below lie 24 positives and 2 negatives.
    const scores = [
      ...Array.from({ length: 28 }, () => [0, 0.1] as const),
      ...Array.from({ length: 2 }, () => [0, 0.4] as const),
      ...Array.from({ length: 24 }, () => [1, 0.4] as const),
      ...Array.from({ length: 6 }, () => [1, 0.9] as const),
    ];
    const records = scores.map(([label, score], i) => recordOf(i, { label: [label], scores: binary(score) }));
    const [finding] = told(KIND, runOf(), records);
    expect(finding!.figures.threshold).toBe(0.25);
    expect(finding!.figures.p).toBeCloseTo(20 * binomialAtLeast(24, 26, 0.5), 10);
    expect(finding!.ids).toEqual(Array.from({ length: 24 }, (_, i) => idOf(30 + i)));
    expect(finding!.title).toBe(
      'A threshold of 0.25 instead of 0.5 would raise the balanced accuracy from 60 % to 97 %',
    );
    expect(finding!.evidence).toContain('on these 60 pictures; of the 26 that change sides 24 become right');
  });

  it('says a threshold near one with the digits it takes', () => {
    const records = recordsOf(80, (i) => ({ scores: binary(i % 2 ? 0.9998 + (i % 5) * 1e-6 : 0.9991) }));
    const [finding] = told(KIND, runOf(), records);
    const said = Number(/^A threshold of (\S+) /.exec(finding!.title)![1]);
    expect(said).toBeGreaterThan(0.9991);
    expect(said).toBeLessThanOrEqual(0.9998);
  });

  it('is silent where the threshold is right, whether scores tell much or nothing: at most 1 in 100', () => {
    for (const middles of [
      [0.45, 0.55],
      [0.5, 0.5],
    ] as const)
      for (const count of [50, 200])
        expect(countTold(KIND, 150, (random) => [runOf(), spread(random, middles, count)])).toBeLessThanOrEqual(
          most(150, 0.01),
        );
  });

  it('is about binary heads with twenty pictures of each class', () => {
    const random = randomStream(3, 'edges');
    const far = spread(random, [0.1, 0.3], 40);
    expect(told(KIND, runOf(), far)).toHaveLength(1);
    expect(told(KIND, runOf(), far.slice(1))).toEqual([]);
    expect(told(KIND, runOfClasses(['a', 'b']), far)).toEqual([]);
    expect(told(KIND, runOfClasses(['a', 'b'], { task: 'multilabel' }), far)).toEqual([]);
    expect(
      told(
        KIND,
        runOf(),
        far.map((record) => ({ ...record, label: undefined })),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        runOf(),
        far.map((record) => ({ ...record, label: [1] })),
      ),
    ).toEqual([]);
    // Scores that are no numbers do not count.
    const broken = far.map((record, i) => (i === 0 ? { ...record, scores: binary(Number.NaN) } : record));
    expect(told(KIND, runOf(), broken)).toEqual([]);
  });
});
