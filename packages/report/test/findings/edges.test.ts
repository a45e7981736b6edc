import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { type AuditRecord, type AuditRun, clusterMaps, findingsOf } from '../../src/index.ts';
import { binary, expectReadable, hexOf, METHODS, mapOf, recordsOf, runOf, runOfClasses, thumbOf } from './records.ts';

const random = randomStream(1, 'edges');
const run = runOf({ methods: [METHODS.gradcam, METHODS.saliency] });
/** Everything a record may have, right and wrong in turn. */
const full = (count: number, more: (i: number) => Partial<AuditRecord> = () => ({})): AuditRecord[] =>
  recordsOf(count, (i) => ({
    scores: binary(random.uniform()),
    group: `P${Math.floor(i / 3)}`,
    split: i % 5 ? 'train' : 'test',
    columns: { site: `site ${i % 3}`, age: 20 + (i % 50), smoker: i % 2 === 0 },
    fingerprint: hexOf(random),
    thumb: thumbOf(random, 128, 40),
    maps: { gradcam: mapOf({ target: i % 2 }), saliency: mapOf({ target: i % 2, empty: i % 4 === 0 }) },
    ...more(i),
  }));
const several = runOfClasses(['a', 'b', 'c'], { task: 'multilabel', methods: run.methods });
const noScore = (): Partial<AuditRecord> => ({ scores: [[1, Number.NaN]] });

const AUDITS: readonly (readonly [string, AuditRun, AuditRecord[]])[] = [
  ['no picture', run, []],
  ['one picture', run, full(1)],
  ['one picture without a label', run, full(1, () => ({ label: undefined }))],
  ['two pictures', run, full(2)],
  ['no labels', run, full(60, () => ({ label: undefined }))],
  ['labels that are empty', run, full(60, () => ({ label: [] }))],
  ['one class only', run, full(60, () => ({ label: [1] }))],
  ['no score is a number', run, full(60, noScore)],
  ['some scores are no numbers', run, full(60, (i) => (i % 2 ? noScore() : {}))],
  ['no scores', run, full(60, () => ({ scores: [] }))],
  ['no groups, splits, columns', run, full(60, () => ({ group: undefined, split: undefined, columns: {} }))],
  ['no maps', run, full(60, () => ({ maps: undefined }))],
  ['no methods', runOf(), full(60)],
  [
    'all pictures are one',
    run,
    full(60, () => ({ fingerprint: '0'.repeat(16), thumb: thumbOf(random, 0, 0), sha256: 'x' })),
  ],
  ['all scores are equal', run, full(60, () => ({ scores: binary(0.5) }))],
  ['certain scores', run, full(60, (i) => ({ scores: binary(i % 2) }))],
  ['a threshold of 0', { ...run, threshold: 0 }, full(60)],
  ['a threshold of 1', { ...run, threshold: 1 }, full(60)],
  ['a class that the run does not know', run, full(60, (i) => ({ label: [i % 3] }))],
  ['several classes', runOfClasses(['a', 'b', 'c'], { methods: run.methods }), full(90, (i) => ({ label: [i % 3] }))],
  ['several labels a picture', several, full(90, (i) => ({ label: [[], [0], [0, 2]][i % 3]! }))],
  [
    'names that look like code',
    run,
    full(60, (i) => ({ group: ['__proto__', 'constructor', ''][i % 3]!, columns: { constructor: i % 2 } })),
  ],
];

describe('every kind of finding', () => {
  it.each(AUDITS)('reads well of an audit with %s, in whatever order its records come', (_, about, records) => {
    const findings = findingsOf(about, records, clusterMaps(about, records, 1));
    for (const finding of findings) expectReadable(finding);
    const known = new Set(records.map(({ id }) => id));
    for (const { ids } of findings) expect(ids.every((id) => known.has(id))).toBe(true);
    const turned = records.toReversed();
    expect(findingsOf(about, turned, clusterMaps(about, turned, 1))).toEqual(findings);
  });
});
