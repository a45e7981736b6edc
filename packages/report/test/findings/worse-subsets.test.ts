import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { cpuMilliseconds } from '../../../../tools/test-support/cpu-milliseconds.ts';
import { contextOf } from '../../src/findings/context.ts';
import { GroupSizes, groupedErrors } from '../../src/findings/statistics/grouped-errors.ts';
import { type AuditRecord, filterContext, findingsOf, parseFilter } from '../../src/index.ts';
import {
  adjustedByHand,
  binary,
  decided,
  fisherAtLeast,
  recordOf,
  recordsOf,
  runOf,
  runOfClasses,
  told,
} from './records.ts';

const run = runOf();
const record = (i: number, correct: boolean, more: Partial<AuditRecord>): AuditRecord =>
  recordOf(i, { scores: decided(i % 2, correct), ...more });
const worse = (records: readonly AuditRecord[]) => told('worse-subset', run, records);

describe('worse-subset', () => {
  it('finds a bad value of a column, whatever its name, with a filter that shows it', () => {
    for (const column of ['site', 'skin tone', 'label', 'gradcam.border', 'or', 'a"b\\c', '-x']) {
      const records = Array.from({ length: 200 }, (_, i) => {
        const bad = i % 20 < 4;
        return record(i, bad ? i % 40 >= 20 : i % 19 !== 0, { columns: { [column]: bad ? 'x..y "1"' : 'good' } });
      });
      const [first] = worse(records);
      expect(first?.title).toContain(`Column “${column}”`);
      const filter = parseFilter(first!.filter!, filterContext(run, records));
      expect(filter.problems).toEqual([]);
      const shown = records.filter((one) => filter.test(one, { threshold: 0.5 }));
      expect(shown).toHaveLength(first!.figures.n!);
      expect(first!.ids.every((id) => shown.some((one) => one.id === id))).toBe(true);
    }
  });
  it('finds the part of a number, with its filter', () => {
    const records = Array.from({ length: 240 }, (_, i) =>
      record(i, i >= 60 || i % 3 === 0, { columns: { age: 20 + i / 4 } }),
    );
    const [first] = worse(records);
    expect(first?.title).toContain('Column “age” below');
    const filter = parseFilter(first!.filter!, filterContext(run, records));
    expect(records.filter((one) => filter.test(one, { threshold: 0.5 }))).toHaveLength(first!.figures.n!);
  });
  it('does not take one bad patient for a bad site', () => {
    // Patients are right or wrong as a whole; sites are drawn by patient and have nothing to do with it.
    let told = 0;
    for (let seed = 0; seed < 60; seed++) {
      const random = randomStream(seed, 'patients');
      const patients = Array.from({ length: 24 }, () => ({
        site: `s${random.uniformInt(3)}`,
        bad: random.uniform() < 0.25,
      }));
      const records = Array.from({ length: 240 }, (_, i) => {
        const patient = patients[Math.floor(i / 10)]!;
        return record(i, random.uniform() < 0.03 ? patient.bad : !patient.bad, {
          group: `P${Math.floor(i / 10)}`,
          columns: { site: patient.site },
        });
      });
      if (worse(records).some(({ title }) => title.includes('Column'))) told++;
    }
    // With pictures taken as independent cases it was told in 28 of 60.
    expect(told).toBeLessThan(4);
  });
  it('finds a hard class, with figures that follow from their definitions', () => {
    // 60 pictures of each of three classes, 6 of the first, 9 of the second and 30 of the third wrong.
    const three = runOfClasses(['cat', 'dog', 'owl']);
    const records = recordsOf(180, (i) => {
      const label = i % 3;
      const wrong = Math.floor(i / 3) < [6, 9, 30][label]!;
      return { label: [label], scores: [[wrong ? (label + 1) % 3 : label, 0.6]] };
    });
    const found = told('worse-subset', three, records);
    expect(found).toHaveLength(1);
    const [finding] = found;
    expect(finding!.title).toBe('Label “owl”: 50 % wrong, 13 % otherwise');
    expect(finding!.filter).toBe('label:owl');
    expect(finding!.severity).toBe('high');
    expect(finding!.ids).toEqual(records.filter((_, i) => i % 3 === 2 && Math.floor(i / 3) < 30).map(({ id }) => id));
    const p = [6, 9, 30].map((hits) => fisherAtLeast(hits, 60, 45, 180));
    expect(finding!.figures.p! / p[2]!).toBeCloseTo(1, 9);
    expect(finding!.figures.q! / adjustedByHand(p)[2]!).toBeCloseTo(1, 9);
    expect(finding!.figures).toMatchObject({ n: 60, errors: 30, rate: 0.5, otherRate: 0.125, comparisons: 3 });
  });
  it('finds a bad group, and each value of a column among one label', () => {
    const patients = recordsOf(200, (i) => {
      const patient = Math.floor(i / 10);
      return { group: `P${patient}`, scores: decided(i % 2, patient === 7 ? i % 10 === 0 : i % 15 !== 0) };
    });
    const [first, ...others] = worse(patients);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ filter: 'group:P7', figures: { n: 10, errors: 9 } });
    expect(first!.title).toBe('Group “P7”: 90 % wrong, 7 % otherwise');
    // Only malignant pictures of one device are hard.
    const devices = recordsOf(400, (i) => {
      const device = i % 4 < 2 ? 'old' : 'new';
      const wrong = device === 'old' && i % 2 === 1 && i % 8 < 4;
      return { columns: { device }, scores: decided(i % 2, !wrong) };
    });
    const [told1, ...rest] = worse(devices);
    expect(rest.map(({ title }) => title)).toEqual([]);
    expect(told1!.title).toBe('Column “device”, value “old” among “malignant”: 50 % wrong, 0 % otherwise');
    expect(told1!.ids.every((id) => [1, 3].includes(Number(id.slice(1)) % 8))).toBe(true);
  });
  it('does not blame a value that only goes with a hard label', () => {
    // Malignant pictures are hard wherever they come from; one site sends nearly only malignant ones.
    const records = recordsOf(400, (i) => {
      const label = i % 2;
      const site = (label === 1) !== i % 20 < 2 ? 'clinic' : 'practice';
      return { columns: { site }, scores: decided(label, label === 0 || i % 5 < 3) };
    });
    expect(worse(records).map(({ title }) => title)).toEqual(['Label “malignant”: 40 % wrong, 0 % otherwise']);
  });
  it('says nothing where there is nothing to compare', () => {
    const wrong = { scores: binary(0.9), label: [0] };
    expect(worse(recordsOf(40, () => ({ ...wrong, columns: { site: 'a' }, group: 'P' })))).toEqual([]);
    expect(worse(recordsOf(9, (i) => ({ ...(i < 4 ? wrong : {}), group: `P${i < 4}` })))).toEqual([]);
    expect(worse([recordOf(0, wrong)])).toEqual([]);
    expect(worse(recordsOf(60, (i) => ({ label: undefined, columns: { site: `s${i % 2}` } })))).toEqual([]);
  });
  it('of a multi-label head compares groups and columns, not labels', () => {
    const several = runOfClasses(['a', 'b'], { task: 'multilabel' });
    const records = recordsOf(200, (i) => ({
      label: i % 4 === 0 ? [] : [i % 2],
      scores: [
        [0, (i % 4 !== 0 && i % 2 === 0) !== i % 10 < 2 ? 0.9 : 0.1],
        [1, i % 4 !== 0 && i % 2 === 1 ? 0.8 : 0.2],
      ],
      columns: { site: i % 10 < 2 ? 'north' : 'south' },
    }));
    const found = told('worse-subset', several, records);
    expect(found[0]!.title).toBe('Column “site”, value “north”: 100 % wrong, 0 % otherwise');
    expect(found.some(({ title }) => title.startsWith('Label'))).toBe(false);
  });
  it('is silent on noise', () => {
    let told = 0;
    for (let seed = 0; seed < 40; seed++) {
      const random = randomStream(seed, 'noise');
      const records = Array.from({ length: 200 }, (_, i) =>
        record(i, random.uniform() > 0.15, {
          columns: {
            a: `v${random.uniformInt(4)}`,
            b: `v${random.uniformInt(3)}`,
            c: random.uniform(),
            d: random.uniform() < 0.5,
          },
          group: `P${random.uniformInt(40)}`,
          colour: [100, 100, 100, 100].map(
            (value) => value + random.uniformInt(50),
          ) as unknown as AuditRecord['colour'],
        }),
      );
      if (worse(records).length > 0) told++;
    }
    expect(told).toBeLessThan(4);
  });
  it('takes 50,000 pictures of 10,000 patients in a few seconds', () => {
    const random = randomStream(1, 'many');
    const records = Array.from({ length: 50_000 }, (_, i) =>
      record(i, random.uniform() > 0.1, { group: `P${i % 10_000}`, columns: { a: i % 40 } }),
    );
    const start = cpuMilliseconds();
    findingsOf(run, records, []);
    expect(cpuMilliseconds() - start).toBeLessThan(60_000); // some 4 s on an idle machine
  });
});

