import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { type AuditRecord, type AuditRun, findingsOf } from '../../src/index.ts';
import { binary, expectReadable, recordsOf, runOf, runOfClasses } from './records.ts';

const KINDS = ['scores-reversed', 'classes-swapped', 'no-better-than-chance'];

function told(run: AuditRun, records: readonly AuditRecord[]) {
  const found = findingsOf(run, records, []).filter(({ kind }) => KINDS.includes(kind));
  found.forEach(expectReadable);
  return found;
}

describe('two classes', () => {
  /** Scores of class 1 are higher by so much, beside noise of the same size. */
  const records = (count: number, gain: number, seed = 1) => {
    const random = randomStream(seed, 'score order');
    return recordsOf(count, (i) => ({ scores: binary(0.25 + 0.5 * random.uniform() + (gain / 8) * (i % 2 ? 1 : -1)) }));
  };

  it('in the wrong order', () => {
    const [finding, ...others] = told(runOf(), records(100, -1));
    expect(others).toEqual([]);
    // Both even over 0.5, 0.25 apart: the lower one is above the other in (1 / 2)² / 2 of the pairs.
    expect(finding).toMatchObject({ kind: 'scores-reversed', severity: 'high' });
    expect(Math.abs(finding!.figures.auc! - 0.125)).toBeLessThan(0.08);
    expect(finding!.title).toMatch(/^Scores are the wrong way round: AUC 0\.1\d$/);
  });

  it('without an order', () => {
    const [finding, ...others] = told(runOf(), records(400, 0));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ kind: 'no-better-than-chance', severity: 'high' });
    expect(finding!.title).toMatch(/^“malignant” is told from the rest no better than by guessing: AUC 0\.(4|5)/);
    const same = recordsOf(200, () => ({ scores: binary(0.7) }));
    expect(told(runOf(), same)[0]).toMatchObject({ kind: 'no-better-than-chance', figures: { auc: 0.5, p: 1 } });
  });

  it('nothing is told of an order, of few pictures, of one class', () => {
    expect(told(runOf(), records(100, 1))).toEqual([]);
    expect(told(runOf(), records(400, 0.3))).toEqual([]);
    expect(told(runOf(), records(28, -1))).toEqual([]);
    // Of so few the area may be anything.
    expect(told(runOf(), records(30, 0.2, 3))).toEqual([]);
    expect(
      told(
        runOf(),
        recordsOf(100, (i) => ({ label: [0], scores: binary((i % 10) / 10) })),
      ),
    ).toEqual([]);
  });
});

describe('several classes', () => {
  const names = ['cat', 'dog', 'owl', 'hen'];
  const run = runOfClasses(names);
  /** Decided for `call(label)` in four of five pictures, else for any class. */
  const records = (count: number, call: (label: number, i: number) => number) => {
    const random = randomStream(2, 'swapped');
    return recordsOf(count, (i) => {
      const label = i % names.length;
      const chosen = random.uniform() < 0.8 ? call(label, i) : Math.floor(names.length * random.uniform());
      const rest = names.map((_, k) => (k === chosen ? 0.7 : 0.1) + 0.01 * random.uniform());
      return { label: [label], scores: rest.map((score, k) => [k, score] as const).sort((a, b) => b[1] - a[1]) };
    });
  };

  it('whose names are in another order', () => {
    const [finding, ...others] = told(
      run,
      records(120, (label) => [2, 0, 1, 3][label]!),
    );
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ kind: 'classes-swapped', severity: 'high', figures: { n: 120, classes: 3 } });
    expect(finding!.title).toBe("3 of 4 classes are called by each other's names, one for one");
    expect(finding!.evidence).toContain('“cat” is called “owl” in ');
  });

  it('without an order', () => {
    const random = randomStream(3, 'any');
    const found = told(
      run,
      records(400, () => Math.floor(4 * random.uniform())),
    );
    expect(found.map(({ kind }) => kind)).toEqual(['no-better-than-chance']);
    expect(Math.abs(found[0]!.figures.auc! - 0.5)).toBeLessThan(0.05);
  });

  it('nothing is told where they are right, or where one takes the pictures of another', () => {
    expect(
      told(
        run,
        records(120, (label) => label),
      ),
    ).toEqual([]);
    expect(
      told(
        run,
        records(120, (label) => (label === 1 ? 0 : label)),
      ),
    ).toEqual([]);
    // Only the best are known of many classes.
    const few = records(120, (_, i) => i % 3).map((record) => ({ ...record, scores: record.scores.slice(0, 2) }));
    expect(told(run, few)).toEqual([]);
  });

  it('that are decided for one by one', () => {
    const random = randomStream(4, 'labels');
    const several = (gain: number) =>
      recordsOf(200, () => {
        const label = names.flatMap((_, k) => (random.uniform() < 0.3 ? [k] : []));
        return {
          label,
          scores: names.map((_, k) => [k, 0.3 + 0.4 * random.uniform() + (label.includes(k) ? gain : 0)] as const),
        };
      });
    const multilabel = runOfClasses(names, { task: 'multilabel' });
    expect(told(multilabel, several(0)).map(({ kind }) => kind)).toEqual(['no-better-than-chance']);
    expect(told(multilabel, several(0.2))).toEqual([]);
  });
});
