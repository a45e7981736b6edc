import { describe, expect, it } from 'vitest';
import { type AuditRecord, describeMap, type MapRecord, mapRecordOf } from '../../src/index.ts';

const run = {
  task: 'binary',
  classes: ['benign', 'malignant'],
  positive: 1,
  threshold: 0.5,
  methods: [{ name: 'gradcam', title: 'Grad-CAM', layers: [], signed: false }],
} as const;

const blob: MapRecord = {
  ...mapRecordOf(
    {
      width: 16,
      height: 16,
      data: Float32Array.from({ length: 256 }, (_, i) => Math.exp(-((((i % 16) - 4) ** 2 + (i / 16 - 5) ** 2) / 6))),
    },
    { width: 16, height: 16, data: Uint8Array.from({ length: 256 }, (_, i) => (i % 16 < 8 ? 1 : 0)) },
  ),
  target: 1,
  range: [0, 1],
  warnings: [],
  patch: '',
};
const record = (score: number, label?: readonly number[], map: MapRecord = blob): AuditRecord =>
  ({
    scores: [
      [0, 1 - score],
      [1, score],
    ],
    label,
    maps: { gradcam: map },
  }) as unknown as AuditRecord;

describe('describeMap', () => {
  it('says prediction, score, label, cell and where the mass lies', () => {
    expect(describeMap(record(0.91, [0]), run, 'gradcam')).toBe(
      'Predicted malignant: its probability 0.91 reaches the threshold 0.50. Labelled benign: a false positive. ' +
        'The Grad-CAM map for malignant has 93 % of its mass in the upper left, its strongest point 28 % from the left and 34 % from the top; half of the mass lies on 5 % of the picture. ' +
        '98 % of the mass is inside the mask, which covers 50 % of the picture; the strongest point is inside.',
    );
  });
  it('follows the threshold', () => {
    expect(describeMap(record(0.91, [1]), run, undefined, 0.95)).toBe(
      'Predicted benign: the probability of malignant is 0.91, below the threshold 0.95. Labelled malignant: a false negative.',
    );
    expect(describeMap(record(0.4999, [0]), run)).toContain('is 0.4999, below the threshold 0.5.');
    expect(describeMap(record(0.99999, [1]), run)).toContain('probability over 0.9999 reaches');
  });
  it('says what is missing', () => {
    expect(describeMap(record(Number.NaN), run, 'lime')).toBe(
      'There is no prediction: the model gave no number. No label. There is no lime map of this picture.',
    );
    const empty = { ...blob, empty: true };
    expect(describeMap(record(0.2, [0], empty), run, 'gradcam')).toContain(
      'The Grad-CAM map for malignant is empty, nothing in it is positive.',
    );
  });
  it('speaks of several classes', () => {
    const classes = ['cat', 'dog', 'bird'];
    const scores = [
      [0, 0.7],
      [1, 0.6],
      [2, 0.1],
    ] as const;
    expect(describeMap({ scores, label: [1] }, { ...run, task: 'multiclass', classes })).toBe(
      'Predicted cat with probability 0.70. Labelled dog: wrong.',
    );
    expect(describeMap({ scores, label: [0, 1] }, { ...run, task: 'multilabel', classes })).toBe(
      'Predicted cat with probability 0.70 and dog with probability 0.60. Labelled cat and dog: correct.',
    );
    expect(describeMap({ scores, label: [] }, { ...run, task: 'multilabel', classes, threshold: 0.8 })).toBe(
      'No class predicted: none reaches the threshold 0.80. Labelled with no class: correct.',
    );
  });
  it('keeps a name of 10 kB short', () => {
    const classes = ['a', `<script>${'😀'.repeat(5000)}`];
    expect(describeMap(record(0.9, [1]), { ...run, classes }, 'gradcam').length).toBeLessThan(1000);
  });
});
