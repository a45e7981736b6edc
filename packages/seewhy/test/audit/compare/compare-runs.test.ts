import { describe, expect, it } from 'vitest';
import { askCompareGate, compareFigures, parseCompareGate } from '../../../src/audit/compare/compare-gate.ts';
import { compareRuns } from '../../../src/audit/compare/compare-runs.ts';
import { flipsPanel } from '../../../src/audit/compare/flips-panel.ts';
import { joinRuns } from '../../../src/audit/compare/join-runs.ts';
import { mapAgreement } from '../../../src/audit/compare/map-agreement.ts';
import { auditRun, binary, record } from '../panels/records.ts';

const runOf = (records: Parameters<typeof joinRuns>[0], more = {}, folder = 'run') => ({
  folder,
  run: auditRun(more),
  records,
});

/** a: right → wrong, b: wrong → right, c: right, d: wrong, e: no label, flips. */
const before = [binary('a', 0.8, 1), binary('b', 0.2, 1), binary('c', 0.1, 0), binary('d', 0.9, 0), binary('e', 0.7)];
const after = [binary('a', 0.3, 1), binary('b', 0.6, 1), binary('c', 0.3, 0), binary('d', 0.6, 0), binary('e', 0.2)];

describe('compareRuns', () => {
  it('counts flips, right and wrong', () => {
    const { flips, pairs, joined, metrics } = compareRuns({ a: runOf(before), b: runOf([...after].reverse()) });
    expect(flips).toEqual({ toWrong: 1, toRight: 1, bothRight: 1, bothWrong: 1, other: 1 });
    expect(joined).toMatchObject({ by: 'id', pictures: 5, labelled: 4, onlyA: 0, onlyB: 0, otherBytes: 0 });
    expect(pairs.map(({ id, flip }) => [id, flip])).toEqual([
      ['a', 'to-wrong'],
      ['b', 'to-right'],
      ['e', 'other'],
      ['d', undefined],
      ['c', undefined],
    ]);
    expect(pairs[0]!.change).toBeCloseTo(-0.5, 12);
    expect(pairs[0]!.about).toBe(1);
    expect(metrics.find(({ name }) => name === 'accuracy')).toMatchObject({
      a: { value: 0.5 },
      b: { value: 0.5 },
      difference: { value: 0, p: 1 },
    });
  });
  it('each run decides at its own threshold, which is said; or both at one', () => {
    const a = runOf(before, { threshold: 0.5 });
    const b = runOf(after, { threshold: 0.25 });
    const own = compareRuns({ a, b });
    // At 0.25 picture a stays positive, c becomes a false positive.
    expect(own.flips).toMatchObject({ toWrong: 1, toRight: 1, bothRight: 1, bothWrong: 1 });
    expect(own.pairs[0]!.id).toBe('c');
    expect(own.notices).toContain('Each run decides at its own threshold: A 0.5, B 0.25.');
    const one = compareRuns({ a, b, threshold: 0.5 });
    expect(one.pairs[0]!.id).toBe('a');
    expect(one.notices).toContain('Both decide at the threshold 0.5; they were run at 0.5 (A) and 0.25 (B).');
  });
  it('classes in another order are compared by name', () => {
    const classes = ['malignant', 'benign'];
    const turned = after.map((one) => ({
      ...one,
      ...(one.label ? { label: one.label.map((index) => 1 - index) } : {}),
      scores: one.scores.map(([index, score]) => [1 - index, score] as const),
    }));
    const same = compareRuns({ a: runOf(before), b: runOf(after) });
    const other = compareRuns({ a: runOf(before), b: runOf(turned, { classes, positive: 0 }) });
    expect(other.pairs).toEqual(same.pairs);
    expect(other.metrics).toEqual(same.metrics);
    expect(other.notices).toContain('The models list the classes in another order; they are compared by name.');
  });
  it.each([
    [{ task: 'multilabel' }, 'COMPARE_TASKS'],
    [{ classes: ['benign', 'melanoma'] }, 'COMPARE_CLASSES'],
    [{ positive: 0 }, 'COMPARE_POSITIVE'],
  ] as const)('refuses runs that do not fit: %j', (more, code) => {
    expect(() => compareRuns({ a: runOf(before), b: runOf(after, more) })).toThrow(expect.objectContaining({ code }));
  });
  it('names the classes that only one has', () => {
    expect(() => compareRuns({ a: runOf(before), b: runOf(after, { classes: ['benign', 'melanoma'] }) })).toThrow(
      /only A has 'malignant', only B has 'melanoma'/,
    );
  });
  it('says so when no picture is in both', () => {
    const others = after.map((one) => ({ ...one, id: `other/${one.id}`, sha256: `f${one.id}` }));
    expect(() => compareRuns({ a: runOf(before), b: runOf(others) })).toThrow(
      expect.objectContaining({ code: 'COMPARE_NOTHING_JOINED' }),
    );
  });
  it('labels that differ are not used, and counted; so are other bytes', () => {
    const others = [binary('a', 0.3, 0), { ...binary('b', 0.6, 1), sha256: 'other' }, binary('c', 0.3)];
    const { joined, pairs, notices } = compareRuns({ a: runOf(before), b: runOf(others) });
    expect(joined).toMatchObject({
      pictures: 3,
      labelled: 1,
      onlyA: 2,
      otherLabel: 1,
      otherBytes: 1,
      examplesA: ['d', 'e'],
    });
    expect(pairs.find(({ id }) => id === 'a')!.flip).toBe('other');
    expect(notices.join(' ')).toMatch(/1 picture has another label.*1 picture has a label in one run only/s);
  });
  it('multi-class: the change is that of the label; multi-label: of the class that changed most', () => {
    const classes = ['x', 'y', 'z'];
    const one = (label: number[], ...scores: number[]) =>
      record({ id: 'p', label, scores: scores.map((p, index) => [index, p] as const) });
    const multi = compareRuns({
      a: runOf([one([2], 0.5, 0.2, 0.3)], { task: 'multiclass', classes }),
      b: runOf([one([2], 0.1, 0.1, 0.8)], { task: 'multiclass', classes }),
    });
    expect(multi.pairs[0]).toMatchObject({ flip: 'to-right', change: 0.5, about: 2 });
    const several = compareRuns({
      a: runOf([one([0], 0.9, 0.2, 0.3)], { task: 'multilabel', classes }),
      b: runOf([one([0], 0.8, 0.7, 0.3)], { task: 'multilabel', classes }),
    });
    expect(several.pairs[0]).toMatchObject({ flip: 'to-wrong', change: 0.49999999999999994, about: 1 });
  });
});

