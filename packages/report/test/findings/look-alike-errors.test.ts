import { type RandomStream, randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import type { AuditRecord, MapCluster } from '../../src/index.ts';
import {
  countTold,
  decided,
  fisherAtLeast,
  idOf,
  most,
  recordsOf,
  runOf,
  runOfClasses,
  thumbOf,
  told,
} from './records.ts';

const KIND = 'look-alike-errors';

/** Pictures that all look different, but for the first `alike`, which look the same and are wrong but for every `right`-th. */
const gathered = (random: RandomStream, alike: number, right: number, count = 200): AuditRecord[] =>
  recordsOf(count, (i) => ({
    thumb: i < alike ? thumbOf(random, 240, 4) : thumbOf(random, 40 + 120 * random.uniform(), 25),
    scores: decided(i % 2, i < alike ? i % right === right - 1 : random.uniform() > 0.1),
  }));

const clusterOf = (name: string, ids: readonly string[]): MapCluster => ({
  name,
  method: 'gradcam',
  target: 1,
  ids,
  mean: '',
  labels: [],
  where: 'in the middle',
  eigengap: 0.5,
});

describe(KIND, () => {
  it('finds errors that look alike, and only those', () => {
    const found = told(KIND, runOf(), gathered(randomStream(1, 'alike'), 20, 5));
    expect(found).toHaveLength(1);
    const [finding] = found;
    const alike = new Set(Array.from({ length: 20 }, (_, i) => idOf(i)));
    expect(finding!.ids.filter((id) => alike.has(id)).length).toBeGreaterThanOrEqual(0.9 * finding!.ids.length);
    expect(finding!.ids.filter((id) => alike.has(id))).toHaveLength(16);
    expect(finding!).toMatchObject({ severity: 'medium', figures: { n: 11 } });
    expect(finding!.title).toBe(`${finding!.ids.length} errors that look alike: one cause, perhaps`);
    expect(finding!.evidence).toMatch(
      /^Among the picture “p00\d\d” and the 10 that look most like it: \d+ of 11 are wrong/,
    );
  });

  it('tests the nearest ten of each error', () => {
    // All of the ten nearest of an error are wrong: its twelve siblings are.
    const random = randomStream(2, 'twelve');
    const records = recordsOf(120, (i) => ({
      thumb: i < 12 ? thumbOf(random, 250, 2) : thumbOf(random, 100, 30),
      scores: decided(i % 2, i >= 12 && i % 9 > 0),
    }));
    const errors = records.filter(({ scores, label }) => scores[0]![0] !== label![0]).length;
    const [finding] = told(KIND, runOf(), records);
    expect(finding!.figures.p! / fisherAtLeast(10, 10, errors - 1, 119)).toBeCloseTo(1, 9);
    expect(finding!.figures).toMatchObject({ n: 11, errors: 12, rate: 1, usualRate: errors / 120 });
  });

  it('is low below eight errors', () => {
    const random = randomStream(3, 'few');
    const records = recordsOf(200, (i) => ({
      thumb: i < 7 ? thumbOf(random, 250, 2) : thumbOf(random, 100, 30),
      scores: decided(i % 2, i >= 7),
    }));
    expect(told(KIND, runOf(), records)[0]).toMatchObject({ severity: 'low', figures: { errors: 7 } });
  });

  it('finds a cluster of maps whose decisions are wrong', () => {
    const records = recordsOf(80, (i) => ({ scores: decided(i % 2, i % 40 >= 12 || i >= 40, 0.8) }));
    const clusters = [
      clusterOf(
        'gradcam/malignant/1',
        records.slice(20).map(({ id }) => id),
      ),
      clusterOf(
        'gradcam/malignant/2',
        records.slice(0, 20).map(({ id }) => id),
      ),
    ];
    const found = told(KIND, runOf(), records, clusters);
    expect(found).toHaveLength(1);
    const [finding] = found;
    expect(finding).toMatchObject({
      title: '12 errors with maps that look alike: one cause, perhaps',
      cluster: 'gradcam/malignant/2',
      method: 'gradcam',
      ids: Array.from({ length: 12 }, (_, i) => idOf(i)),
      figures: { n: 20, errors: 12, rate: 0.6, usualRate: 0 },
    });
    expect(finding!.figures.p! / fisherAtLeast(12, 20, 12, 80)).toBeCloseTo(1, 9);
    // Two tests: the larger p-value is 1.
    expect(finding!.figures.q! / finding!.figures.p!).toBeCloseTo(2, 9);
  });

  it('is silent where errors have nothing to do with looks: at most 1 in 100', () => {
    const noise = (random: RandomStream): AuditRecord[] =>
      recordsOf(120, (i) => ({
        thumb: thumbOf(random, 40 + 160 * random.uniform(), 20),
        scores: decided(i % 2, random.uniform() > 0.2),
      }));
    expect(countTold(KIND, 40, (random) => [runOf(), noise(random)])).toBeLessThanOrEqual(most(40, 0.01));
  });

  it('says how many were compared where not all were', () => {
    const random = randomStream(4, 'many');
    const plain = Array.from({ length: 40 }, () => thumbOf(random, 100, 30));
    const odd = thumbOf(random, 250, 2);
    const records = recordsOf(4600, (i) => ({
      thumb: i < 30 ? odd : plain[i % 40]!,
      scores: decided(i % 2, i >= 30),
    }));
    const [finding] = told(KIND, runOf(), records);
    expect(finding!.evidence).toContain('Compared were 30 of 30 errors and 4,000 of 4,570 other pictures');
  });

  it('is silent without labels, thumbs, scores, errors, and with few pictures', () => {
    const random = randomStream(5, 'none');
    const all = gathered(random, 20, 5);
    expect(
      told(
        KIND,
        runOf(),
        all.map((record) => ({ ...record, label: undefined })),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        runOf(),
        all.map(({ thumb: _, ...record }) => record),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        runOf(),
        all.map((record) => ({ ...record, scores: [[1, Number.NaN]] })),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        runOf(),
        all.filter(({ scores, label }) => scores[0]![0] === label![0]),
      ),
    ).toEqual([]);
    expect(told(KIND, runOf(), all.slice(0, 29))).toEqual([]);
    expect(told(KIND, runOfClasses(['a', 'b'], { task: 'multilabel' }), all.slice(0, 1))).toEqual([]);
  });
});
