import type { AuditRecord } from '../../src/index.ts';

/** A run of two classes, and records of it. */
export const run = {
  task: 'binary',
  classes: ['benign', 'malignant'],
  positive: 1,
  threshold: 0.5,
  methods: [],
} as const;
export const record = (score: number, label: number | undefined, more: Partial<AuditRecord> = {}): AuditRecord =>
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