describe('joinRuns', () => {
  const of = (ids: string, shas: string) => [...ids].map((id, i) => record({ id, scores: [], sha256: shas[i]! }));
  const shown = (joined: ReturnType<typeof joinRuns>) => joined.pairs.map(({ a, b }) => a.id + b.id);
  it('by id where that joins as many, else by content', () => {
    expect(joinRuns(of('abc', '123'), of('cba', '999'))).toMatchObject({ by: 'id' });
    const renamed = joinRuns(of('abc', '123'), of('xyz', '321'));
    expect(renamed.by).toBe('sha256');
    expect(shown(renamed)).toEqual(['az', 'by', 'cx']);
    expect(shown(joinRuns(of('abc', '123'), of('axy', '921')))).toEqual(['ay', 'bx']);
    expect(shown(joinRuns(of('abc', '123'), of('axy', '921'), 'id'))).toEqual(['aa']);
  });
  it('copies are joined one by one; nothing is joined twice; pictures without a hash are none', () => {
    const joined = joinRuns(of('abc', '111'), of('xy', '11'), 'sha256');
    expect(shown(joined)).toEqual(['ax', 'by']);
    expect(joined.onlyA.map(({ id }) => id)).toEqual(['c']);
    expect(joined.copies).toBe(2);
    const nameless = [record({ id: 'q', scores: [], sha256: '' })];
    expect(
      shown(
        joinRuns(
          nameless,
          nameless.map((one) => ({ ...one, id: 'r' })),
          'sha256',
        ),
      ),
    ).toEqual([]);
  });
});

