import { describe, expect, it } from 'vitest';
import { idOf, recordsOf, runOf, told } from './records.ts';

const KIND = 'group-in-splits';
const of = (groups: readonly (readonly [group: string | undefined, split: string | undefined])[]) =>
  told(
    KIND,
    runOf(),
    recordsOf(groups.length, (i) => ({ group: groups[i]![0], split: groups[i]![1] })),
  );

describe(KIND, () => {
  it('names the groups and all of their pictures', () => {
    const [finding] = of([
      ['P1', 'train'],
      ['P2', 'train'],
      ['P1', 'test'],
      ['P3', 'test'],
      ['P1', 'train'],
      [undefined, 'test'],
    ]);
    expect(finding).toMatchObject({
      title: '1 group of 3 lies in two splits or more',
      severity: 'high',
      ids: [0, 4, 2].map(idOf),
      figures: { groups: 3, inSplits: 1 },
    });
    expect(finding!.evidence).toMatch(/^“P1” \(test, train\)\. /);
  });

  it('names five of many', () => {
    const groups = Array.from({ length: 40 }, (_, i): [string, string] => [
      `P${i % 20}`,
      i < 20 || i % 20 < 12 ? 'a' : 'b',
    ]);
    const [finding] = of(groups.map(([group, split], i) => [group, i >= 20 && i < 28 ? 'c' : split]));
    expect(finding!.title).toBe('16 groups of 20 lie in two splits or more');
    expect(finding!.evidence).toMatch(/; “P4” \(a, c\) and 11 more\. /);
    expect(finding!.ids).toHaveLength(32);
  });

  it('is silent where groups keep to their split, without groups, without splits', () => {
    expect(of(Array.from({ length: 40 }, (_, i) => [`P${i % 10}`, i % 10 < 3 ? 'test' : 'train']))).toEqual([]);
    expect(of(Array.from({ length: 40 }, (_, i) => [undefined, i % 2 ? 'test' : 'train']))).toEqual([]);
    expect(of(Array.from({ length: 40 }, (_, i) => [`P${i % 3}`, undefined]))).toEqual([]);
    expect(of([['P1', 'train']])).toEqual([]);
  });
});
