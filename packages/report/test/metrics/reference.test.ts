import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type AuditRecord,
  areaUnderRoc,
  averagePrecision,
  averagesOf,
  BinaryCurve,
  bestThreshold,
  binaryMetrics,
  type Counts,
  type Criterion,
  calibrationOf,
  classTable,
  confusionMatrix,
  decodeGrid,
  type Estimate,
  evaluate,
  mapRecordOf,
  multiLabelMetrics,
  precisionRecallPoints,
  rocPoints,
  topK,
  wilson,
} from '../../src/index.ts';
import { f1Of, mccOf } from '../../src/metrics/binary-metrics.ts';
import { erfc } from '../../src/metrics/normal.ts';
import { expectNear } from '../near.ts';

// Made by tools/peers/evaluation.py: scikit-learn, scipy, statsmodels and numpy; the versions stand in `origin`.
const reference = JSON.parse(
  readFileSync(new URL('../../../../fixtures/report/evaluation.json', import.meta.url), 'utf8'),
);

// biome-ignore lint/suspicious/noExplicitAny: numbers, lists and tables by name, as the file has them
type Wanted = Record<string, any>;

const nearAll = (got: ArrayLike<number>, wanted: (number | null)[], what: string) => {
  expect(got.length, what).toBe(wanted.length);
  wanted.forEach((value, i) => {
    expectNear(got[i]!, value, `${what} ${i}`);
  });
};

it.each<[number, number]>(reference.erfc)('erfc(%d) as scipy', (x, wanted) => expectNear(erfc(x), wanted, '', 2e-13));
it.each<[number, number, number, number]>(reference.wilson)('Wilson of %d of %d as statsmodels', (k, n, low, high) => {
  const found = wilson(k, n, '');
  expectNear(found.low, low);
  expectNear(found.high, high);
});

describe.each<Wanted>(reference.binary)('binary, $name, as scikit-learn', (wanted) => {
  const curve = new BinaryCurve(wanted.scores, wanted.truths);
  it.each<Wanted>(wanted.at)('at $threshold', (at) => {
    const counts = curve.at(at.threshold);
    expect(counts).toEqual({ tp: at.tp, fn: at.fn, tn: at.tn, fp: at.fp });
    const found = binaryMetrics(counts);
    for (const [name, figure] of Object.entries(found) as [string, Estimate][]) {
      expectNear(figure.value, at[name], name);
      if (at[name] === null) expect(figure.reason, name).toMatch(/\.$/);
      else {
        expect(figure.low, name).toBeLessThanOrEqual(figure.value);
        expect(figure.high, name).toBeGreaterThanOrEqual(figure.value);
        expect(figure.low, name).toBeLessThan(figure.high);
      }
      if (!at.wilson[name]) continue;
      expectNear(figure.low, at.wilson[name][0], name);
      expectNear(figure.high, at.wilson[name][1], name);
    }
  });
  it('ROC and its area', () => {
    const { x, y } = rocPoints(curve);
    nearAll(x, wanted.roc.fpr, 'fpr');
    nearAll(y, wanted.roc.tpr, 'tpr');
    const auc = areaUnderRoc(curve);
    expectNear(auc.value, wanted.auc);
    expectNear(auc.value, wanted.delongAuc);
    if (wanted.delongVariance > 0) {
      const reach = 1.959963984540054 * Math.sqrt(wanted.delongVariance);
      expectNear(auc.low, Math.max(0, wanted.auc - reach));
      expectNear(auc.high, Math.min(1, wanted.auc + reach));
      expect(auc.method).toBe('DeLong 1988');
    } else {
      expect(auc).toMatchObject({ value: 1, high: 1, method: 'Newcombe 2006' });
      expect(auc.low).toBeLessThan(0.7);
    }
  });
  it('precision, recall and average precision', () => {
    const { x, y } = precisionRecallPoints(curve);
    // scikit-learn's run the other way and end in a made-up point.
    nearAll([...x].reverse(), wanted.pr.recall.slice(0, -1), 'recall');
    nearAll([...y].reverse(), wanted.pr.precision.slice(0, -1), 'precision');
    expectNear(averagePrecision(curve).value, wanted.averagePrecision);
  });
  it.each(['width', 'mass'] as const)('calibration, bins of equal %s', (kind) => {
    const found = calibrationOf(wanted.scores, wanted.truths, kind);
    nearAll(
      found.bins.map(({ promised }) => promised),
      wanted.calibration[kind].promised,
      'promised',
    );
    nearAll(
      found.bins.map(({ observed }) => observed.value),
      wanted.calibration[kind].observed,
      'observed',
    );
    expectNear(found.brier.value, wanted.brier);
    const { reliability, resolution, uncertainty, within } = found.parts;
    expectNear(reliability - resolution + uncertainty + within, wanted.brier);
  });
  it.each<[string, Criterion]>([
    ['youden', { kind: 'youden' }],
    ['f1', { kind: 'f1' }],
    ['mcc', { kind: 'mcc' }],
    ['accuracy', { kind: 'accuracy' }],
    ['cost', { kind: 'cost', fp: 1, fn: 5 }],
    ['sensitivity', { kind: 'sensitivity', least: 0.9 }],
    ['specificity', { kind: 'specificity', least: 0.9 }],
  ])('the best threshold by %s is as good as any', (name, criterion) => {
    const found = bestThreshold(curve, criterion);
    expectNear(found.value, wanted.best[name]);
    expect(curve.at(found.threshold!)).toEqual(found.counts);
    const figures = binaryMetrics(found.counts!);
    if (name === 'f1' || name === 'accuracy') expectNear(figures[name].value, found.value);
    if (name === 'sensitivity') {
      expect(figures.sensitivity.value).toBeGreaterThanOrEqual(0.9);
      expectNear(figures.specificity.value, found.value);
    }
  });
});

