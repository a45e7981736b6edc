import { type RandomStream, randomStream } from '@seewhy/core';
import { expect } from 'vitest';
import { toBase64 } from '../../src/base64.ts';
import {
  type AuditRecord,
  type AuditRun,
  type Finding,
  findingsOf,
  type MapCluster,
  type MapRecord,
} from '../../src/index.ts';

/** A run of a binary head without maps; `more` says otherwise. */
export const runOf = (more: Partial<AuditRun> = {}): AuditRun =>
  ({
    task: 'binary',
    classes: ['benign', 'malignant'],
    positive: 1,
    threshold: 0.5,
    methods: [],
    seed: 1,
    ...more,
  }) as AuditRun;

export const runOfClasses = (classes: readonly string[], more: Partial<AuditRun> = {}): AuditRun =>
  runOf({ task: 'multiclass', classes, positive: undefined, ...more });

export const METHODS = {
  gradcam: { name: 'gradcam', title: 'Grad-CAM', layers: ['last'], signed: false },
  saliency: { name: 'saliency', title: 'Saliency', layers: [], signed: false },
} as const;

/** Scores of a binary head whose positive class has `score`. */
export const binary = (score: number): AuditRecord['scores'] =>
  score >= 0.5
    ? [
        [1, score],
        [0, 1 - score],
      ]
    : [
        [0, 1 - score],
        [1, score],
      ];

/** Scores of a binary head that decides rightly or wrongly with a confidence of at least one half. */
export const decided = (label: number, correct: boolean, confidence = 0.7): AuditRecord['scores'] =>
  binary(correct === (label === 1) ? confidence : 1 - confidence);

export const idOf = (i: number): string => `p${String(i).padStart(4, '0')}`;

/** A picture that nothing is to be said of: labelled in turn and decided rightly; `more` says otherwise. */
export const recordOf = (i: number, more: Partial<AuditRecord> = {}): AuditRecord => {
  const label = more.label ?? [i % 2];
  return {
    id: idOf(i),
    path: `pictures/${i}.png`,
    label,
    scores: decided(label[0] ?? 0, true),
    columns: {},
    width: 100,
    height: 100,
    sha256: `file ${i}`,
    fingerprint: '',
    colour: [100, 100, 100, 100],
    masked: false,
    ...more,
  };
};

export const recordsOf = (count: number, more: (i: number) => Partial<AuditRecord>): AuditRecord[] =>
  Array.from({ length: count }, (_, i) => recordOf(i, more(i)));

/** A map about which nothing is to be said: even, for class 1. */
export const mapOf = (more: Partial<MapRecord> = {}): MapRecord => ({
  target: 1,
  range: [0, 1],
  entropy: 1,
  quadrants: [0.25, 0.25, 0.25, 0.25],
  border: 0.4375,
  corners: [0.0625, 0.0625, 0.0625, 0.0625],
  centre: [0.5, 0.5],
  peak: [0.5, 0.5],
  halfMassArea: 0.5,
  empty: false,
  flat: false,
  warnings: [],
  grid: gridOf(() => 128),
  patch: toBase64(new Uint8Array(192).fill(100)),
  ...more,
});

/** 16 × 16 cells, base64. */
export const gridOf = (value: (cell: number) => number): string =>
  toBase64(Uint8Array.from({ length: 256 }, (_, i) => value(i)));

/** 16 × 16 cells of R, G, B and edge strength, all of one level with noise, base64. */
export const thumbOf = (random: RandomStream, level: number, noise = 6): string =>
  toBase64(
    Uint8Array.from({ length: 1024 }, () => Math.max(0, Math.min(255, Math.round(level + noise * random.normal())))),
  );

export const hexOf = (random: RandomStream, digits = 16): string =>
  Array.from({ length: digits }, () => random.uniformInt(16).toString(16)).join('');

/** What one kind says of an audit; that it reads as sentences is asked of all of it. */
export function told(
  kind: string,
  run: AuditRun,
  records: readonly AuditRecord[],
  clusters: readonly MapCluster[] = [],
): Finding[] {
  const findings = findingsOf(run, records, clusters);
  for (const finding of findings) expectReadable(finding);
  return findings.filter((finding) => finding.kind === kind);
}

/** Sentences without holes, numbers that are numbers, no picture twice; `1 picture`, never `1 pictures`. */
export function expectReadable({ title, evidence, figures, ids }: Finding): void {
  for (const text of [title, evidence]) {
    expect(text).not.toMatch(/NaN|undefined|Infinity|null|\s{2}|\s[.,;:]/);
    expect(text).not.toMatch(/(?<![\d.,])1 (pictures|maps|errors|pairs|groups|classes|decisions)\b/);
    expect(text).not.toMatch(/(?<![\d.,])1 (are|have|contradict|look|lie|show)\b/);
  }
  expect(evidence).toMatch(/^[“A-Z0-9].*[.!?]$/su);
  for (const value of Object.values(figures)) expect(Number.isFinite(value)).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
}

/** How many of some audits, made with one seed each, a kind speaks of. */
export function countTold(
  kind: string,
  seeds: number,
  audit: (random: RandomStream) => readonly [AuditRun, AuditRecord[]],
): number {
  let found = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const [run, records] = audit(randomStream(seed, kind));
    if (told(kind, run, records).length > 0) found++;
  }
  return found;
}

/**
 * Most of `seeds` null audits that may be spoken of where the chance of each is at most `alpha`: more come up once in a thousand such tests.
 */
export function most(seeds: number, alpha: number): number {
  let below = 0;
  let term = (1 - alpha) ** seeds;
  for (let k = 0; k <= seeds; k++) {
    below += term;
    if (below >= 0.999) return k;
    term *= ((seeds - k) / (k + 1)) * (alpha / (1 - alpha));
  }
  return seeds;
}

/** Exact tails by summing up rows of Pascal's triangle: another way than the code's. */
export function binomialAtLeast(hits: number, n: number, p: number): number {
  let row = [1];
  for (let i = 0; i < n; i++) {
    const next = new Array<number>(row.length + 1).fill(0);
    for (const [k, value] of row.entries()) {
      next[k]! += value * (1 - p);
      next[k + 1]! += value * p;
    }
    row = next;
  }
  return row.slice(hits).reduce((sum, value) => sum + value, 0);
}

/** Fisher's exact test by drawing one after the other: chance of `hits` marked ones or more among `drawn` of `n`. */
export function fisherAtLeast(hits: number, drawn: number, marked: number, n: number): number {
  let chances = [1];
  for (let i = 0; i < drawn; i++) {
    const next = new Array<number>(chances.length + 1).fill(0);
    for (const [k, value] of chances.entries()) {
      const yes = Math.max(0, marked - k) / (n - i);
      next[k]! += value * (1 - yes);
      next[k + 1]! += value * yes;
    }
    chances = next;
  }
  return chances.slice(hits).reduce((sum, value) => sum + value, 0);
}

/** Adjusted p-values: for each the least m p / rank over those at least as large (Benjamini and Hochberg), by comparing all with all. */
export function adjustedByHand(values: readonly number[]): number[] {
  const rank = (p: number) => values.filter((other) => other <= p).length;
  return values.map((p) =>
    Math.min(1, ...values.filter((other) => other >= p).map((other) => (other * values.length) / rank(other))),
  );
}
