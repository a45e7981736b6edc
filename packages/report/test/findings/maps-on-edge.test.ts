import type { RandomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import type { AuditRecord, MapRecord } from '../../src/index.ts';
import {
  binary,
  countTold,
  fisherAtLeast,
  METHODS,
  mapOf,
  most,
  recordsOf,
  runOf,
  runOfClasses,
  told,
} from './records.ts';

const KIND = 'maps-on-edge';
const run = runOf({ methods: [METHODS.gradcam] });
const corner: Partial<MapRecord> = { corners: [0.1, 0.6, 0.05, 0.05] };
const frame: Partial<MapRecord> = { border: 0.8, corners: [0.2, 0.2, 0.2, 0.2] };
const fallen = { covered: { before: 0.9, hot: 0.3, cold: 0.9 } };
const stood = { covered: { before: 0.9, hot: 0.88, cold: 0.9 } };
/** Half of the pictures decided for each class; `there(i, target)` says what is special about a map. */
const of = (count: number, there: (i: number, target: number) => Partial<MapRecord>): AuditRecord[] =>
  recordsOf(count, (i) => ({ maps: { gradcam: mapOf({ target: i % 2, ...there(i, i % 2) }) } }));

describe(KIND, () => {
  it('tells maps of one class in a corner', () => {
    const records = of(80, (i, target) => (target === 1 && i < 30 ? corner : {}));
    const found = told(KIND, run, records);
    expect(found).toHaveLength(1);
    const [finding] = found;
    expect(finding).toMatchObject({
      title: '15 of 40 Grad-CAM maps for “malignant” lie in the upper right corner',
      severity: 'low',
      ids: records.filter((_, i) => i % 2 === 1 && i < 30).map(({ id }) => id),
      figures: { n: 40, there: 15, falling: 0 },
    });
    const p = fisherAtLeast(15, 40, 15, 80);
    expect(finding!.figures.p! / p).toBeCloseTo(1, 9);
    // Five places are tried of the one class; the others have no map there.
    expect(finding!.figures.q! / p).toBeCloseTo(5, 9);
    expect(finding!.evidence).toContain('was not tried');
  });

  it('tells maps along the border; whether decisions fall is said', () => {
    const [finding] = told(
      KIND,
      run,
      of(80, (i, target) => (target === 1 ? { ...frame, ...(i % 4 === 1 ? fallen : stood) } : {})),
    );
    expect(finding!.title).toBe('40 of 40 Grad-CAM maps for “malignant” lie along the border');
    expect(finding!.evidence).toContain('With what they point at covered, the decision falls in 20 of 40.');
  });

  it('is silent where covering the place makes no decision fall', () => {
    expect(
      told(
        KIND,
        run,
        of(80, (_, target) => (target === 1 ? { ...frame, ...stood } : {})),
      ),
    ).toEqual([]);
  });

  it('is silent where all classes do so, few do, or the negative class does', () => {
    expect(
      told(
        KIND,
        run,
        of(80, () => corner),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        run,
        of(80, (i, target) => (target === 1 && i < 14 ? corner : {})),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        run,
        of(80, (_, target) => (target === 0 ? corner : {})),
      ),
    ).toEqual([]);
    const classes = runOfClasses(['a', 'b'], { methods: [METHODS.gradcam] });
    expect(
      told(
        KIND,
        classes,
        of(80, (_, target) => (target === 0 ? corner : {})),
      ),
    ).toHaveLength(1);
    expect(
      told(
        KIND,
        run,
        of(80, (_, target) => (target === 1 ? corner : {})).filter((_, i) => i % 2 === 1),
      ),
    ).toEqual([]);
  });

  it('is silent by chance in 99 of 100', () => {
    const places = (random: RandomStream) =>
      of(80, () => (random.uniform() < 0.3 ? corner : random.uniform() < 0.3 ? frame : {}));
    expect(countTold(KIND, 150, (random) => [run, places(random)])).toBeLessThanOrEqual(most(150, 0.01));
  });

  it('does not count maps of another class than the decision, nor empty ones', () => {
    const other = of(80, (_, target) => (target === 1 ? corner : {})).map((record, i) =>
      i % 2 ? { ...record, scores: binary(0.1) } : record,
    );
    expect(told(KIND, run, other)).toEqual([]);
    expect(
      told(
        KIND,
        run,
        of(80, (_, target) => (target === 1 ? { ...corner, empty: true } : {})),
      ),
    ).toEqual([]);
  });
});
