import { randomStream } from '@seewhy/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AuditRecord,
  areaUnderRoc,
  averagePrecision,
  BinaryCurve,
  bestThreshold,
  binaryMetrics,
  type Cell,
  calibrationOf,
  cellOf,
  confusionMatrix,
  countsByOwnThreshold,
  curveOf,
  evaluate,
  Grouping,
  groupCurve,
  groupDecisions,
  isCorrect,
  predictedOf,
  rocPoints,
  subsetTable,
  topK,
} from '../../src/index.ts';
import { roundestIn } from '../../src/metrics/best-threshold.ts';
import { f1Of, mccOf } from '../../src/metrics/binary-metrics.ts';
import { rightBetween } from '../../src/metrics/decision.ts';
import { GroupTally } from '../../src/metrics/group-decisions.ts';
import { headlineOf } from '../../src/metrics/headline.ts';
import { newcombe } from '../../src/metrics/roc.ts';
import { expectNear } from '../near.ts';

const run = { task: 'binary', classes: ['benign', 'malignant'], positive: 1, threshold: 0.5, methods: [] } as const;
const record = (score: number, label: number | undefined, more: Partial<AuditRecord> = {}): AuditRecord =>
  ({
    id: '',
    scores: [
      [0, 1 - score],
      [1, score],
    ],
    ...(label !== undefined && { label: [label] }),
    columns: {},
    ...more,
  }) as unknown as AuditRecord;

describe('BinaryCurve', () => {
  const cases = fc.array(fc.tuple(fc.constantFrom(0, 0.1, 0.25, 0.5, 0.75, 1, Number.NaN), fc.boolean()), {
    maxLength: 40,
  });
  it('counts as counting does, at any threshold', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(-1, 0, 0.1, 0.3, 0.5, 0.75, 1, 2), (pairs, threshold) => {
        const curve = new BinaryCurve(
          pairs.map(([score]) => score),
          pairs.map(([, truth]) => truth),
        );
        const count = (truth: boolean, above: boolean) =>
          pairs.filter(([s, t]) => t === truth && !Number.isNaN(s) && s >= threshold === above).length;
        expect(curve.at(threshold)).toEqual({
          tp: count(true, true),
          fn: count(true, false),
          tn: count(false, false),
          fp: count(false, true),
        });
        expect(curve.omitted).toBe(pairs.filter(([s]) => Number.isNaN(s)).length);
      }),
    );
  });
  it('the area is the chance that a positive scores higher, and the trapezoids under the curve', () => {
    fc.assert(
      fc.property(cases, (all) => {
        const pairs = all.filter(([score]) => !Number.isNaN(score));
        const [up, down] = [true, false].map((t) => pairs.filter(([, truth]) => truth === t).map(([score]) => score));
        fc.pre(up!.length > 0 && down!.length > 0);
        const curve = new BinaryCurve(
          pairs.map(([score]) => score),
          pairs.map(([, truth]) => truth),
        );
        let wins = 0;
        for (const a of up!) for (const b of down!) wins += a > b ? 1 : a === b ? 0.5 : 0;
        const auc = areaUnderRoc(curve);
        expectNear(auc.value, wins / (up!.length * down!.length));
        const { x, y } = rocPoints(curve);
        let area = 0;
        for (let i = 1; i < x.length; i++) area += ((x[i]! - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2;
        expectNear(auc.value, area);
        expect(auc.low).toBeLessThanOrEqual(auc.value);
        expect(auc.high).toBeGreaterThanOrEqual(auc.value);
        expect(auc.high - auc.low).toBeGreaterThan(0);
      }),
    );
  });
  it('follows a slider over 50,000 pictures in far less than 10 ms', () => {
    const random = randomStream(1, 'slider');
    const scores = Float64Array.from({ length: 50_000 }, () => random.uniform());
    const curve = new BinaryCurve(
      scores,
      Array.from(scores, (score) => random.uniform() < score),
    );
    let fastest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 1000; i++) {
      const start = performance.now();
      const { mcc } = binaryMetrics(curve.at(i / 1000));
      fastest = Math.min(fastest, performance.now() - start);
      if (i > 100 && i < 900) expect(mcc.value).toBeGreaterThan(0.1);
    }
    expect(fastest).toBeLessThan(1);
    const best = performance.now();
    bestThreshold(curve, { kind: 'cost', fp: 1, fn: 3 });
    expect(performance.now() - best).toBeLessThan(2000); // some 20 ms on an idle machine
  });
  it.each([
    ['nothing at all', [], 'There is no labelled picture with a score.'],
    ['only NaN', [[Number.NaN, true]], 'There is no labelled picture with a score.'],
    ['no negatives', [[0.4, true]], 'There is no negative picture.'],
    ['no positives', [[0.4, false]], 'There is no positive picture.'],
  ] as [string, [number, boolean][], string][])('%s: no figure, and a reason', (_, pairs, reason) => {
    const curve = new BinaryCurve(
      pairs.map(([score]) => score),
      pairs.map(([, truth]) => truth),
    );
    expect(areaUnderRoc(curve)).toEqual({ value: Number.NaN, low: Number.NaN, high: Number.NaN, reason });
    expect(bestThreshold(curve, { kind: 'youden' })).toEqual({ value: Number.NaN, reason });
    if (curve.positive.length === 0) expect(averagePrecision(curve)).toMatchObject({ value: Number.NaN, reason });
    expect(binaryMetrics(curve.at(0.5)).mcc.reason).toMatch(/\.$/);
  });
});

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