const asRecords = (scores: number[][], labels: (number | number[])[]): AuditRecord[] =>
  scores.map(
    (row, i) =>
      ({
        id: String(i),
        label:
          typeof labels[i] === 'number' ? [labels[i]] : (labels[i] as number[]).flatMap((on, k) => (on ? [k] : [])),
        scores: row.map((score, k) => [k, score] as const).sort((a, b) => b[1] - a[1]),
      }) as unknown as AuditRecord,
  );

it('a mean that no class has a figure for gives the reason of the classes, where they have one', () => {
  const classes = Array.from({ length: 60 }, (_, k) => `c${k}`);
  const scores = [0, 1, 2].map((at) => classes.map((_, k) => (k === at ? 0.5 : 0.5 / 59)));
  const many = { task: 'multiclass', classes, threshold: 0.5, methods: [] } as const;
  const { macro } = averagesOf(classTable(asRecords(scores, [0, 1, 5]), many));
  expect(macro.auc.reason).toBe('Of more than 50 classes not all scores are kept.');
  const none = averagesOf(classTable([], { ...many, classes: ['a', 'b'] })).macro;
  expect(none.recall.reason).toBe('No picture has this label.');
  const apart = averagesOf(classTable(asRecords([[0.9, 0.1]], [0]), { ...many, classes: ['a', 'b'] })).macro;
  expect(apart.auc.reason).toBe('No class has this figure.');
});

