import { readFileSync } from 'node:fs';
import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { bootstrap } from '../../src/compare/bootstrap.ts';
import {
  type AuditRecord,
  type AuditRun,
  areaUnderRoc,
  BinaryCurve,
  comparedMetrics,
  comparedSubsets,
  evaluate,
  holm,
  mcnemar,
  pairedAuc,
  pairedDifference,
} from '../../src/index.ts';
import { expectNear } from '../near.ts';

// Made by tools/peers/evaluation.py: statsmodels' McNemar, DeLong over all pairs in numpy, scipy's bootstrap.
const { paired } = JSON.parse(
  readFileSync(new URL('../../../../fixtures/report/evaluation.json', import.meta.url), 'utf8'),
) as {
  paired: {
    truths: number[];
    a: number[];
    b: number[];
    table: [[number, number], [number, number]];
    mcnemar: number;
    delong: { a: number; b: number; difference: number; error: number; p: number };
    bootstrap: Record<string, [number, number]>;
  }[];
};

const run = (more: Partial<AuditRun> = {}): AuditRun =>
  ({
    task: 'binary',
    classes: ['benign', 'malignant'],
    positive: 1,
    threshold: 0.5,
    methods: [],
    seed: 7,
    ...more,
  }) as AuditRun;
const record = (i: number, score: number, label: number | undefined, more: Partial<AuditRecord> = {}): AuditRecord =>
  ({
    id: `p${i}`,
    scores: [
      [1, score],
      [0, 1 - score],
    ],
    ...(label !== undefined && { label: [label] }),
    columns: {},
    ...more,
  }) as unknown as AuditRecord;

describe.each(paired)('two runs on $truths.length pictures, as statsmodels, numpy and scipy', (wanted) => {
  const pairs = wanted.truths.map((truth, i) => ({
    a: record(i, wanted.a[i]!, truth),
    b: record(i, wanted.b[i]!, truth),
  }));
  const metrics = new Map(comparedMetrics(pairs, { a: run(), b: run() }).map((metric) => [metric.name, metric]));
  it('McNemar’s exact test', () => {
    const [[both, onlyA], [onlyB, neither]] = wanted.table;
    expectNear(mcnemar({ onlyA, onlyB }), wanted.mcnemar);
    const accuracy = metrics.get('accuracy')!.difference;
    expectNear(accuracy.p!, wanted.mcnemar);
    expectNear(accuracy.value!, (onlyB - onlyA) / (both + onlyA + onlyB + neither));
  });
  it('DeLong’s test of two areas', () => {
    const found = pairedAuc(wanted.a, wanted.b, wanted.truths);
    expectNear(found.a, wanted.delong.a);
    expectNear(found.b, wanted.delong.b);
    expectNear(found.difference.value, wanted.delong.difference);
    expectNear(found.difference.low, wanted.delong.difference - 1.959963984540054 * wanted.delong.error);
    expectNear(found.difference.high, wanted.delong.difference + 1.959963984540054 * wanted.delong.error);
    expectNear(found.p, wanted.delong.p, 'p', 1e-9);
    expect(metrics.get('auc')!.difference).toMatchObject({ value: found.difference.value, p: found.p });
    expectNear(found.a, areaUnderRoc(new BinaryCurve(wanted.a, wanted.truths)).value);
  });
  it('intervals of differences, as drawn by scipy or nearly so by a closed form', () => {
    for (const [name, [low, high]] of Object.entries(wanted.bootstrap)) {
      const { difference } = metrics.get(name)!;
      // 2,000 samples know the ends to about 4 % of the width; the closed forms of few pictures differ more.
      const slack = (name === 'brier' || name === 'f1' ? 0.08 : wanted.truths.length > 100 ? 0.12 : 0.3) * (high - low);
      expect(Math.abs(difference.low! - low), `${name} low`).toBeLessThan(slack);
      expect(Math.abs(difference.high! - high), `${name} high`).toBeLessThan(slack);
    }
  });
  it('every difference is that of the two figures, and lies in its interval', () => {
    for (const { name, a, b, difference } of metrics.values()) {
      if (difference.value === null) continue;
      expectNear(difference.value, b.value! - a.value!, name, 1e-9);
      if (difference.low === null) expect(difference.reason, name).toBeTruthy();
      else expect(difference.low <= difference.value && difference.value <= difference.high!, name).toBe(true);
    }
    expect([...metrics.keys()]).toEqual(
      expect.arrayContaining(['accuracy', 'sensitivity', 'ppv', 'mcc', 'auc', 'average_precision', 'brier', 'ece']),
    );
  });
});

