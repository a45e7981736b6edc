import { type RandomStream, randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../src/index.ts';
import {
  binary,
  binomialAtLeast,
  countTold,
  decided,
  idOf,
  most,
  recordOf,
  recordsOf,
  runOf,
  runOfClasses,
  told,
} from './records.ts';

const KIND = 'confident-errors';
const CLASSES = ['cat', 'dog', 'owl', 'fox'];

/** Pictures of a model that knows the chance of each class; 5 % of the labels are then changed for another class. */
function flipped(random: RandomStream, count = 2000) {
  const wrong = new Set<string>();
  const records = recordsOf(count, (i) => {
    const powers = CLASSES.map(() => Math.exp(3.5 * random.normal()));
    const sum = powers.reduce((a, b) => a + b, 0);
    const chances = powers.map((power) => power / sum);
    let truth = 0;
    for (let left = random.uniform() - chances[0]!; left > 0 && truth < 3; ) left -= chances[++truth]!;
    const flips = random.uniform() < 0.05;
    if (flips) wrong.add(idOf(i));
    return {
      label: [flips ? (truth + 1 + random.uniformInt(3)) % 4 : truth],
      scores: chances.map((p, k): [number, number] => [k, p]).sort((a, b) => b[1] - a[1]),
    };
  });
  return { records, wrong };
}

/**
 * Confident learning (C. Northcutt, L. Jiang, I. Chuang, JAIR 70, 2021), the clearest first: a class is certain for a picture when its probability reaches the mean that
 * pictures labelled so have for it; suspected are pictures whose likeliest certain class is not their label.
 */
function suspectsByConfidentLearning(records: readonly AuditRecord[]): string[] {
  const scoreOf = ({ scores }: AuditRecord, k: number) => scores.find(([index]) => index === k)![1];
  const limits = CLASSES.map((_, k) => {
    const own = records.filter(({ label }) => label![0] === k);
    return own.reduce((sum, record) => sum + scoreOf(record, k), 0) / own.length;
  });
  const suspects = records.flatMap((record) => {
    const certain = CLASSES.map((_, k) => k).filter((k) => scoreOf(record, k) >= limits[k]!);
    const best = certain.sort((a, b) => scoreOf(record, b) - scoreOf(record, a))[0];
    return best === undefined || best === record.label![0] ? [] : [record];
  });
  return suspects.sort((a, b) => scoreOf(a, a.label![0]!) - scoreOf(b, b.label![0]!)).map(({ id }) => id);
}

const qualityOf = (ids: readonly string[], wrong: ReadonlySet<string>) => {
  const hits = ids.filter((id) => wrong.has(id)).length;
  return { precision: hits / ids.length, recall: hits / wrong.size };
};

describe(KIND, () => {
  it('ranks wrong labels before right ones, as confident learning does', () => {
    const run = runOfClasses(CLASSES);
    const mean = { precision: 0, recall: 0, firstHalf: 0, theirPrecision: 0, theirFirst: 0 };
    for (let seed = 0; seed < 5; seed++) {
      const { records, wrong } = flipped(randomStream(seed, 'flips'));
      const [finding] = told(KIND, run, records);
      expect(finding!.severity).toBe('medium');
      const { ids } = finding!;
      const own = qualityOf(ids, wrong);
      const suspects = suspectsByConfidentLearning(records);
      mean.precision += own.precision / 5;
      mean.recall += own.recall / 5;
      mean.firstHalf += qualityOf(ids.slice(0, ids.length / 2), wrong).precision / 5;
      mean.theirPrecision += qualityOf(suspects, wrong).precision / 5;
      // Of theirs as many as of ours: those that are the least likely what they are labelled.
      mean.theirFirst += qualityOf(suspects.slice(0, ids.length), wrong).precision / 5;
    }
    // Measured: 0.63 precision at 0.44 recall, 0.93 in the first half; confident learning 0.37 over all that it suspects at 0.71 recall, 0.78
    // in as many of its first.
    expect(mean.precision).toBeGreaterThan(0.55);
    expect(mean.recall).toBeGreaterThan(0.38);
    expect(mean.firstHalf).toBeGreaterThan(0.85);
    expect(mean.firstHalf).toBeGreaterThan(mean.theirFirst);
    expect(mean.precision).toBeGreaterThan(mean.theirPrecision);
  });

  it('names the pictures, the surest first, with figures that follow from their definitions', () => {
    const sure = [0.91, 0.99, 0.95];
    const records = recordsOf(100, (i) =>
      i < 3
        ? { scores: decided(i % 2, false, sure[i]!) }
        : i < 60
          ? { scores: decided(i % 2, true, 0.96) }
          : { scores: decided(i % 2, i % 3 > 0, 0.6) },
    );
    const [finding] = told(KIND, runOf(), records);
    expect(finding!.ids).toEqual(['p0001', 'p0002', 'p0000']);
    expect(finding!.title).toBe('3 pictures that the model is sure of and the label contradicts: check their labels');
    const expected = 0.09 + 0.01 + 0.05 + 57 * 0.04;
    expect(finding!.figures).toMatchObject({ n: 60, errors: 3 });
    expect(finding!.figures.expected).toBeCloseTo(expected, 10);
    expect(finding!.figures.p).toBeCloseTo(binomialAtLeast(3, 60, expected / 60), 10);
    expect(finding!.severity).toBe('low');
  });

  it('is medium where there are more than the confidence allows, and reads well of one', () => {
    const many = recordsOf(100, (i) => ({ scores: decided(i % 2, i >= 5, 0.995) }));
    expect(told(KIND, runOf(), many)[0]).toMatchObject({ severity: 'medium', figures: { errors: 5 } });
    const one = told(KIND, runOf(), many.slice(4))[0]!;
    expect(one.severity).toBe('low');
    expect(one.title).toBe('1 picture that the model is sure of and the label contradicts: check its label');
    expect(one.evidence).toContain('Of 96 decisions with a confidence of at least 0.9, 1 contradicts the label;');
  });

  it('is silent without such errors, or with fewer than the confidence allows', () => {
    expect(
      told(
        KIND,
        runOf(),
        recordsOf(100, (i) => ({ scores: decided(i % 2, true, 0.99) })),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        runOf(),
        recordsOf(100, (i) => ({ scores: decided(i % 2, i % 2 === 0, 0.89) })),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        runOf(),
        recordsOf(100, (i) => ({ scores: decided(i % 2, i > 7, 0.91) })),
      ),
    ).toEqual([]);
  });

  it('is medium by chance in at most 1 of 100 audits', () => {
    let medium = 0;
    for (let seed = 0; seed < 200; seed++) {
      const random = randomStream(seed, 'sure');
      const records = recordsOf(300, (i) => {
        const p = 0.9 + 0.1 * random.uniform();
        return { scores: decided(i % 2, random.uniform() < p, p) };
      });
      if (told(KIND, runOf(), records)[0]?.severity === 'medium') medium++;
    }
    expect(medium).toBeLessThanOrEqual(most(200, 0.01));
  });

  it('asks of a multi-label head that all of its decisions are sure', () => {
    const run = runOfClasses(['a', 'b'], { task: 'multilabel' });
    const scores = (a: number, b: number): AuditRecord['scores'] => [
      [0, a],
      [1, b],
    ];
    const records = [
      recordOf(0, { label: [1], scores: scores(0.99, 0.999) }),
      recordOf(1, { label: [], scores: scores(0.02, 0.98) }),
      recordOf(2, { label: [1], scores: scores(0.6, 0.999) }),
      ...recordsOf(60, (i) => ({ id: `right ${i}`, label: [0], scores: scores(0.95, 0.04) })),
    ];
    const [finding] = told(KIND, run, records);
    expect(finding!.ids).toEqual(['p0000', 'p0001']);
    // The chance that one of the two decisions is wrong.
    expect(finding!.figures.expected).toBeCloseTo(1 - 0.99 * 0.999 + (1 - 0.98 * 0.98) + 60 * (1 - 0.95 * 0.96), 10);
  });

  it('leaves out what has no label or no score', () => {
    const records = [
      recordOf(0, { label: undefined, scores: binary(0.999) }),
      recordOf(1, { scores: binary(Number.NaN) }),
      recordOf(2, { label: [0], scores: binary(0.999) }),
    ];
    expect(told(KIND, runOf(), records)[0]).toMatchObject({ ids: ['p0002'], figures: { n: 1 } });
    expect(told(KIND, runOf(), records.slice(0, 2))).toEqual([]);
    expect(countTold(KIND, 1, () => [runOf(), []])).toBe(0);
  });
});
