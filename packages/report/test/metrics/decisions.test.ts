import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import {
  type AuditRecord,
  areaUnderRoc,
  type Cell,
  cellOf,
  confusionMatrix,
  countsByOwnThreshold,
  evaluate,
  Grouping,
  groupCurve,
  groupDecisions,
  isCorrect,
  predictedOf,
  subsetTable,
  topK,
} from '../../src/index.ts';
import { rightBetween } from '../../src/metrics/decision.ts';
import { GroupTally } from '../../src/metrics/group-decisions.ts';
import { headlineOf } from '../../src/metrics/headline.ts';
import { record, run } from './scored-record.ts';

describe('decisions', () => {
  it('a score at the threshold is positive', () => {
    const cells = ([score, label]: [number, number]): Cell | undefined => cellOf(record(score, label), run);
    expect(
      (
        [
          [0.5, 1],
          [0.49, 1],
          [0.49, 0],
          [0.5, 0],
        ] as [number, number][]
      ).map(cells),
    ).toEqual(['TP', 'FN', 'TN', 'FP']);
  });
  it('without a score or a label there is no decision or no cell', () => {
    expect(predictedOf(record(Number.NaN, 1), run)).toBeUndefined();
    expect(cellOf(record(Number.NaN, 1), run)).toBeUndefined();
    expect(isCorrect(record(0.7, undefined), run)).toBeUndefined();
    expect(predictedOf({ scores: [[0, 0.2]] }, run)).toEqual([1]);
    expect(cellOf({ scores: [[1, 0.9]], label: [] }, run)).toBeUndefined();
  });
  it('a positive class may be the first', () => {
    expect(cellOf(record(0.2, 0), { ...run, positive: 0 })).toBe('TP');
  });
  it('multi-label: all that reach the threshold', () => {
    const many = { ...run, task: 'multilabel', classes: ['a', 'b', 'c'] } as const;
    const scores = [
      [2, 0.9],
      [0, 0.6],
      [1, 0.2],
    ] as const;
    expect(predictedOf({ scores }, many)).toEqual([0, 2]);
    expect(isCorrect({ scores, label: [2, 0] }, many)).toBe(true);
    expect(isCorrect({ scores, label: [2] }, many)).toBe(false);
    expect(isCorrect({ scores: [[0, 0.1]], label: [] }, many)).toBe(true);
  });
  it('several classes: equal scores fall to the first class, in decision and rank', () => {
    const three = { ...run, task: 'multiclass', classes: ['a', 'b', 'c'] } as const;
    const even = {
      scores: [
        [2, 0.4],
        [1, 0.4],
        [0, 0.2],
      ] as const,
      label: [2],
    };
    expect(predictedOf(even, three)).toEqual([1]);
    expect(topK([even], three, 1).value).toBe(0);
    expect(topK([even], three, 2).value).toBe(1);
    expect([...confusionMatrix([even, { ...even, label: [1, 2] }, { scores: [], label: [0] }], three).counts]).toEqual([
      0, 0, 0, 0, 1, 0, 0, 1, 0,
    ]);
  });
});

describe('groups', () => {
  const of = (group: string, ...pairs: [number, number | undefined][]) =>
    pairs.map(([score, label]) => record(score, label, { group }));
  const records = [
    ...of('one of one', [0.9, 0]),
    ...of('nine of ten', ...Array.from({ length: 10 }, (_, i): [number, number] => [i === 0 ? 0.1 : 0.9, 0])),
    ...of('fine', [0.1, 0], [0.8, 1], [0.2, 0]),
    ...of('unlabelled', [0.4, undefined]),
    record(0.9, 1),
  ];
  it('are sorted by what is known to be bad', () => {
    const rows = new Grouping(records, run).at();
    expect(rows.map(({ name }) => name)).toEqual(['nine of ten', 'one of one', 'fine', 'unlabelled']);
    expect(rows[0]).toMatchObject({ labelled: 10, errors: 9, counts: { tp: 0, fn: 0, tn: 1, fp: 9 } });
    expect(rows[3]!.errorRate.reason).toBe('None of its pictures has a label and a score.');
    expect(new Grouping(records, run).at(0.05).find(({ name }) => name === 'fine')!.errors).toBe(2);
  });
  it('subsets have figures and thresholds of their own', () => {
    const grouping = new Grouping(records, run);
    const curves = grouping.curves();
    const table = subsetTable(grouping, 0.5, { kind: 'accuracy' }, curves);
    expect(table.find(({ name }) => name === 'fine')!.auc.value).toBe(1);
    expect(table.find(({ name }) => name === 'one of one')!.best.reason).toBe(
      'There is no negative picture.'.replace('negative', 'positive'),
    );
    expect(countsByOwnThreshold(table, curves)).toEqual({ tp: 1, fn: 0, tn: 3, fp: 10 });
  });
  it('a group in two splits is told', () => {
    const leaky = [
      record(0.1, 0, { group: 'P1', split: 'train' }),
      record(0.1, 0, { group: 'P1', split: 'test' }),
      record(0.1, 0, { group: 'P2', split: 'test' }),
    ];
    expect(new Grouping(leaky, run).leaking()).toEqual([{ name: 'P1', splits: ['train', 'test'] }]);
    expect(new Grouping(leaky, run, ({ split }) => split).names).toEqual(['train', 'test']);
  });
  it('decide together by the largest, the mean, the votes', () => {
    const patient = of('P', [0.9, 0], [0.2, 1], [0.1, 0], [0.6, 0]);
    const decided = (rule: 'max' | 'mean' | 'vote') => groupDecisions(patient, run, rule).groups[0]!;
    expect(decided('max')).toMatchObject({ group: 'P', count: 4, label: [1], predicted: [1], cell: 'TP' });
    expect(decided('mean').scores[0]).toEqual([1, expect.closeTo(0.45, 12)]);
    expect(decided('mean')).toMatchObject({ cell: 'FN', correct: false });
    expect(decided('vote')).toMatchObject({
      scores: [
        [1, 0.5],
        [0, 0.5],
      ],
      cell: 'TP',
    });
    const curve = groupCurve(groupDecisions([...patient, ...of('Q', [0.3, 0])], run, 'max'), run);
    expect(areaUnderRoc(curve).value).toBe(1);
  });
  it('of several classes need one label', () => {
    const three = { ...run, task: 'multiclass', classes: ['a', 'b', 'c'] } as const;
    const row = (group: string, label: number, a: number, b: number) => ({
      group,
      label: [label],
      scores: [
        [0, a],
        [1, b],
        [2, 1 - a - b],
      ] as const,
    });
    const found = groupDecisions(
      [row('P', 1, 0.6, 0.3), row('P', 1, 0.1, 0.9), row('Q', 0, 0.5, 0.1), row('Q', 1, 0.5, 0.1)],
      three,
      'mean',
    );
    expect(found).toMatchObject({ mixed: 1, unlabelled: 0 });
    expect(found.groups[0]).toMatchObject({ group: 'P', predicted: [1], correct: true });
    expect(groupDecisions([row('P', 1, 0.6, 0.3), row('P', 1, 0.1, 0.9)], three, 'vote').groups[0]!.predicted).toEqual([
      0,
    ]);
  });
});