describe('--fail-on', () => {
  const compared = compareRuns({ a: runOf(before), b: runOf(after) });
  const figures = compareFigures(compared);
  const ask = (text: string) => askCompareGate(parseCompareGate(text, figures), figures);
  it('knows differences, intervals and flips', () => {
    expect(ask('accuracy_difference < -0.01 or flips_to_wrong > 5')).toMatchObject({ failed: false });
    expect(ask('flips_to_wrong >= 1')).toMatchObject({ failed: true, reason: 'flips_to_wrong = 1' });
    expect(ask('net_flips < 0')).toMatchObject({ failed: false });
    expect(ask('auc_b < auc_a').failed).toBe(
      compared.metrics.find(({ name }) => name === 'auc')!.difference.value! < 0,
    );
  });
  it('a figure without a value fails: nobody can say that it holds', () => {
    expect(ask('f1_p > 0.05')).toMatchObject({ failed: true, reason: 'f1_p is not defined' });
  });
  it('offers near names for an unknown one', () => {
    expect(() => ask('acuracy_difference < 0')).toThrow(/Did you mean 'accuracy_difference'/);
    expect(() => ask('f1_difference(cat) < 0')).toThrow(expect.objectContaining({ code: 'GATE_INVALID' }));
  });
});

describe('flipsPanel', () => {
  it('shows flips and the largest changes, the largest change first', () => {
    const runs = { a: auditRun(), b: auditRun() };
    const { pairs } = compareRuns({
      a: runOf([...before, binary('f', 0.9, 1)]),
      b: runOf([...after, binary('f', 0.1, 1)]),
    });
    const plan = flipsPanel(pairs, runs);
    expect(plan.title).toBe('2 right in A and wrong in B, 1 wrong in A and right in B');
    expect(plan.sections.map(({ items }) => items.map(({ id }) => id))).toEqual([['f', 'a'], ['b'], ['e'], ['d', 'c']]);
    expect(plan.sections[0]!.items[0]).toEqual({
      id: 'f',
      cell: { text: 'TP → FN', wrong: true },
      score: '0.900 → 0.100',
      lines: ['label malignant · A predicts malignant, B benign'],
    });
  });
});

describe('mapAgreement', () => {
  const map = (value: (x: number, y: number) => number, size = 32) => ({
    width: size,
    height: size,
    data: Float32Array.from({ length: size * size }, (_, i) => value(i % size, Math.floor(i / size))),
  });
  it('is 1 for a map and its multiple, −1 for its negative, 0 for one at right angles, null for a constant one', () => {
    const slope = map((x) => x);
    expect(
      mapAgreement(
        slope,
        map((x) => 3 * x + 7),
      ),
    ).toBeCloseTo(1, 12);
    expect(
      mapAgreement(
        slope,
        map((x) => -x),
      ),
    ).toBeCloseTo(-1, 12);
    expect(
      mapAgreement(
        slope,
        map((_, y) => y),
      ),
    ).toBeCloseTo(0, 12);
    expect(
      mapAgreement(
        slope,
        map(() => 0.3),
      ),
    ).toBeNull();
    // Of another size: the same cells.
    expect(
      mapAgreement(
        slope,
        map((x) => x, 64),
      ),
    ).toBeCloseTo(1, 12);
    expect(
      mapAgreement(
        slope,
        map(() => Number.NaN),
      ),
    ).toBeNull();
  });
});
