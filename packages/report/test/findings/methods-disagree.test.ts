import { type RandomStream, randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../src/index.ts';
import { binomialAtLeast, gridOf, idOf, METHODS, mapOf, most, recordsOf, runOf, told } from './records.ts';

const KIND = 'methods-disagree';
const run = runOf({ methods: [METHODS.gradcam, METHODS.saliency] });
const up = gridOf((cell) => cell);
const down = gridOf((cell) => 255 - cell);
const of = (grids: readonly (readonly [string, string])[]): AuditRecord[] =>
  recordsOf(grids.length, (i) => ({
    maps: { gradcam: mapOf({ grid: grids[i]![0] }), saliency: mapOf({ grid: grids[i]![1] }) },
  }));
const noise = (random: RandomStream) => gridOf(() => random.uniformInt(256));

describe(KIND, () => {
  it('tells two methods that point at different places', () => {
    // 16 pictures contradict one another, 4 agree.
    const [finding] = told(KIND, run, of(Array.from({ length: 20 }, (_, i) => (i < 16 ? [up, down] : [up, up]))));
    expect(finding).toMatchObject({
      title: 'Grad-CAM and Saliency point at different places (rank correlation -1.00)',
      severity: 'medium',
      ids: Array.from({ length: 16 }, (_, i) => idOf(i)),
      figures: { n: 20, low: 16, median: -1 },
    });
    expect(finding!.figures.p).toBeCloseTo(binomialAtLeast(16, 20, 0.5), 12);
    const random = randomStream(1, 'noise');
    const unrelated = told(KIND, run, of(Array.from({ length: 30 }, () => [noise(random), noise(random)])))[0]!;
    expect(Math.abs(unrelated.figures.median!)).toBeLessThan(0.1);
    expect(unrelated.severity).toBe(unrelated.figures.median! < 0 ? 'medium' : 'low');
  });

  it('orders the pictures by how far the methods are apart', () => {
    const half = gridOf((cell) => (cell < 128 ? 127 - cell : 383 - cell));
    const [finding] = told(KIND, run, of(Array.from({ length: 12 }, (_, i) => [up, i % 2 ? down : half])));
    // The middle one: correlation 1 − 6 Σ d² / (n (n² − 1)), two reversed halves.
    let squares = 0;
    for (let cell = 0; cell < 256; cell++) squares += (cell - (cell < 128 ? 127 - cell : 383 - cell)) ** 2;
    const correlation = 1 - (6 * squares) / (256 * (256 ** 2 - 1));
    expect(correlation).toBeGreaterThan(0.2);
    expect(finding).toBeUndefined();
  });

  it('corrects for the pairs of methods', () => {
    const three = runOf({
      methods: [METHODS.gradcam, METHODS.saliency, { ...METHODS.saliency, name: 'lrp', title: 'LRP' }],
    });
    const records = of(Array.from({ length: 11 }, (_, i) => (i < 10 ? [up, down] : [up, up]))).map((record) => ({
      ...record,
      maps: { ...record.maps, lrp: record.maps!.gradcam! },
    }));
    // 10 of 11: p = 0.0059 once, 0.018 three times.
    expect(told(KIND, run, records)).toHaveLength(1);
    expect(told(KIND, three, records)).toEqual([]);
  });

  it('is silent where half of the pictures agree: at most 1 in 100', () => {
    let found = 0;
    for (let seed = 0; seed < 200; seed++) {
      const random = randomStream(seed, KIND);
      found += told(KIND, run, of(Array.from({ length: 20 }, () => [up, random.uniform() < 0.5 ? up : down]))).length;
    }
    expect(found).toBeLessThanOrEqual(most(200, 0.01));
  });

  it('compares only maps of one decision, and ten at least', () => {
    const apart = of(Array.from({ length: 30 }, () => [up, down]));
    expect(told(KIND, run, apart.slice(0, 9))).toEqual([]);
    expect(told(KIND, runOf({ methods: [METHODS.gradcam] }), apart)).toEqual([]);
    const others = apart.map((record) => ({
      ...record,
      maps: { ...record.maps, saliency: mapOf({ target: 0, grid: down }) },
    }));
    expect(told(KIND, run, others)).toEqual([]);
    // A map that is the same everywhere has no order.
    expect(told(KIND, run, of(Array.from({ length: 30 }, () => [up, gridOf(() => 0)])))).toEqual([]);
    // Labels do not matter.
    expect(
      told(
        KIND,
        run,
        apart.map((record) => ({ ...record, label: undefined })),
      ),
    ).toHaveLength(1);
  });
});
