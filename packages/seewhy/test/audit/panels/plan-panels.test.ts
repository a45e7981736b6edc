import { describe, expect, it } from 'vitest';
import { drawGroup } from '../../../src/audit/panels/group-panels.ts';
import { evenly } from '../../../src/audit/panels/pick.ts';
import { type PanelPlan, panelIds } from '../../../src/audit/panels/plan.ts';
import { planPanels } from '../../../src/audit/panels/plan-panels.ts';
import { auditRun, binary, explained, record } from './records.ts';

const named = (plans: readonly PanelPlan[], name: string) => plans.find((plan) => plan.name === name)!;
const ids = (plan: PanelPlan) => plan.sections.map(({ items }) => items.map(({ id }) => id));

/** 0, 1 … n − 1 in an order that is neither. */
const shuffled = <T>(list: readonly T[]): T[] => list.map((_, i) => list[(i * 37 + 11) % list.length]!);

describe('binary: TP + FN and TN + FP', () => {
  const run = auditRun();
  const records = [
    binary('a', 0.9, 1),
    binary('b', 0.2, 1),
    binary('c', 0.05, 1),
    binary('d', 0.5, 1),
    binary('e', 0.4999, 0),
    binary('f', 0.97, 0),
    binary('g', 0.6, 0),
    binary('h', 0.1, 0),
    binary('unlabelled', 0.99),
    binary('broken', Number.NaN, 1),
  ];
  it('errors the most wrong first, hits the most confident first; the threshold itself is positive', () => {
    const plans = planPanels(records, run);
    expect(plans.map(({ name }) => name)).toEqual(['tp-fn', 'tn-fp']);
    expect(ids(named(plans, 'tp-fn'))).toEqual([
      ['a', 'd'],
      ['c', 'b'],
    ]);
    expect(ids(named(plans, 'tn-fp'))).toEqual([
      ['h', 'e'],
      ['f', 'g'],
    ]);
    expect(named(plans, 'tp-fn').title).toBe('2 true positives, 2 false negatives at threshold 0.5');
    expect(named(plans, 'tp-fn').subtitle[0]).toContain('4 of 8 labelled pictures are malignant');
    const fn = named(plans, 'tp-fn').sections[1]!;
    expect(fn.items[0]).toEqual({
      id: 'c',
      cell: { text: 'FN', wrong: true },
      score: '0.050',
      lines: ['label malignant · predicted benign'],
    });
    // Rounded it would be the threshold, and on its wrong side.
    expect(named(plans, 'tn-fp').sections[0]!.items[1]!.score).toBe('0.499900');
  });
  it('moves pictures with the threshold', () => {
    const plans = planPanels(records, run, { threshold: 0.95 });
    expect(ids(named(plans, 'tp-fn'))).toEqual([[], ['c', 'b', 'd', 'a']]);
    expect(named(plans, 'tp-fn').sections[0]!.empty).toBe('No picture: all malignant ones are false negatives.');
    expect(ids(named(plans, 'tn-fp'))).toEqual([['h', 'e', 'g'], ['f']]);
  });
  it('does not depend on the order of the records, equal scores neither', () => {
    const many = Array.from({ length: 100 }, (_, i) =>
      binary(`p${i}`, ((i * 7) % 10) / 10, i % 3 === 0 ? 1 : 0, { group: `g${i % 9}` }),
    );
    expect(planPanels(shuffled(many), run, { seed: 5 })).toEqual(planPanels(many, run, { seed: 5 }));
  });
  it('hits show the whole range of scores: at equal steps of rank, both ends among them', () => {
    const many = Array.from({ length: 85 }, (_, i) => binary(`p${i}`, 0.5 + i / 200, 1));
    const tp = named(planPanels(shuffled(many), run), 'tp-fn').sections[0]!;
    expect(tp.items.map(({ id }) => id)).toEqual(['p84', 'p72', 'p60', 'p48', 'p36', 'p24', 'p12', 'p0']);
    expect(tp.note).toBe('8 of 85, evenly over their scores, the most confident first; 77 are left out.');
    expect(evenly([1, 2, 3], 1)).toEqual([1]);
    expect(evenly([1, 2, 3], 3)).toEqual([1, 2, 3]);
  });
  it('at most 32 errors, and says what is left out', () => {
    const many = Array.from({ length: 50 }, (_, i) => binary(`p${i}`, i / 200, 1));
    const fn = named(planPanels(shuffled(many), run), 'tp-fn').sections[1]!;
    expect(fn.items.map(({ id }) => id)).toEqual(Array.from({ length: 32 }, (_, i) => `p${i}`));
    expect(fn.note).toBe('32 of 50, the most wrong first; 18 are left out.');
  });
  it('shows what was explained, where some was; what was chosen before is chosen after', () => {
    const many = Array.from({ length: 85 }, (_, i) => binary(`p${i}`, 0.5 + i / 200, 1, { group: `g${i % 9}` }));
    const before = planPanels(many, run);
    const wanted = panelIds(before);
    const after = many.map((one) => (wanted.has(one.id) ? { ...one, ...explained() } : one));
    expect(planPanels(after, run)).toEqual(before);
    // Only the weakest ten were explained.
    const weak = many.map((one, i) => (i < 10 ? { ...one, ...explained() } : one));
    const tp = named(planPanels(weak, run), 'tp-fn').sections[0]!;
    expect(tp.items.map(({ id }) => id)).toEqual(['p9', 'p8', 'p6', 'p5', 'p4', 'p3', 'p1', 'p0']);
    expect(tp.note).toContain('75 of all were not explained');
  });
  it('one class only, and no labels at all', () => {
    const plans = planPanels([binary('a', 0.9, 1), binary('b', 0.4, 1)], run);
    expect(ids(named(plans, 'tn-fp'))).toEqual([[], []]);
    expect(named(plans, 'tn-fp').sections[0]!.empty).toBe('No picture: the data set labels none as benign.');
    expect(planPanels([binary('a', 0.9)], run)).toEqual([]);
    expect(planPanels([], run)).toEqual([]);
  });
  it('the positive class may be the first', () => {
    const plans = planPanels(
      [binary('a', 0.9, 1), binary('b', 0.2, 1), binary('c', 0.3, 0)],
      auditRun({ positive: 0 }),
    );
    // P(class 0) is 0.1, 0.8 and 0.7.
    expect(ids(named(plans, 'tp-fn'))).toEqual([['c'], []]);
    expect(ids(named(plans, 'tn-fp'))).toEqual([['a'], ['b']]);
  });
});