describe('pairedDifference', () => {
  it('swapping the runs turns the interval around', () => {
    const one = pairedDifference({ both: 30, onlyA: 2, onlyB: 9, neither: 5 });
    const other = pairedDifference({ both: 30, onlyA: 9, onlyB: 2, neither: 5 });
    expectNear(one.low, -other.high);
    expectNear(one.high, -other.low);
  });
  it('has an interval where no picture differs, and none without pictures', () => {
    const same = pairedDifference({ both: 20, onlyA: 0, onlyB: 0, neither: 0 });
    expect(same.value).toBe(0);
    expect(same.low).toBeLessThan(-0.05);
    expect(same.high).toBeGreaterThan(0.05);
    expect(pairedDifference({ both: 0, onlyA: 0, onlyB: 0, neither: 0 }).value).toBeNaN();
  });
  it.each([
    [[0.6, 0.1, 0.2, 0.1], 50],
    [[0.85, 0.02, 0.08, 0.05], 100],
    [[0.3, 0.2, 0.2, 0.3], 25],
  ] as const)('covers the truth of %j in samples of %d', (p, n) => {
    const random = randomStream(3, 'paired', n);
    let covered = 0;
    for (let i = 0; i < 4000; i++) {
      const cells = [0, 0, 0, 0] as [number, number, number, number];
      for (let k = 0; k < n; k++) {
        const u = random.uniform();
        cells[u < p[0] ? 0 : u < p[0] + p[1] ? 1 : u < p[0] + p[1] + p[2] ? 2 : 3]++;
      }
      const { low, high } = pairedDifference({ both: cells[0], onlyA: cells[1], onlyB: cells[2], neither: cells[3] });
      if (low <= p[2] - p[1] && p[2] - p[1] <= high) covered++;
    }
    expect(covered / 4000).toBeGreaterThan(0.93);
    expect(covered / 4000).toBeLessThan(0.985);
  });
});

describe('mcnemar', () => {
  it('is a sum of binomials', () => {
    expectNear(mcnemar({ onlyA: 1, onlyB: 5 }), (2 * (1 + 6)) / 64);
    expect(mcnemar({ onlyA: 0, onlyB: 0 })).toBe(1);
    expect(mcnemar({ onlyA: 4, onlyB: 4 })).toBe(1);
  });
});

describe('holm', () => {
  it('multiplies by what is left and never falls', () => {
    expect(holm([0.01, 0.04, 0.03, Number.NaN, 0.005])).toEqual([0.03, 0.06, 0.06, Number.NaN, 0.02]);
    expect(holm([0.6, 0.7])).toEqual([1, 1]);
  });
});

describe('bootstrap', () => {
  it('depends on the seed alone, and draws groups as one', () => {
    const values = Float64Array.from({ length: 60 }, (_, i) => Math.sin(i));
    const mean = (times: Int32Array) => {
      let sum = 0;
      let n = 0;
      times.forEach((t, i) => {
        sum += t * values[i]!;
        n += t;
      });
      return [sum / n];
    };
    expect(bootstrap(60, mean, 5)).toEqual(bootstrap(60, mean, 5));
    expect(bootstrap(60, mean, 5)).not.toEqual(bootstrap(60, mean, 6));
    // Sixty pictures that are six really: the interval of independent ones would be far too narrow.
    const six = Array.from({ length: 6 }, (_, g) => Array.from({ length: 10 }, (_, k) => 10 * g + k));
    const alike = (times: Int32Array) => [
      times.reduce((sum, t, i) => sum + t * Math.floor(i / 10), 0) / times.reduce((a, b) => a + b, 0),
    ];
    const [alone, grouped] = [bootstrap(60, alike, 5)[0]!, bootstrap(60, alike, 5, six)[0]!];
    expect(grouped.high - grouped.low).toBeGreaterThan(2.5 * (alone.high - alone.low));
    expect(bootstrap(4, () => [1], 5)[0]!.reason).toMatch(/same in every sample/);
    expect(bootstrap(4, () => [Number.NaN], 5)[0]!.reason).toMatch(/no such figure/);
  });
});