describe.each<Wanted>(reference.multiclass)('several classes, $name, as scikit-learn', (wanted) => {
  const classes = wanted.scores[0].map((_: number, k: number) => `c${k}`);
  const run = { task: 'multiclass', classes, threshold: 0.5, methods: [] } as const;
  const records = asRecords(wanted.scores, wanted.labels);
  const table = classTable(records, run);
  const averages = averagesOf(table);
  it('confusion matrix, accuracy, top k', () => {
    expect([...confusionMatrix(records, run).counts]).toEqual(wanted.confusion.flat());
    expectNear(evaluate(records, run).get('accuracy')!.value, wanted.accuracy);
    for (const [k, value] of Object.entries<number>(wanted.top))
      expectNear(topK(records, run, Number(k)).value, value, k);
  });
  it.each(['precision', 'recall', 'f1'] as const)('%s of each class and its means', (name) => {
    nearAll(
      table.map((row) => row[name].value),
      wanted.rows.None[name],
      name,
    );
    for (const kind of ['macro', 'micro', 'weighted'] as const)
      expectNear(averages[kind][name].value, wanted.rows[kind][name], `${kind} ${name}`);
  });
  it('curves of one class against the rest', () => {
    nearAll(
      table.map(({ auc }) => auc.value),
      wanted.auc,
      'auc',
    );
    nearAll(
      table.map((row) => row.averagePrecision.value),
      wanted.averagePrecision,
      'ap',
    );
    expectNear(averages.macro.auc.value, wanted.ovrMacro ?? wanted.macroAuc);
    expectNear(averages.weighted.auc.value, wanted.ovrWeighted ?? wanted.weightedAuc);
  });
});

describe('several labels, as scikit-learn', () => {
  const wanted = reference.multilabel;
  const run = { task: 'multilabel', classes: ['a', 'b', 'c', 'd'], threshold: 0.5, methods: [] } as const;
  const records = asRecords(wanted.scores, wanted.labels);
  const table = classTable(records, run);
  const averages = averagesOf(table);
  it.each(['precision', 'recall', 'f1'] as const)('%s', (name) => {
    nearAll(
      table.map((row) => row[name].value),
      wanted.rows.None[name],
      name,
    );
    for (const kind of ['macro', 'micro', 'weighted'] as const)
      expectNear(averages[kind][name].value, wanted.rows[kind][name], `${kind} ${name}`);
  });
  it('whole pictures and curves', () => {
    const found = multiLabelMetrics(records, run);
    expectNear(found.exactMatch.value, wanted.exactMatch);
    expectNear(found.hammingLoss.value, wanted.hammingLoss);
    expectNear(found.sampleF1.value, wanted.sampleF1);
    expectNear(averages.macro.auc.value, wanted.macroAuc);
    expectNear(averages.weighted.auc.value, wanted.weightedAuc);
    expectNear(averages.macro.averagePrecision.value, wanted.macroAp);
  });
});

it.each<Wanted>(reference.bootstrap)('F1 and MCC of $tp/$fn/$tn/$fp: intervals as the bootstrap (scipy)', (wanted) => {
  const found = { f1: f1Of(wanted.tp, wanted.fp, wanted.fn), mcc: mccOf(wanted as Counts) };
  for (const name of ['f1', 'mcc'] as const) {
    const width = wanted[name][1] - wanted[name][0];
    // 20,000 resamples know the ends to about 1 % of the width; the rest is what two methods differ in.
    expect(Math.abs(found[name].low - wanted[name][0]) / width, name).toBeLessThan(0.07);
    expect(Math.abs(found[name].high - wanted[name][1]) / width, name).toBeLessThan(0.07);
  }
});

it('statistics of a map as scipy and the plain definitions', () => {
  const wanted = reference.map;
  const found = mapRecordOf(
    { width: wanted.width, height: wanted.height, data: Float32Array.from(wanted.data) },
    { width: wanted.width, height: wanted.height, data: Uint8Array.from(wanted.mask) },
  );
  expectNear(found.entropy, wanted.entropy);
  nearAll(found.centre, wanted.centre, 'centre');
  expect(found.peak).toEqual(wanted.peak);
  expectNear(found.halfMassArea, wanted.halfMassArea);
  expectNear(found.border, wanted.border);
  expectNear(found.corners[0], wanted.corner);
  expect([...decodeGrid(found.grid)]).toEqual(wanted.grid);
  expectNear(found.inside!.mass, wanted.inside.mass);
  expectNear(found.inside!.iou, wanted.inside.iou);
  expectNear(found.inside!.cut, wanted.inside.cut, 'cut', 1e-6);
  expectNear(found.inside!.area, wanted.inside.area);
  expect(found.inside!.pointing).toBe(wanted.inside.pointing !== 0);
});