describe('bestThreshold', () => {
  it('no threshold is better, and the number is a round one between two scores', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.boolean()), { minLength: 2, maxLength: 40 }),
        fc.integer({ min: 0, max: 9 }),
        (pairs, fn) => {
          fc.pre(pairs.some(([, truth]) => truth) && pairs.some(([, truth]) => !truth));
          const curve = new BinaryCurve(
            pairs.map(([score]) => score / 50),
            pairs.map(([, truth]) => truth),
          );
          const cost = (threshold: number) => {
            const counts = curve.at(threshold);
            return (counts.fp + fn * counts.fn) / pairs.length;
          };
          const found = bestThreshold(curve, { kind: 'cost', fp: 1, fn });
          const all = [...curve.thresholds, 2].map(cost);
          expectNear(found.value, Math.min(...all));
          expectNear(cost(found.threshold!), found.value);
          expect(String(found.threshold).length).toBeLessThan(7);
        },
      ),
    );
  });
  it('of equally good ones the nearest to 0.5', () => {
    // 0.4 … 0.6 all separate them.
    expect(bestThreshold(new BinaryCurve([0.1, 0.4, 0.6], [0, 0, 1]), { kind: 'f1' }).threshold).toBe(0.5);
    expect(bestThreshold(new BinaryCurve([0.1, 0.9], [1, 1]), { kind: 'f1' })).toMatchObject({
      threshold: 0,
      value: 1,
    });
    expect(bestThreshold(new BinaryCurve([0.1, 0.9], [1, 0]), { kind: 'sensitivity', least: 2 }).reason).toBe(
      'No threshold fulfils the condition.',
    );
  });
  it.each([
    [0.41, 0.49, 0.45],
    [0.39, 0.41, 0.4],
    [-5, 0, 0],
    [0.1234567, 0.1234568, 0.1234568],
    [2, 3.5, 3],
    [1 - 2e-16, 1, 1],
  ])('the roundest number above %d up to %d is %d', (low, high, wanted) => {
    const found = roundestIn(low, high);
    if (low === -5) expect(found > -5 && found <= 0).toBe(true);
    else expect(found).toBe(wanted);
  });
});

describe('calibration', () => {
  it('a promise kept has no error; the parts add up', () => {
    const scores = [...Array(10).fill(0.25), ...Array(10).fill(0.75)];
    const truths = scores.map((score, i) => i % 4 < score * 4 === true);
    const kept = calibrationOf([0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75], [1, 0, 0, 0, 1, 1, 1, 0]);
    expect(kept.ece.value).toBe(0);
    expect(kept.mce.value).toBe(0);
    expect(kept.parts).toMatchObject({ reliability: 0, resolution: 0.0625, uncertainty: 0.25 });
    for (const kind of ['width', 'mass'] as const) {
      const { brier, parts } = calibrationOf([...scores, 0.3, 0.31, 0.99], [...truths, true, false, true], kind, 4);
      expectNear(brier.value, parts.reliability - parts.resolution + parts.uncertainty + parts.within);
    }
  });
  it('nothing to look at has no figure', () => {
    const found = calibrationOf([Number.NaN], [1], 'mass');
    expect(found).toMatchObject({ bins: [], count: 0 });
    expect(found.ece.reason).toBe('There is no labelled picture with a score.');
    expect(found.brier.value).toBeNaN();
  });
});

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

describe('evaluate', () => {
  it('has every figure by name', () => {
    const map = {
      inside: { mass: 0.4, pointing: true, iou: 0.5 },
      border: 0.1,
      corners: [0, 0.3, 0, 0],
      entropy: 0.5,
      halfMassArea: 0.2,
      empty: false,
    };
    const gradcam = { ...run, methods: [{ name: 'gradcam', title: 'Grad-CAM', layers: [], signed: false }] };
    const records = [
      record(0.9, 1, { group: 'P', maps: { gradcam: map } as never }),
      record(0.2, 0, {
        group: 'Q',
        maps: { gradcam: { ...map, inside: { mass: 0.8, pointing: false, iou: 0.1 } } } as never,
      }),
      record(0.7, 0, { group: 'Q', maps: { gradcam: { ...map, empty: true } } as never }),
    ];
    const found = evaluate(records, gradcam);
    expect(found.get('accuracy')!.value).toBe(2 / 3);
    expect(found.get('auc')!.value).toBe(1);
    expect(found.get('mass_inside(gradcam)')!.value).toBeCloseTo(0.6, 12);
    expect(found.get('pointing(gradcam)')!.value).toBe(0.5);
    expect(found.get('corner(gradcam)')!.value).toBeCloseTo(0.3, 12);
    expect(found.get('empty(gradcam)')!.value).toBe(1 / 3);
    expect(found.get('group_sensitivity(max)')!.value).toBe(1);
    expect(found.get('brier')!.value).toBeCloseTo((0.01 + 0.04 + 0.49) / 3, 12);
    for (const [name, { value, reason }] of found) expect(Number.isNaN(value) ? reason : 'defined', name).toBeTruthy();
  });
  it('an audit without labels has no figures, and says why', () => {
    const found = evaluate([record(0.9, undefined)], run);
    expect(found.get('accuracy')).toMatchObject({
      value: Number.NaN,
      reason: 'There is no labelled picture with a score.',
    });
    expect(curveOf([], run).count).toBe(0);
    for (const [name, { value, reason }] of found) expect(Number.isNaN(value) ? reason : 'defined', name).toBeTruthy();
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