describe('patients', () => {
  const run = auditRun();
  const records = [
    binary('img10', 0.9, 1, { group: 'P2' }),
    binary('img9', 0.3, 1, { group: 'P2' }),
    binary('img2', 0.1, 0, { group: 'P2' }),
    binary('x1', 0.2, 1, { group: 'P10' }),
    binary('x2', 0.1, 1, { group: 'P10' }),
    binary('y', 0.9, 0, { group: 'P1' }),
    binary('z', 0.2, 0, { group: 'P3' }),
    binary('u', 0.2, undefined, { group: 'P4' }),
    binary('alone', 0.9, 0),
  ];
  it('all pictures of one, in the order people count', () => {
    const plan = named(planPanels(records, run, { patient: 'P2' }), 'patient-P2');
    expect(ids(plan)).toEqual([['img2', 'img9', 'img10']]);
    expect(plan.title).toBe('Patient P2: 3 pictures, 1 wrong');
    expect(plan.subtitle).toEqual(['Chosen by name.']);
  });
  it('one drawn by the seed: the same for the same seed, every one for some seed', () => {
    const drawn = (seed: number) =>
      planPanels(records, run, { seed }).find(({ name }) => name.startsWith('patient-'))!.name;
    expect(drawn(3)).toBe(drawn(3));
    const all = new Set(Array.from({ length: 60 }, (_, seed) => drawn(seed)));
    expect(all).toEqual(new Set(['P1', 'P2', 'P3', 'P4', 'P10'].map((name) => `patient-${name}`)));
    // Whoever joins later, the choice changes only if they are drawn.
    const names = ['P1', 'P2', 'P3'];
    expect(drawGroup([...names].reverse(), 7)).toBe(drawGroup(names, 7));
  });
  it('one that does not exist is an error that names near ones', () => {
    expect(() => planPanels(records, run, { patient: 'P11' })).toThrow(/'P11'.*P1/s);
    expect(() => planPanels([binary('a', 0.5, 1)], run, { patient: 'P1' })).toThrow(/no groups/);
  });
  it('the worst first: most errors, then the highest mean loss; unlabelled ones are none', () => {
    const plan = named(planPanels(records, run), 'worst-patients');
    expect(plan.sections.map(({ title }) => title.split(':')[0])).toEqual(['P10', 'P1', 'P2', 'P3']);
    expect(ids(plan)).toEqual([['x2', 'x1'], ['y'], ['img9', 'img2', 'img10'], ['z']]);
    // −ln 0.2 and −ln 0.1.
    expect(plan.sections[0]!.title).toBe(
      `P10: 2 of 2 wrong, mean loss ${((-Math.log(0.2) - Math.log(0.1)) / 2).toPrecision(3)}`,
    );
    expect(plan.title).toBe('Worst by patient: 3 of 4 have errors');
  });
  it('a hostile name stays in the folder and is shown short', () => {
    const evil = `../../${'x'.repeat(10_000)}\u0000<script>`;
    const plans = planPanels([binary('a', 0.9, 1, { group: evil })], run);
    const plan = plans.find(({ name }) => name.startsWith('patient-'))!;
    expect(plan.name).toMatch(/^patient-x{1,40}-[0-9a-f]{8}$/);
    expect(plan.title.length).toBeLessThan(120);
    const arabic = planPanels([binary('a', 0.9, 1, { group: 'مريض' })], run).find(({ name }) =>
      name.startsWith('patient-'),
    )!;
    expect(arabic.name).toMatch(/^patient-[0-9a-f]{8}$/);
    expect(arabic.title).toContain(`#${arabic.name.slice(8)}`);
  });
});

