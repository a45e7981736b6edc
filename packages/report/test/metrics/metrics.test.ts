import { randomStream } from '@seewhy/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMilliseconds } from '../../../../tools/test-support/cpu-milliseconds.ts';
import {
  areaUnderRoc,
  averagePrecision,
  BinaryCurve,
  bestThreshold,
  binaryMetrics,
  calibrationOf,
  curveOf,
  evaluate,
  rocPoints,
} from '../../src/index.ts';
import { roundestIn } from '../../src/metrics/best-threshold.ts';
import { expectNear } from '../near.ts';
import { record, run } from './scored-record.ts';

describe('BinaryCurve', () => {
  const cases = fc.array(fc.tuple(fc.constantFrom(0, 0.1, 0.25, 0.5, 0.75, 1, Number.NaN), fc.boolean()), {
    maxLength: 40,
  });
  it('counts as counting does, at any threshold', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(-1, 0, 0.1, 0.3, 0.5, 0.75, 1, 2), (pairs, threshold) => {
        const curve = new BinaryCurve(
          pairs.map(([score]) => score),
          pairs.map(([, truth]) => truth),
        );
        const count = (truth: boolean, above: boolean) =>
          pairs.filter(([s, t]) => t === truth && !Number.isNaN(s) && s >= threshold === above).length;
        expect(curve.at(threshold)).toEqual({
          tp: count(true, true),
          fn: count(true, false),
          tn: count(false, false),
          fp: count(false, true),
        });
        expect(curve.omitted).toBe(pairs.filter(([s]) => Number.isNaN(s)).length);
      }),
    );
  });
  it('the area is the chance that a positive scores higher, and the trapezoids under the curve', () => {
    fc.assert(
      fc.property(cases, (all) => {
        const pairs = all.filter(([score]) => !Number.isNaN(score));
        const [up, down] = [true, false].map((t) => pairs.filter(([, truth]) => truth === t).map(([score]) => score));
        fc.pre(up!.length > 0 && down!.length > 0);
        const curve = new BinaryCurve(
          pairs.map(([score]) => score),
          pairs.map(([, truth]) => truth),
        );
        let wins = 0;
        for (const a of up!) for (const b of down!) wins += a > b ? 1 : a === b ? 0.5 : 0;
        const auc = areaUnderRoc(curve);
        expectNear(auc.value, wins / (up!.length * down!.length));
        const { x, y } = rocPoints(curve);
        let area = 0;
        for (let i = 1; i < x.length; i++) area += ((x[i]! - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2;
        expectNear(auc.value, area);
        expect(auc.low).toBeLessThanOrEqual(auc.value);
        expect(auc.high).toBeGreaterThanOrEqual(auc.value);
        expect(auc.high - auc.low).toBeGreaterThan(0);
      }),
    );
  });
  it('follows a slider over 50,000 pictures in less than 10 ms of work', () => {
    const random = randomStream(1, 'slider');
    const scores = Float64Array.from({ length: 50_000 }, () => random.uniform());
    const curve = new BinaryCurve(
      scores,
      Array.from(scores, (score) => random.uniform() < score),
    );
    const values: number[] = [];
    const start = cpuMilliseconds();
    for (let i = 0; i < 1000; i++) values.push(binaryMetrics(curve.at(i / 1000)).mcc.value);
    expect((cpuMilliseconds() - start) / 1000).toBeLessThan(10); // some 0.05 on an idle machine
    expect(Math.min(...values.slice(101, 900))).toBeGreaterThan(0.1);
    const best = cpuMilliseconds();
    bestThreshold(curve, { kind: 'cost', fp: 1, fn: 3 });
    expect(cpuMilliseconds() - best).toBeLessThan(20_000); // some 20 ms on an idle machine
  });
  it.each([
    ['nothing at all', [], 'There is no labelled picture with a score.'],
    ['only NaN', [[Number.NaN, true]], 'There is no labelled picture with a score.'],
    ['no negatives', [[0.4, true]], 'There is no negative picture.'],
    ['no positives', [[0.4, false]], 'There is no positive picture.'],
  ] as [string, [number, boolean][], string][])('%s: no figure, and a reason', (_, pairs, reason) => {
    const curve = new BinaryCurve(
      pairs.map(([score]) => score),
      pairs.map(([, truth]) => truth),
    );
    expect(areaUnderRoc(curve)).toEqual({ value: Number.NaN, low: Number.NaN, high: Number.NaN, reason });
    expect(bestThreshold(curve, { kind: 'youden' })).toEqual({ value: Number.NaN, reason });
    if (curve.positive.length === 0) expect(averagePrecision(curve)).toMatchObject({ value: Number.NaN, reason });
    expect(binaryMetrics(curve.at(0.5)).mcc.reason).toMatch(/\.$/);
  });
});