describe('comparedMetrics', () => {
  const random = randomStream(9, 'classes');
  const classes = ['cat', 'dog', 'bird'];
  const draw = (label: number, skill: number) => {
    const raw = classes.map((_, k) => random.uniform() + (k === label ? skill : 0));
    const sum = raw.reduce((x, y) => x + y, 0);
    return raw.map((value, k) => [k, value / sum] as const);
  };
  it.each(['multiclass', 'multilabel'] as const)('%s: the differences are those of evaluate', (task) => {
    const pairs = Array.from({ length: 90 }, (_, i) => {
      const label = task === 'multilabel' && i % 4 === 0 ? [0, 2] : [i % 3];
      const base = { label, columns: {}, id: String(i) };
      return {
        a: { ...base, scores: draw(i % 3, 0.5) } as unknown as AuditRecord,
        b: { ...base, scores: draw(i % 3, 0.9) } as unknown as AuditRecord,
      };
    });
    const runs = {
      a: run({ task, classes, threshold: 0.4, positive: undefined }),
      b: run({ task, classes, threshold: 0.35, positive: undefined }),
    };
    const found = comparedMetrics(pairs, runs);
    const a = evaluate(
      pairs.map((pair) => pair.a),
      runs.a,
    );
    const b = evaluate(
      pairs.map((pair) => pair.b),
      runs.b,
    );
    for (const { name, difference } of found)
      expectNear(difference.value!, b.get(name)!.value - a.get(name)!.value, name, 1e-9);
    const withInterval = found.filter(({ difference }) => difference.low !== null).map(({ name }) => name);
    expect(withInterval).toEqual(
      expect.arrayContaining([
        'accuracy',
        'macro_f1',
        'weighted_f1',
        'micro_f1',
        'f1(dog)',
        task === 'multiclass' ? 'ece' : 'hamming_loss',
      ]),
    );
    expect(found.find(({ name }) => name === 'macro_auc')!.difference.reason).toContain('no interval');
  });
  it('compares the maps that the runs share, and survives runs without labels', () => {
    const map = (mass: number) => ({
      gradcam: {
        inside: { mass, pointing: mass > 0.5, iou: mass / 2 },
        border: 0.1,
        corners: [0, 0, 0, 0],
        entropy: 0.4,
        halfMassArea: 0.1,
        empty: false,
      },
    });
    const methods = [{ name: 'gradcam', title: 'Grad-CAM', layers: [], signed: false }];
    const pairs = Array.from({ length: 30 }, (_, i) => ({
      a: record(i, 0.5, undefined, { maps: map(0.3 + (i % 5) / 50) as never }),
      b: record(i, 0.5, undefined, { maps: map(0.6 + (i % 7) / 50) as never }),
    }));
    const found = comparedMetrics(pairs, { a: run({ methods }), b: run({ methods }) });
    const inside = found.find(({ name }) => name === 'mass_inside(gradcam)')!;
    expect(inside).toMatchObject({ title: 'Mass inside the mask of Grad-CAM', better: 'higher' });
    expect(inside.difference.low).toBeGreaterThan(0.25);
    expect(found.find(({ name }) => name === 'accuracy')!.difference).toMatchObject({ value: null, p: null });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });
  it('no pictures: no figures, reasons', () => {
    for (const { difference } of comparedMetrics([], { a: run(), b: run() })) expect(difference.reason).toBeTruthy();
  });
});

describe('comparedSubsets', () => {
  it('finds the column value that got worse, corrected over its column', () => {
    const pairs = Array.from({ length: 120 }, (_, i) => {
      const more = { columns: { site: `s${i % 4}`, odd: `n${i}` }, group: `P${i % 30}` };
      const worse = i % 4 === 2;
      return {
        a: record(i, i % 2 ? 0.9 : 0.1, i % 2, more),
        b: record(i, worse ? 0.5 - 0.4 * ((i % 2) * 2 - 1) : i % 2 ? 0.8 : 0.2, i % 2, more),
      };
    });
    const found = comparedSubsets(pairs, { a: run(), b: run() });
    const sites = found.filter(({ column }) => column === 'site');
    expect(sites.map(({ value }) => value)[0]).toBe('s2');
    expect(sites[0]).toMatchObject({ kind: 'column', pictures: 30, toWrong: 30, toRight: 0 });
    expectNear(sites[0]!.difference.p!, 2 ** -29, 'p', 1e-9);
    expectNear(sites[0]!.difference.corrected!, 4 * 2 ** -29, 'p', 1e-9);
    expect(sites[1]!.difference.p).toBe(1);
    expect(found.some(({ column }) => column === 'odd')).toBe(false);
    expect(found.filter(({ kind }) => kind === 'group')).toHaveLength(30);
    expect(
      found
        .filter(({ kind }) => kind === 'class')
        .map(({ value }) => value)
        .sort(),
    ).toEqual(['benign', 'malignant']);
  });

  it('takes a column of numbers by thirds, each number in one', () => {
    const pairs = Array.from({ length: 90 }, (_, i) => {
      const age = 20 + ((i * 7) % 45);
      const decided = age >= 50 ? 1 - (i % 2) : i % 2;
      const more = { columns: { age, few: i % 3 } };
      return {
        a: record(i, i % 2 ? 0.9 : 0.1, i % 2, more),
        b: record(i, decided ? 0.9 : 0.1, i % 2, more),
      };
    });
    const found = comparedSubsets(pairs, { a: run(), b: run() });
    const ages = found.filter(({ column }) => column === 'age');
    // 45 different ages twice each: a third of them is 15 ages.
    expect(ages.map(({ value, range, pictures, toWrong }) => ({ value, range, pictures, toWrong }))).toEqual([
      { value: '50 to 64', range: { low: 50, high: 64 }, pictures: 30, toWrong: 30 },
      { value: '20 to 34', range: { low: 20, high: 34 }, pictures: 30, toWrong: 0 },
      { value: '35 to 49', range: { low: 35, high: 49 }, pictures: 30, toWrong: 0 },
    ]);
    expect(
      found
        .filter(({ column }) => column === 'few')
        .map(({ value }) => value)
        .sort(),
    ).toEqual(['0', '1', '2']);
  });
});
