import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { type AuditRecord, findingsOf } from '../../src/index.ts';
import { hexOf, idOf, recordsOf, runOf, thumbOf, told } from './records.ts';

const KIND = 'near-duplicates';
const random = randomStream(1, KIND);
/** Pictures that all differ. */
const different = (count: number): Partial<AuditRecord>[] =>
  Array.from({ length: count }, () => ({ fingerprint: hexOf(random), thumb: thumbOf(random, 128, 40) }));
/** The hexadecimal text with some of its 64 bits turned over. */
const turned = (print: string, bits: readonly number[]): string => {
  let value = BigInt(`0x${print}`);
  for (const bit of bits) value ^= 1n << BigInt(bit);
  return value.toString(16).padStart(16, '0');
};
const of = (all: readonly Partial<AuditRecord>[]) => recordsOf(all.length, (i) => all[i]!);

describe(KIND, () => {
  it('finds pairs whose fingerprints differ in four bits wherever they are, and none of five', () => {
    for (let turn = 0; turn < 40; turn++) {
      const all = different(30);
      const bits = random.subset(64, 5);
      const near = { ...all[3]!, fingerprint: turned(all[3]!.fingerprint!, [...bits.slice(0, 4)]) };
      const far = { ...all[5]!, fingerprint: turned(all[5]!.fingerprint!, [...bits]) };
      const [finding, ...others] = told(KIND, runOf(), of([...all, near, far].map((one) => ({ ...one, label: [0] }))));
      expect(others).toEqual([]);
      expect(finding).toMatchObject({
        title: '1 pair of pictures looks the same and counts twice',
        severity: 'low',
        ids: [idOf(3), idOf(30)],
        figures: { pairs: 1, exact: 0, pictures: 2 },
      });
      expect(finding!.evidence).toContain('Fingerprints differ in at most 4 of 64 bits');
      expect(finding!.evidence).toContain('They are “p0003” and “p0030”.');
    }
  });

  it('finds what comparing all with all finds', () => {
    const all = different(60).flatMap((one, i) =>
      Array.from({ length: 1 + (i % 3) }, (_, k) => ({
        ...one,
        label: [0],
        fingerprint: k === 0 ? one.fingerprint! : turned(one.fingerprint!, [...random.subset(64, k + 1)]),
      })),
    );
    const records = of(all);
    const distance = (a: string, b: string) => {
      let count = 0;
      for (let left = BigInt(`0x${a}`) ^ BigInt(`0x${b}`); left > 0n; left >>= 1n) count += Number(left & 1n);
      return count;
    };
    const first = records.flatMap(({ fingerprint, thumb }, b) => {
      const a = records.findIndex((other) => other.thumb === thumb && distance(other.fingerprint, fingerprint) <= 4);
      return a < b ? [[a, b]] : [];
    });
    const [finding] = told(KIND, runOf(), records);
    expect(finding!.figures.pairs).toBe(first.length);
    expect(new Set(finding!.ids)).toEqual(new Set(first.flat().map(idOf)));
  });

  it('tells apart pictures in two splits, with two labels, and counted twice', () => {
    const all = different(40);
    const records = of([
      ...all.map((one, i) => ({ ...one, split: i % 2 ? 'test' : 'train', label: [0] })),
      { ...all[0], sha256: 'file 0', split: 'test', label: [0] },
      { ...all[2], sha256: 'file 2', split: 'test', label: [0] },
      { ...all[1], split: 'test', label: [1] },
      { ...all[4], split: 'train', label: [0] },
    ]);
    const [splits, labels, twice] = told(KIND, runOf(), records);
    expect(splits).toMatchObject({
      title: '2 pairs of pictures look the same but lie in two splits',
      severity: 'high',
      ids: [0, 40, 2, 41].map(idOf),
      figures: { pairs: 2, exact: 2, pictures: 4 },
    });
    expect(splits!.evidence).toMatch(
      /^The files of each pair are equal byte for byte\. The first pair is “p0000” and “p0040”\./,
    );
    expect(labels).toMatchObject({
      title: '1 pair of pictures looks the same but has different labels',
      severity: 'medium',
      ids: [1, 42].map(idOf),
    });
    expect(twice).toMatchObject({ severity: 'low', ids: [4, 43].map(idOf) });
  });

  it('finds a leak across splits behind a copy within one', () => {
    const [one] = different(1);
    const splits = ['train', 'train', 'test'];
    const found = told(KIND, runOf(), of(splits.map((split) => ({ ...one, split, label: [0], sha256: 'the same' }))));
    expect(found.map(({ severity, ids }) => [severity, ids])).toEqual([
      ['high', [0, 2].map(idOf)],
      ['low', [0, 1].map(idOf)],
    ]);
  });

  it('counts many copies of one picture once each', () => {
    const [one] = different(1);
    const copies = Array.from({ length: 500 }, () => ({ ...one, label: [0] }));
    expect(told(KIND, runOf(), of(copies))[0]!.figures).toMatchObject({ pairs: 499, pictures: 500 });
  });

  it('does not take plain pictures of different colours for one', () => {
    const all = Array.from({ length: 20 }, (_, i) => ({
      fingerprint: '0'.repeat(16),
      thumb: thumbOf(random, 10 * i, 0),
      label: [0],
    }));
    expect(told(KIND, runOf(), of(all))).toEqual([]);
  });

  it('says which crowd was compared by files only', () => {
    const plain = { fingerprint: '0'.repeat(16), label: [0] };
    const all = Array.from({ length: 2100 }, (_, i) => ({
      ...plain,
      thumb: 'AAAA',
      sha256: `file ${i === 7 ? 3 : i}`,
    }));
    const [finding] = told(KIND, runOf(), of(all));
    expect(finding).toMatchObject({ ids: [3, 7].map(idOf), figures: { pairs: 1, exact: 1, crowded: 2100 } });
    expect(finding!.evidence).toContain('2,100 pictures with little in them could not be told apart so');
    const none = told(KIND, runOf(), of(all.map((one, i) => ({ ...one, sha256: `file ${i}` }))));
    expect(none.map(({ severity, figures }) => [severity, figures])).toEqual([['low', { crowded: 2100 }]]);
  });

  it('is silent where all differ, without fingerprints and of one picture', () => {
    expect(told(KIND, runOf(), of(different(300)))).toEqual([]);
    expect(
      told(
        KIND,
        runOf(),
        recordsOf(50, () => ({})),
      ),
    ).toEqual([]);
    expect(told(KIND, runOf(), of(different(1)))).toEqual([]);
    // Without thumbs fingerprints alone say nothing; without hashes files say nothing.
    const bare = Array.from({ length: 9 }, () => ({ fingerprint: '00ff00ff00ff00ff', sha256: '' }));
    expect(told(KIND, runOf(), of(bare))).toEqual([]);
  });

  it('does not depend on labels being known, nor on the order', () => {
    const all = different(30);
    const records = of([...all, all[4]!, all[9]!].map((one) => ({ ...one, label: undefined })));
    const found = told(KIND, runOf(), records);
    expect(found).toHaveLength(1);
    expect(findingsOf(runOf(), records.toReversed(), []).filter(({ kind }) => kind === KIND)).toEqual(found);
  });
});