describe('bestThreshold', () => {
  it('no threshold is better, and the number is a round one between two scores', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.boolean()), { minLength: 2, maxLength: 40 }),
        fc.integer({ min: 0, max: 9 }),
        (pairs, fn) => {
          fc.pre(pairs.some(([, truth]) => truth) && pairs.some(([, truth]) => !truth));
          const curve = new BinaryCurve(
            pairs.map(([score]) => score / 50),
            pairs.map(([, truth]) => truth),
          );
          const cost = (threshold: number) => {
            const counts = curve.at(threshold);
            return (counts.fp + fn * counts.fn) / pairs.length;
          };
          const found = bestThreshold(curve, { kind: 'cost', fp: 1, fn });
          const all = [...curve.thresholds, 2].map(cost);
          expectNear(found.value, Math.min(...all));
          expectNear(cost(found.threshold!), found.value);
          expect(String(found.threshold).length).toBeLessThan(7);
        },
      ),
    );
  });
  it('of equally good ones the nearest to 0.5', () => {
    // 0.4 … 0.6 all separate them.
    expect(bestThreshold(new BinaryCurve([0.1, 0.4, 0.6], [0, 0, 1]), { kind: 'f1' }).threshold).toBe(0.5);
    expect(bestThreshold(new BinaryCurve([0.1, 0.9], [1, 1]), { kind: 'f1' })).toMatchObject({
      threshold: 0,
      value: 1,
    });
    expect(bestThreshold(new BinaryCurve([0.1, 0.9], [1, 0]), { kind: 'sensitivity', least: 2 }).reason).toBe(
      'No threshold fulfils the condition.',
    );
  });
  it.each([
    [0.41, 0.49, 0.45],
    [0.39, 0.41, 0.4],
    [-5, 0, 0],
    [0.1234567, 0.1234568, 0.1234568],
    [2, 3.5, 3],
    [1 - 2e-16, 1, 1],
  ])('the roundest number above %d up to %d is %d', (low, high, wanted) => {
    const found = roundestIn(low, high);
    if (low === -5) expect(found > -5 && found <= 0).toBe(true);
    else expect(found).toBe(wanted);
  });
});

describe('calibration', () => {
  it('a promise kept has no error; the parts add up', () => {
    const scores = [...Array(10).fill(0.25), ...Array(10).fill(0.75)];
    const truths = scores.map((score, i) => i % 4 < score * 4 === true);
    const kept = calibrationOf([0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75], [1, 0, 0, 0, 1, 1, 1, 0]);
    expect(kept.ece.value).toBe(0);
    expect(kept.mce.value).toBe(0);
    expect(kept.parts).toMatchObject({ reliability: 0, resolution: 0.0625, uncertainty: 0.25 });
    for (const kind of ['width', 'mass'] as const) {
      const { brier, parts } = calibrationOf([...scores, 0.3, 0.31, 0.99], [...truths, true, false, true], kind, 4);
      expectNear(brier.value, parts.reliability - parts.resolution + parts.uncertainty + parts.within);
    }
  });
  it('nothing to look at has no figure', () => {
    const found = calibrationOf([Number.NaN], [1], 'mass');
    expect(found).toMatchObject({ bins: [], count: 0 });
    expect(found.ece.reason).toBe('There is no labelled picture with a score.');
    expect(found.brier.value).toBeNaN();
  });
});

describe('evaluate', () => {
  it('has every figure by name', () => {
    const map = {
      inside: { mass: 0.4, pointing: true, iou: 0.5 },
      border: 0.1,
      corners: [0, 0.3, 0, 0],
      entropy: 0.5,
      halfMassArea: 0.2,
      empty: false,
    };
    const gradcam = { ...run, methods: [{ name: 'gradcam', title: 'Grad-CAM', layers: [], signed: false }] };
    const records = [
      record(0.9, 1, { group: 'P', maps: { gradcam: map } as never }),
      record(0.2, 0, {
        group: 'Q',
        maps: { gradcam: { ...map, inside: { mass: 0.8, pointing: false, iou: 0.1 } } } as never,
      }),
      record(0.7, 0, { group: 'Q', maps: { gradcam: { ...map, empty: true } } as never }),
    ];
    const found = evaluate(records, gradcam);
    expect(found.get('accuracy')!.value).toBe(2 / 3);
    expect(found.get('auc')!.value).toBe(1);
    expect(found.get('mass_inside(gradcam)')!.value).toBeCloseTo(0.6, 12);
    expect(found.get('pointing(gradcam)')!.value).toBe(0.5);
    expect(found.get('corner(gradcam)')!.value).toBeCloseTo(0.3, 12);
    expect(found.get('empty(gradcam)')!.value).toBe(1 / 3);
    expect(found.get('group_sensitivity(max)')!.value).toBe(1);
    expect(found.get('brier')!.value).toBeCloseTo((0.01 + 0.04 + 0.49) / 3, 12);
    for (const [name, { value, reason }] of found) expect(Number.isNaN(value) ? reason : 'defined', name).toBeTruthy();
  });
  it('an audit without labels has no figures, and says why', () => {
    const found = evaluate([record(0.9, undefined)], run);
    expect(found.get('accuracy')).toMatchObject({
      value: Number.NaN,
      reason: 'There is no labelled picture with a score.',
    });
    expect(curveOf([], run).count).toBe(0);
    for (const [name, { value, reason }] of found) expect(Number.isNaN(value) ? reason : 'defined', name).toBeTruthy();
  });
});