describe('decisions at all thresholds', () => {
  const stream = randomStream(7);
  const next = () => stream.uniform();
  const tasks = [
    { ...run, classes: ['a', 'b'] },
    { ...run, task: 'multiclass', classes: ['a', 'b', 'c'] },
    { ...run, task: 'multilabel', classes: ['a', 'b', 'c'] },
  ] as const;
  // Scores of tenths: many are equal, and thresholds meet them.
  const rowsOf = (of: (typeof tasks)[number]) =>
    Array.from({ length: 240 }, () => {
      const label = of.classes.map((_, i) => i).filter(() => next() < 0.4);
      const one = Math.floor(next() * of.classes.length);
      return {
        label: next() < 0.1 ? undefined : of.task === 'multilabel' ? label : [one],
        scores: of.classes.flatMap((_, i) =>
          next() < 0.05 ? [] : [[i, next() < 0.05 ? Number.NaN : Math.round(next() * 10) / 10] as const],
        ),
        group: next() < 0.1 ? undefined : `g${Math.floor(next() * 40)}`,
      };
    });
  const thresholds = [-0.1, 0, 0.1, 0.25, 0.3, 0.5, 0.55, 0.8, 1, 1.1];
  for (const of of tasks) {
    const rows = rowsOf(of);
    it(`the ${of.task} headline is of the same figures as all others`, () => {
      const all = evaluate(rows as unknown as AuditRecord[], of);
      const headline = Object.entries(headlineOf(rows, of));
      expect(headline.length).toBeGreaterThan(2);
      for (const [name, value] of headline) expect(value, name).toEqual(all.get(name));
    });
    it(`a ${of.task} decision is right between two of them`, () => {
      for (const threshold of thresholds)
        for (const record of rows) {
          const between = rightBetween(record, of);
          const right = between && threshold > between.above && threshold <= between.upTo;
          expect(right).toBe(isCorrect(record, of, threshold));
        }
    });
    it(`the worst ${of.task} groups are the first of all of them`, () => {
      const grouping = new Grouping(rows, of);
      for (const threshold of thresholds) {
        const all = grouping.at(threshold);
        for (const most of [0, 1, 7, 39]) expect(grouping.at(threshold, most)).toEqual(all.slice(0, most));
        expect(grouping.one(all[3]!.name, threshold)).toEqual(all[3]);
        for (const { members, errors } of all)
          expect(errors).toBe(members.filter((i) => isCorrect(rows[i]!, of, threshold) === false).length);
      }
    });
    for (const rule of ['max', 'mean', 'vote'] as const)
      it(`${of.task} groups decided by ${rule} are the same when made ready once`, () => {
        const tally = new GroupTally(rows, of, rule);
        for (const threshold of thresholds) {
          const found = groupDecisions(rows, of, rule, threshold);
          expect(tally.own(threshold)).toBe(found.threshold);
          expect(tally.right(threshold)).toBe(found.groups.filter(({ correct }) => correct).length);
          expect(tally.labelled).toBe(found.groups.filter(({ label }) => label !== undefined).length);
          expect([tally.mixed, tally.unlabelled]).toEqual([found.mixed, found.unlabelled]);
          const curve = tally.curve(threshold);
          expect(curve === undefined).toBe(of.task !== 'binary');
          if (curve) {
            const made = groupCurve(found, of);
            expect(curve.at(found.threshold)).toEqual(made.at(found.threshold));
            expect(areaUnderRoc(curve)).toEqual(areaUnderRoc(made));
          }
        }
      });
  }
});
