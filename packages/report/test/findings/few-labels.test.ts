import { describe, expect, it } from 'vitest';
import { findingsOf } from '../../src/index.ts';
import { expectReadable, idOf, recordOf, recordsOf, runOf, runOfClasses } from './records.ts';

const KINDS = ['no-labels', 'labels-missing', 'one-class', 'tiny-set', 'tiny-class'];
const of = (...[run, records]: [Parameters<typeof findingsOf>[0], Parameters<typeof findingsOf>[1]]) => {
  const found = findingsOf(run, records, []).filter(({ kind }) => KINDS.includes(kind));
  found.forEach(expectReadable);
  return found;
};
const kinds = (...args: Parameters<typeof of>) => of(...args).map(({ kind }) => kind);
const unlabelled = { label: undefined };

describe('what a data set lacks', () => {
  it('no labels at all', () => {
    const [finding, ...others] = of(
      runOf(),
      recordsOf(50, () => unlabelled),
    );
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ kind: 'no-labels', severity: 'high', figures: { n: 50, labelled: 0 }, ids: [] });
    expect(of(runOf(), [recordOf(0, unlabelled)])[0]!.evidence).toMatch(/^1 picture without a label\./);
  });

  it('some labels', () => {
    const missing = (count: number) =>
      of(
        runOf(),
        recordsOf(100, (i) => (i < count ? unlabelled : {})),
      )[0];
    expect(missing(10)).toMatchObject({
      kind: 'labels-missing',
      title: '10 pictures of 100 have no label',
      severity: 'medium',
      ids: Array.from({ length: 10 }, (_, i) => idOf(i)),
      figures: { n: 100, missing: 10 },
    });
    expect(missing(9)!.severity).toBe('low');
    expect(missing(1)!.title).toBe('1 picture of 100 has no label');
    // An empty list of labels is none, but for a head that may say none.
    const empty = recordsOf(100, (i) => (i < 10 ? { label: [], scores: [[0, 0.2]] } : {}));
    expect(kinds(runOf(), empty)).toEqual(['labels-missing']);
    expect(kinds(runOf({ task: 'multilabel' }), empty)).toEqual([]);
  });

  it('one class', () => {
    const [finding] = of(
      runOf(),
      recordsOf(50, () => ({ label: [1] })),
    );
    expect(finding).toMatchObject({
      kind: 'one-class',
      severity: 'high',
      title: 'All 50 labelled pictures are “malignant”',
    });
    expect(of(runOf(), [recordOf(0)]).map(({ title }) => title)).toEqual([
      'The only labelled picture is “benign”',
      'Only 1 labelled picture: every figure is uncertain',
    ]);
    const both = recordsOf(2, () => ({ label: [0] }));
    expect(of(runOf(), both)[0]!.title).toBe('Both labelled pictures are “benign”');
    const several = runOfClasses(['a', 'b'], { task: 'multilabel' });
    expect(
      kinds(
        several,
        recordsOf(50, () => ({ label: [1] })),
      ),
    ).toEqual(['one-class']);
    expect(
      kinds(
        several,
        recordsOf(50, (i) => ({ label: i < 20 ? [] : [1] })),
      ),
    ).toEqual([]);
  });

  it('few pictures', () => {
    const [finding] = of(
      runOf(),
      recordsOf(29, () => ({})),
    );
    expect(finding).toMatchObject({ kind: 'tiny-set', severity: 'medium', figures: { n: 29 } });
    // Wilson's interval of 26.1 of 29 by its formula.
    const [z, n, p] = [1.959963984540054, 29, 0.9];
    const low = (p + z ** 2 / (2 * n) - z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n * n))) / (1 + z ** 2 / n);
    expect(finding!.evidence).toContain(`may as well be ${Math.round(100 * low)} %`);
    expect(
      kinds(
        runOf(),
        recordsOf(30, () => ({})),
      ),
    ).toEqual([]);
  });

  it('few pictures of a class', () => {
    const run = runOfClasses(['cat', 'dog', 'owl']);
    const labels = (count: number, few: number) =>
      recordsOf(count, (i) => ({ label: [i < few ? 2 : i < 2 * few - 1 ? 1 : 0], scores: [[0, 0.9]] }));
    const [finding] = of(run, labels(60, 5));
    expect(finding).toMatchObject({
      kind: 'tiny-class',
      severity: 'low',
      title: '2 classes have fewer than 10 pictures: dog (4), owl (5)',
      ids: Array.from({ length: 9 }, (_, i) => idOf(i)),
      figures: { classes: 2, least: 4 },
    });
    const one = of(
      run,
      recordsOf(60, (i) => ({ label: [i < 9 ? 2 : i % 2], scores: [[0, 0.9]] })),
    )[0]!;
    expect(one.title).toBe('1 class has fewer than 10 pictures: owl (9)');
    expect(one.evidence).toContain('Figures of this class rest');
    expect(
      kinds(
        run,
        recordsOf(60, (i) => ({ label: [i % 3], scores: [[0, 0.9]] })),
      ),
    ).toEqual([]);
    // More than five are not all named.
    const many = runOfClasses(Array.from({ length: 12 }, (_, i) => `kind ${i}`));
    expect(
      of(
        many,
        recordsOf(48, (i) => ({ label: [i % 12], scores: [[0, 0.9]] })),
      )[0]!.title,
    ).toBe(
      '12 classes have fewer than 10 pictures: kind 0 (4), kind 1 (4), kind 2 (4), kind 3 (4), kind 4 (4) and 7 more',
    );
  });

  it('few pictures of classes with long names: the title is short, the evidence names them', () => {
    const names = [
      'cat',
      ...[1, 2, 3].map((i) => `Pigmented benign keratosis-like lesion with regression structures, kind ${i}`),
    ];
    const [finding] = of(
      runOfClasses(names),
      recordsOf(60, (i) => ({ label: [i < 12 ? 1 + (i % 3) : 0], scores: [[0, 0.9]] })),
    );
    expect(finding!.title).toBe('3 classes have fewer than 10 pictures');
    for (const name of names.slice(1)) expect(finding!.evidence).toContain(`${name} (4)`);
  });

  it('nothing', () => {
    expect(
      kinds(
        runOf(),
        recordsOf(100, () => ({})),
      ),
    ).toEqual([]);
    expect(kinds(runOf(), [])).toEqual([]);
  });
});
