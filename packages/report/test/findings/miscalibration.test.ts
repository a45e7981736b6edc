import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../src/index.ts';
import { binary, countTold, most, recordsOf, runOf, runOfClasses, told } from './records.ts';

const KIND = 'miscalibration';
const logit = (p: number) => Math.log(p / (1 - p));
const sharpened = (by: number) => (p: number) => 1 / (1 + Math.exp(-by * logit(p)));

/** Pictures whose score is `say(p)` where p is the chance of the truth; `size` pictures of a patient share it. */
const scored = (random: ReturnType<typeof randomStream>, say: (p: number) => number, size = 1): AuditRecord[] => {
  let truth = false;
  let p = 0;
  return recordsOf(400, (i) => {
    if (i % size === 0) {
      p = random.uniform();
      truth = random.uniform() < p;
    }
    return {
      label: [truth ? 1 : 0],
      scores: binary(say(p)),
      ...(size > 1 && { group: `P${Math.floor(i / size)}` }),
    };
  });
};
const of = (say: (p: number) => number) => told(KIND, runOf(), scored(randomStream(1, 'calibration'), say));

describe(KIND, () => {
  it('tells scores that are too sure or too cautious', () => {
    expect(of((p) => p)).toEqual([]);
    expect(of(sharpened(4))[0]!.title).toContain('too sure');
    expect(of(sharpened(0.25))[0]!.title).toContain('too cautious');
  });

  it('gives figures that follow from their definitions', () => {
    // 100 pictures said to be positive with 0.8, of which 50 are; 100 with 0.1, of which 10 are.
    const records = recordsOf(200, (i) => ({
      label: [i < 100 ? i % 2 : i % 10 === 0 ? 1 : 0],
      scores: binary(i < 100 ? 0.8 : 0.1),
    }));
    const [finding] = told(KIND, runOf(), records);
    const variance = 100 * (0.6 ** 2 * 0.8 * 0.2 + 0.8 ** 2 * 0.1 * 0.9);
    const z = (50 * 0.2 * -0.6 + 50 * -0.8 * -0.6 + 10 * 0.9 * 0.8 + 90 * -0.1 * 0.8) / Math.sqrt(variance);
    expect(finding!.figures.z).toBeCloseTo(z, 10);
    expect(finding!.figures.ece).toBeCloseTo(0.5 * 0.3, 10);
    expect(finding).toMatchObject({ severity: 'medium', ids: [], figures: { n: 200 } });
    expect(finding!.title).toBe('Scores are not probabilities: they are off by 15 % on average, too sure');
  });

  it('is about what was decided where there are several classes', () => {
    const run = runOfClasses(['a', 'b', 'c']);
    const records = recordsOf(300, (i) => ({
      label: [i % 5 < 2 ? 0 : 1],
      scores: [
        [0, 0.9],
        [1, 0.06],
        [2, 0.04],
      ],
    }));
    expect(told(KIND, run, records)[0]).toMatchObject({ severity: 'high' });
    expect(told(KIND, run, records)[0]!.figures.ece).toBeCloseTo(0.5, 10);
  });

  it('is silent on right scores: at most 1 in 1000', () => {
    expect(countTold(KIND, 100, (random) => [runOf(), scored(random, (p) => p)])).toBeLessThanOrEqual(most(100, 0.001));
  });

  it('does not take few patients for many', () => {
    // Calibrated by patient; ten pictures of each fall together.
    expect(countTold(KIND, 40, (random) => [runOf(), scored(random, (p) => p, 10)])).toBeLessThan(3);
  });

  it('says nothing of few pictures, of several labels at once, of certainties that come true', () => {
    const wrong = (count: number) => recordsOf(count, () => ({ label: [0], scores: binary(0.99) }));
    expect(told(KIND, runOf(), wrong(29))).toEqual([]);
    expect(told(KIND, runOf(), wrong(30))).toHaveLength(1);
    expect(told(KIND, runOf({ task: 'multilabel' }), wrong(100))).toEqual([]);
    expect(
      told(
        KIND,
        runOf(),
        recordsOf(100, (i) => ({ scores: binary(i % 2) })),
      ),
    ).toEqual([]);
  });
});