describe('multi-class: pairs and classes', () => {
  const run = auditRun({
    task: 'multiclass',
    classes: ['cat', 'dog', 'cow'],
    dataset: { ...auditRun().dataset, columns: {} },
  });
  const one = (id: string, label: number, ...scores: number[]) =>
    record({ id, label: [label], scores: scores.map((p, index) => [index, p] as const) });
  const records = [
    one('c1', 0, 0.2, 0.7, 0.1),
    one('c2', 0, 0.1, 0.8, 0.1),
    one('d1', 1, 0.1, 0, 0.9),
    one('w1', 2, 0.6, 0.1, 0.3),
    one('ok1', 0, 0.6, 0.1, 0.3),
    one('ok2', 0, 0.9, 0.05, 0.05),
    one('ok3', 0, 0.7, 0.2, 0.1),
    one('ok4', 2, 0, 0, 1),
  ];
  it('errors by pair, the most frequent pair first, then the most confident one', () => {
    const plan = named(planPanels(shuffled(records), run), 'errors');
    expect(plan.sections.map(({ title }) => title)).toEqual([
      'cat, taken for dog: 2',
      'dog, taken for cow: 1',
      'cow, taken for cat: 1',
    ]);
    expect(ids(plan)).toEqual([['c2', 'c1'], ['d1'], ['w1']]);
    expect(plan.title).toBe('4 errors of 8 labelled pictures');
    expect(plan.sections[0]!.items[0]).toEqual({
      id: 'c2',
      cell: { text: 'wrong', wrong: true },
      score: '0.800',
      lines: ['label cat 0.100 · predicted dog'],
    });
  });
  it('the two most confident hits of each class, in the order of the classes', () => {
    const plan = named(planPanels(shuffled(records), run), 'hits');
    expect(plan.sections.map(({ title }) => title)).toEqual(['cat: 3', 'cow: 1']);
    expect(ids(plan)).toEqual([['ok2', 'ok3'], ['ok4']]);
  });
  it('says so when there is no error, and when pairs are left out', () => {
    const right = planPanels([records[4]!], run);
    expect(named(right, 'errors').sections).toEqual([
      { title: 'Errors', note: '', items: [], empty: 'No picture: every labelled one is right.' },
    ]);
    const classes = Array.from({ length: 30 }, (_, i) => `k${i}`);
    const wrong = classes.map((_, i) => record({ id: `p${i}`, label: [i], scores: [[(i + 1) % 30, 0.9]] }));
    const plan = named(planPanels(wrong, { ...run, classes }), 'errors');
    expect(plan.sections).toHaveLength(16);
    expect(plan.subtitle[0]).toContain('16 of 30 pairs, the most frequent; 14 are left out');
  });
});

describe('multi-label: each class for itself', () => {
  const run = auditRun({ task: 'multilabel', classes: ['oedema', 'Mass', 'mass', 'never'] });
  const one = (id: string, label: readonly number[], ...scores: number[]) =>
    record({ id, label, scores: scores.map((p, index) => [index, p] as const) });
  const records = [
    one('a', [0], 0.9, 0.8, 0.1, 0.1),
    one('b', [0, 1], 0.2, 0.7, 0.1, 0.1),
    one('c', [], 0.6, 0.1, 0.1, 0.1),
    one('d', [2], 0.1, 0.1, 0.9, 0.1),
  ];
  it('the four cells of each class, the class with the most errors first; none for a class that never occurs', () => {
    const plans = planPanels(shuffled(records), run);
    expect(plans.map(({ name }) => name)).toEqual([
      'class-oedema',
      expect.stringMatching(/^class-Mass-[0-9a-f]{8}$/),
      expect.stringMatching(/^class-mass-[0-9a-f]{8}$/),
    ]);
    expect(ids(plans[0]!)).toEqual([['a'], ['b'], ['c'], ['d']]);
    expect(plans[0]!.title).toBe(
      'oedema at threshold 0.5: 1 true positive, 1 false negative, 1 false positive, 1 true negative',
    );
    expect(ids(plans[1]!)).toEqual([['b'], [], ['a'], ['c', 'd']]);
    expect(plans[0]!.sections[2]!.items[0]).toEqual({
      id: 'c',
      cell: { text: 'FP', wrong: true },
      score: '0.600',
      lines: ['label none · predicted oedema'],
    });
  });
});
