import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { type AuditRecord, type AuditRun, findingsOf } from '../../src/index.ts';

const run = {
  task: 'binary',
  classes: ['no', 'yes'],
  positive: 1,
  threshold: 0.5,
  methods: [],
  seed: 1,
} as unknown as AuditRun;

/** Pictures whose score is `say(p)` where p is the chance of the truth; `size` pictures of a patient share it. */
const records = (seed: number, say: (p: number) => number, size = 1): AuditRecord[] => {
  const random = randomStream(seed, 'calibration');
  let truth = false;
  let p = 0;
  return Array.from({ length: 400 }, (_, i) => {
    if (i % size === 0) {
      p = random.uniform();
      truth = random.uniform() < p;
    }
    const score = say(p);
    return {
      id: `p${String(i).padStart(3, '0')}`,
      path: '',
      label: [truth ? 1 : 0],
      scores: [
        [1, score],
        [0, 1 - score],
      ],
      columns: {},
      width: 100,
      height: 100,
      sha256: String(i),
      fingerprint: '',
      colour: [100, 100, 100, 100],
      masked: false,
      ...(size > 1 && { group: `P${Math.floor(i / size)}` }),
    };
  });
};
const told = (all: AuditRecord[]) => findingsOf(run, all, []).filter(({ kind }) => kind === 'miscalibration');

describe('miscalibration', () => {
  it('tells scores that are too sure or too cautious, not those that are right', () => {
    const logit = (p: number) => Math.log(p / (1 - p));
    const sharpened = (by: number) => (p: number) => 1 / (1 + Math.exp(-by * logit(p)));
    expect(told(records(1, (p) => p))).toEqual([]);
    expect(told(records(1, sharpened(4)))[0]!.title).toContain('too sure');
    expect(told(records(1, sharpened(0.25)))[0]!.title).toContain('too cautious');
  });
  it('does not take few patients for many', () => {
    // Calibrated by patient; ten pictures of each fall together.
    const found = Array.from({ length: 40 }, (_, seed) => told(records(seed, (p) => p, 10)).length);
    expect(found.reduce((sum, n) => sum + n, 0)).toBeLessThan(3);
  });
});
