import type { AuditRecord, AuditRun } from '@seewhy/report';

/** What a test says of a record; the rest is the same for all. */
export type Written = Pick<AuditRecord, 'id' | 'scores'> & Partial<AuditRecord>;

export const record = (written: Written): AuditRecord => ({
  path: `${written.id}.png`,
  columns: {},
  width: 8,
  height: 8,
  sha256: 'abcdef0123456789',
  fingerprint: '0000000000000000',
  colour: [0, 0, 0, 0],
  masked: false,
  ...written,
});

/** A record of a binary head: probability of class 1. */
export const binary = (id: string, score: number, label?: 0 | 1, more: Partial<AuditRecord> = {}): AuditRecord =>
  record({
    id,
    scores: [
      [1, score],
      [0, 1 - score],
    ],
    ...(label === undefined ? {} : { label: [label] }),
    ...more,
  });

/** Says that a picture was explained. */
export const explained = (target = 1): Pick<AuditRecord, 'maps'> => ({
  maps: {
    gradcam: {
      target,
      range: [0, 1],
      entropy: 0.5,
      quadrants: [0.25, 0.25, 0.25, 0.25],
      border: 0.4,
      corners: [0, 0, 0, 0],
      centre: [0.5, 0.5],
      peak: [0.5, 0.5],
      halfMassArea: 0.3,
      empty: false,
      flat: false,
      warnings: [],
      grid: '',
      patch: '',
    },
  },
});

export const auditRun = (more: Partial<AuditRun> = {}): AuditRun => ({
  schema: 'seewhy/audit/v1',
  status: 'done',
  title: 'model on set',
  command: ['audit', 'model.onnx', 'set'],
  started: '2026-01-01T00:00:00.000Z',
  versions: {},
  model: { path: 'models/model.onnx', sha256: '', input: [3, 8, 8], preprocess: '' },
  dataset: { path: 'data/set', kind: 'csv', sha256: '', columns: { group: 'patient_id' } },
  task: 'binary',
  classes: ['benign', 'malignant'],
  positive: 1,
  threshold: 0.5,
  methods: [{ name: 'gradcam', title: 'Grad-CAM', layers: ['top_conv'], signed: false }],
  target: 'predicted',
  explain: 'all',
  seed: 0,
  counts: { rows: 0, predicted: 0, labelled: 0, explained: 0, failed: 0 },
  problems: [],
  notices: [],
  timings: {},
  ...more,
});
