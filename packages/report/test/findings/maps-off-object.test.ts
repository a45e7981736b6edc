import type { RandomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import type { AuditRecord, MapRecord } from '../../src/index.ts';
import {
  binary,
  binomialAtLeast,
  countTold,
  idOf,
  METHODS,
  mapOf,
  most,
  recordsOf,
  runOf,
  runOfClasses,
  told,
} from './records.ts';

const KIND = 'map-off-object';
const run = runOf({ methods: [METHODS.gradcam] });
const inside = (mass: number, area = 0.3): MapRecord['inside'] => ({ mass, pointing: false, iou: 0.1, cut: 0.5, area });
/** Pictures decided for the positive class, with a map whose share of the mass inside the mask is `mass(i)`. */
const of = (
  count: number,
  mass: (i: number) => number,
  more: (i: number) => Partial<MapRecord> = () => ({}),
): AuditRecord[] =>
  recordsOf(count, (i) => ({
    label: [1],
    scores: binary(0.9),
    masked: true,
    maps: { gradcam: mapOf({ inside: inside(mass(i)), ...more(i) }) },
  }));

describe(KIND, () => {
  it('tells maps that lie off the object, the farthest first', () => {
    const [finding] = told(
      KIND,
      run,
      of(20, (i) => (i < 16 ? 0.2 - i / 100 : 0.5)),
    );
    expect(finding).toMatchObject({
      severity: 'low',
      ids: Array.from({ length: 16 }, (_, i) => idOf(15 - i)),
      figures: { n: 20, off: 16, falling: 0, area: 0.3 },
      method: 'gradcam',
    });
    expect(finding!.figures.p).toBeCloseTo(binomialAtLeast(16, 20, 0.5), 12);
    expect(finding!.figures.q).toBeCloseTo(binomialAtLeast(16, 20, 0.5), 12);
    // Sorted: 0.05 … 0.20 and four of 0.5; the middle lies between the tenth and the eleventh.
    expect(finding!.figures.mass).toBeCloseTo((0.14 + 0.15) / 2, 10);
    expect(finding!.title).toMatch(
      /^Grad-CAM maps for “malignant” lie off the object: 1[45] % of their mass is inside the mask, which covers 30 % of the picture$/,
    );
    expect(finding!.evidence).toContain('was not tried');
  });

  it('is medium where covering what lies outside makes decisions fall', () => {
    const covered = (i: number) => ({
      covered: { before: 0.9, hot: 0.5, cold: 0.9, outside: i % 3 === 0 ? 0.3 : 0.88 },
    });
    const [finding] = told(
      KIND,
      run,
      of(18, () => 0.1, covered),
    );
    expect(finding).toMatchObject({ severity: 'medium', figures: { falling: 6 } });
    expect(finding!.evidence).toContain('in 6 of 18: the model looks there too.');
    const strays = told(
      KIND,
      run,
      of(
        18,
        () => 0.1,
        () => ({ covered: { before: 0.9, hot: 0.5, cold: 0.9, outside: 0.88 } }),
      ),
    )[0]!;
    expect(strays.severity).toBe('low');
    expect(strays.evidence).toContain('in 0 of 18: the maps stray');
  });

  it('is silent where maps are no better than even ones: at most 1 in 100', () => {
    const even = (random: RandomStream) => of(40, () => (random.uniform() < 0.5 ? 0.2 : 0.4));
    expect(countTold(KIND, 150, (random) => [run, even(random)])).toBeLessThanOrEqual(most(150, 0.01));
  });

  it('is silent with few masks, masks of nothing or everything, and for the negative class', () => {
    const off = () => 0.1;
    expect(told(KIND, run, of(9, off))).toEqual([]);
    expect(
      told(
        KIND,
        run,
        of(30, off, () => ({ inside: undefined })),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        run,
        of(
          30,
          () => 0,
          () => ({ inside: inside(0, 0.01) }),
        ),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        run,
        of(30, off, () => ({ inside: inside(0.5, 0.95) })),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        run,
        of(30, off, () => ({ empty: true })),
      ),
    ).toEqual([]);
    const negative = of(30, off, () => ({ target: 0 })).map((record) => ({
      ...record,
      label: [0],
      scores: binary(0.1),
    }));
    expect(told(KIND, run, negative)).toEqual([]);
    const classes = runOfClasses(['a', 'b'], { methods: [METHODS.gradcam] });
    expect(told(KIND, classes, negative)).toHaveLength(1);
    // A label is not asked for.
    expect(
      told(
        KIND,
        run,
        of(30, off).map((record) => ({ ...record, label: undefined })),
      ),
    ).toHaveLength(1);
  });
});