describe('groupedErrors', () => {
  const of = (groups: readonly (readonly boolean[])[]) => {
    let i = 0;
    const records = groups.flatMap((group, g) => group.map((correct) => record(i++, correct, { group: `g${g}` })));
    return contextOf(run, records, []).judged;
  };
  it('is 1 where groups are wrong as a whole, 0 where errors are spread', () => {
    expect(
      groupedErrors(
        of([
          [true, true],
          [false, false],
          [true, true],
        ]),
      ),
    ).toBe(1);
    expect(
      groupedErrors(
        of([
          [true, false],
          [true, false],
          [false, true],
        ]),
      ),
    ).toBe(0);
    expect(groupedErrors(of([[true], [false]]))).toBe(0);
    expect(groupedErrors(of([]))).toBe(0);
  });
  it('is the ratio of mean squares', () => {
    // Rates 0, ½, 1 in groups of 4, 2, 2: N = 8, mean 3/8, n₀ = (8 − 24/8)/2 = 2.5.
    const judged = of([
      [true, true, true, true],
      [true, false],
      [false, false],
    ]);
    const between = (4 * (3 / 8) ** 2 + 2 * (1 / 8) ** 2 + 2 * (5 / 8) ** 2) / 2;
    const within = (2 * 0.25) / 5;
    expect(groupedErrors(judged)).toBeCloseTo((between - within) / (between + 1.5 * within), 12);
  });
  it('design effects follow the mean size of a picture’s group', () => {
    const judged = of([
      [true, true, true, true],
      [true, true],
      [true, true],
    ]);
    const [inside, outside] = new GroupSizes([judged]).effects(judged.slice(2, 6), 0.5);
    // Inside two of the four and two of two; outside two of the four and two of two.
    expect(inside).toBeCloseTo(1 + 0.5 * ((4 + 4) / 4 - 1), 12);
    expect(outside).toBeCloseTo(1 + 0.5 * ((4 + 4) / 4 - 1), 12);
  });
});
