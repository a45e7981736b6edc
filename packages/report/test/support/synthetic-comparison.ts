import type { AuditRecord, ComparedPair, ComparisonData, Figure, ReportPart } from '@seewhy/report';
import { type SyntheticOptions, syntheticReport } from './synthetic-report.ts';

/** Two runs on the same drawn pictures: the second model's scores are moved, a few across the threshold. */
export function syntheticComparison(options: SyntheticOptions = { count: 60 }): {
  readonly data: ComparisonData;
  parts(): AsyncGenerator<ReportPart>;
} {
  const { data: first, parts } = syntheticReport(options);
  const positive = ({ scores }: AuditRecord) => scores.find(([index]) => index === 1)![1];
  const right = (record: AuditRecord) => positive(record) >= 0.5 === record.label!.includes(1);
  const pairs = first.records.map((a, i): ComparedPair => {
    const score = Math.min(0.999, Math.max(0.001, positive(a) + 0.35 * Math.sin(i * 1.7)));
    const b: AuditRecord = { ...a, scores: [[1, score] as const, [0, 1 - score] as const].sort((x, y) => y[1] - x[1]) };
    const flip = right(a) === right(b) ? undefined : right(b) ? 'to-right' : 'to-wrong';
    return {
      id: a.id,
      a,
      b,
      ...(flip ? { flip } : {}),
      change: score - positive(a),
      about: 1,
      agreement: { gradcam: 0.4 + 0.5 * Math.cos(i) },
    };
  });
  const count = (of: (pair: ComparedPair) => boolean) => pairs.filter(of).length;
  const none: Figure = { value: null, low: null, high: null, reason: 'There is no test.' };
  const share = (n: number): Figure => ({
    value: n / pairs.length,
    low: n / pairs.length - 0.05,
    high: Math.min(1, n / pairs.length + 0.05),
  });
  const [rightA, rightB] = [count(({ a }) => right(a)), count(({ b }) => right(b))];
  const run = first.run;
  const data: ComparisonData = {
    schema: 'seewhy/audit-comparison/v1',
    title: 'first.onnx against second.onnx',
    command: ['audit', 'compare', 'runs/first', 'runs/second'],
    created: '2026-11-20T10:00:00Z',
    versions: run.versions,
    runs: {
      a: { folder: 'runs/first', run: { ...run, title: 'first.onnx on validation.csv' } },
      b: {
        folder: 'runs/second',
        run: { ...run, title: 'second.onnx on validation.csv', model: { ...run.model, path: 'second.onnx' } },
      },
    },
    joined: {
      by: 'id',
      pictures: pairs.length,
      labelled: pairs.length,
      onlyA: 2,
      onlyB: 0,
      examplesA: ['x', 'y'],
      examplesB: [],
      otherBytes: 0,
      otherLabel: 0,
    },
    flips: {
      toWrong: count(({ flip }) => flip === 'to-wrong'),
      toRight: count(({ flip }) => flip === 'to-right'),
      bothRight: count(({ a, b }) => right(a) && right(b)),
      bothWrong: count(({ a, b }) => !right(a) && !right(b)),
      other: 0,
    },
    metrics: [
      {
        name: 'accuracy',
        title: 'Accuracy',
        better: 'higher',
        a: share(rightA),
        b: share(rightB),
        difference: { value: (rightB - rightA) / pairs.length, low: -0.2, high: -0.01, p: 0.03, test: 'exact McNemar' },
      },
      {
        name: 'ece',
        title: 'Calibration error',
        better: 'lower',
        a: share(6),
        b: share(9),
        difference: { value: 0.05, low: -0.02, high: 0.12, p: null, test: 'bootstrap' },
      },
      {
        name: 'auc',
        title: 'AUC',
        better: 'higher',
        a: none,
        b: none,
        difference: { ...none, p: null, test: 'DeLong' },
      },
    ],
    subsets: [
      {
        kind: 'class',
        column: 'label',
        value: 'malignant',
        pictures: 30,
        a: share(50),
        b: share(45),
        toWrong: 4,
        toRight: 1,
        difference: { value: -0.1, low: -0.2, high: 0.01, p: 0.3, corrected: 0.6 },
      },
      {
        kind: 'column',
        column: 'site',
        value: 'face',
        pictures: 20,
        a: share(50),
        b: share(52),
        toWrong: 1,
        toRight: 2,
        difference: { value: 0.05, low: -0.1, high: 0.2, p: 1, corrected: 1 },
      },
    ],
    notices: ['The second run used another threshold.'],
    pairs: [...pairs].sort((x, y) => Number(y.flip === 'to-wrong') - Number(x.flip === 'to-wrong')),
  };
  return {
    data,
    async *parts() {
      for await (const part of parts()) {
        if (part.kind !== 'map') yield part;
        else {
          yield { ...part, side: 'a' };
          yield { ...part, side: 'b', data: part.data.toReversed() };
        }
      }
    },
  };
}
