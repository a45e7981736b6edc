import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMilliseconds } from '../../../../tools/test-support/cpu-milliseconds.ts';
import { glob } from '../../src/filter/glob.ts';
import { parseText } from '../../src/filter/syntax.ts';
import {
  type AuditRecord,
  allOf,
  anyOf,
  completeFilter,
  EVERYTHING,
  type FilterNode,
  filterContext,
  formatFilter,
  type MapCluster,
  type MapRecord,
  parseFilter,
} from '../../src/index.ts';

const map = (border: number, mass: number): MapRecord => ({
  target: 1,
  range: [0, 2],
  entropy: 0.5,
  quadrants: [0.7, 0.1, 0.1, 0.1],
  border,
  corners: [0.1, 0.2, 0, 0],
  centre: [0.5, 0.5],
  peak: [0.5, 0.5],
  halfMassArea: 0.1,
  empty: false,
  flat: false,
  warnings: [],
  inside: { mass, pointing: mass > 0.5, iou: 0.4, cut: 0.5, area: 0.3 },
  grid: '',
  patch: '',
});
const record = (id: string, label: number, score: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
  id,
  path: `site1/${id}.png`,
  label: [label],
  scores: [
    [1, score],
    [0, 1 - score],
  ],
  columns: {},
  width: 64,
  height: 48,
  sha256: '',
  fingerprint: '',
  colour: [120, 130, 120, 110],
  masked: false,
  ...more,
});
const records: readonly AuditRecord[] = [
  record('mole_1', 1, 0.9, {
    group: 'P1',
    split: 'test',
    columns: { age: 61, 'skin tone': 'III', hair: true, visit: '2024-05-01' },
  }),
  record('mole_2', 1, 0.3, {
    group: 'P1',
    columns: { age: 61, 'skin tone': 'V', hair: false, visit: '2023-01-15', label: 'x' },
  }),
  record('mole_3', 0, 0.7, { group: 'P12', masked: true, maps: { gradcam: map(0.8, 0.1) } }),
  record('mole_4', 0, 0.1, { group: 'P12', maps: { gradcam: map(0.2, 0.9) }, notes: ['Animated: first frame'] }),
  record('odd*id (5)', 0, Number.NaN, { label: undefined, path: 'site2/Übung "5".png' }),
];
const run = {
  task: 'binary',
  classes: ['benign nevus', 'melanoma'],
  positive: 1,
  threshold: 0.5,
  methods: [{ name: 'gradcam', title: 'Grad-CAM', layers: [], signed: false }],
} as const;
const cluster = { name: 'gradcam/melanoma/2', method: 'gradcam', target: 1, ids: ['mole_3'] } as unknown as MapCluster;
const finding = {
  kind: 'confident-errors',
  title: '',
  severity: 'high',
  evidence: '',
  figures: {},
  ids: ['mole_2'],
} as const;
const context = filterContext(run, records, [finding], [cluster]);
const view = {
  threshold: 0.5,
  flagged: new Set(['mole_4']),
  notes: new Map([['mole_1', 'check the ruler']]),
};
const found = (text: string, threshold = 0.5) => {
  const filter = parseFilter(text, context);
  expect(filter.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return records.flatMap((r, i) => (filter.test(r, { ...view, threshold }) ? [i + 1] : []));
};

describe('parseFilter', () => {
  it.each<[string, number[]]>([
    ['', [1, 2, 3, 4, 5]],
    ['   ', [1, 2, 3, 4, 5]],
    ['mole', [1, 2, 3, 4]],
    ['MOLE_2', [2]],
    ['site2', [5]],
    ['"(5)"', [5]],
    ['mo*_3', [3]],
    ['"odd*id"', [5]],
    ['label:melanoma', [1, 2]],
    ['label:"benign nevus"', [3, 4]],
    ['label:BENIGN*', [3, 4]],
    ['label:nevus', []],
    ['predicted:melanoma', [1, 3]],
    ['predicted:melanoma,"benign nevus"', [1, 2, 3, 4]],
    ['score>0.4', [1, 3]],
    ['score > 40%', [1, 3]],
    ['score:>=0.3', [1, 2, 3]],
    ['score:0.2..0.8', [2, 3]],
    ['score:..0.3', [2, 4]],
    ['score(melanoma)>0.8', [1]],
    ['score("benign nevus")>0.8', [4]],
    ['cell:FN', [2]],
    ['cell:tp,fp', [1, 3]],
    ['correct', [1, 4]],
    ['wrong', [2, 3]],
    ['-wrong', [1, 4, 5]],
    ['not wrong', [1, 4, 5]],
    ['!wrong', [1, 4, 5]],
    ['not not wrong', [2, 3]],
    ['group:P1', [1, 2]],
    ['group:P1*', [1, 2, 3, 4]],
    ['group!=P1', [3, 4, 5]],
    ['split:test', [1]],
    ['age>60', [1, 2]],
    ['age:61', [1, 2]],
    ['AGE:60..62', [1, 2]],
    ['"skin tone":iii', [1]],
    ["'skin tone':iii,v", [1, 2]],
    ['column(label):x', [2]],
    ['column("skin tone"):V', [2]],
    ['hair:true', [1]],
    ['hair:no', [2]],
    ['visit>2024', [1]],
    ['visit<2024-01-01', [2]],
    ['gradcam.border>0.5', [3]],
    ['gradcam.inside<0.3', [3]],
    ['gradcam.pointing:true', [4]],
    ['gradcam.left:0.79..0.81', [3, 4]],
    ['explained', [3, 4]],
    ['masked', [3]],
    ['has:mask', [3]],
    ['has:gradcam has:note', [4]],
    ['flagged', [4]],
    ['noted', [1]],
    ['note:ruler', [1]],
    ['note:FRAME', [4]],
    ['cluster:gradcam/melanoma/2', [3]],
    ['cluster:gradcam/*', [3]],
    ['finding:confident-errors', [2]],
    ['finding:1', [2]],
    ['width:64 height<50', [1, 2, 3, 4, 5]],
    ['label:melanoma score>0.4 group:P1 cell:TP', [1]],
    ['label:melanoma or score>0.6', [1, 2, 3]],
    ['label:melanoma group:P12 or score>0.6', [1, 3]],
    ['label:melanoma (group:P12 or score>0.6)', [1]],
    ['-(label:melanoma or score>0.6)', [4, 5]],
    ['label:melanoma AND NOT score>0.4', [2]],
    ['path:"übung \\"5"', [5]],
    ['id:mole_1', [1]],
    ['id:mole', []],
  ])('%s', (text, expected) => expect(found(text)).toEqual(expected));

  it('follows the threshold of the view', () => {
    expect(found('cell:FN', 0.95)).toEqual([1, 2]);
    expect(found('wrong', 0.2)).toEqual([3]);
  });

  it('says what is wrong, where, and what was meant; the rest goes on', () => {
    const problem = (text: string) => parseFilter(text, context).problems[0];
    expect(problem('label:melanoma scroe>0.4')).toMatchObject({
      severity: 'error',
      at: 15,
      length: 5,
      nearest: ['score'],
    });
    expect(problem('gradcam.boarder>0.4')).toMatchObject({
      at: 0,
      length: 15,
      nearest: expect.arrayContaining(['gradcam.border']),
    });
    expect(problem('label:melanomma')).toMatchObject({ severity: 'warning', at: 6, length: 9, nearest: ['melanoma'] });
    expect(problem('score(melanom)>0')).toMatchObject({ severity: 'error', at: 6, length: 7, nearest: ['melanoma'] });
    expect(problem('score>high')).toMatchObject({ severity: 'warning', message: "'high' is not a number." });
    expect(problem('cell:XX')).toMatchObject({ severity: 'warning', at: 5 });
    expect(problem('score>')).toMatchObject({ message: "A value is missing after 'score'.", at: 0, length: 6 });
    expect(problem('>0.4')).toMatchObject({ message: 'A field is missing before the comparison.', at: 0 });
    expect(problem('(label:melanoma')).toMatchObject({ message: 'This parenthesis is not closed.', at: 0 });
    expect(problem('label:melanoma)')).toMatchObject({ message: 'This parenthesis closes nothing.', at: 14 });
    expect(problem('label:"mel')).toMatchObject({ message: 'This quotation mark is not closed.', at: 6 });
    expect(problem('wrong or')).toMatchObject({ message: "'or' needs a condition on both sides.", at: 6 });
    expect(problem('and wrong')).toMatchObject({ message: "'and' needs a condition on both sides.", at: 0 });
    expect(problem('wrong -')).toMatchObject({ message: 'There is no condition to negate.', at: 6 });
    expect(problem('score(melanoma)')).toMatchObject({ at: 0, length: 15 });
    const rest = parseFilter('nonsense:1 wrong', context);
    expect(records.filter((r) => rest.test(r, view))).toEqual([records[1], records[2]]);
    const inherited = parseFilter('constructor:1 toString:2 __proto__:3 score:1', context);
    expect(inherited.problems).toHaveLength(3);
  });

  it('a filter of thousands of parts and of deep nesting is read, refused in part, never thrown', () => {
    const start = cpuMilliseconds();
    for (const text of [
      '('.repeat(19_000),
      ')'.repeat(19_000),
      '-'.repeat(19_000),
      'not '.repeat(4_900),
      'or '.repeat(6_000),
      '"'.repeat(19_000),
      'a:'.repeat(9_000),
      `label:${'*'.repeat(19_000)}`,
      `${'x'.repeat(9_000)}*${'y'.repeat(9_000)}`,
      '1'.repeat(19_000),
      `score>${'1'.repeat(19_000)}x`,
      'q:1 '.repeat(4_900),
      'label:q '.repeat(2_400),
      'x'.repeat(100_000),
    ]) {
      const filter = parseFilter(text, context);
      for (const r of records) filter.test(r, view);
      formatFilter(filter.node);
      completeFilter(text, text.length, context);
    }
    expect(cpuMilliseconds() - start).toBeLessThan(30_000); // 1 s on an idle machine
  });
});

const word = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
  fc.constantFrom(
    'or',
    'AND',
    'not',
    'wrong',
    'a b',
    '-x',
    '!y',
    'a..b',
    '1..2',
    '"',
    "'",
    '\\',
    '*',
    'score',
    'label',
    '()',
    'x=y',
    '0.4',
    '<',
    '😀',
    '\u2028',
    'a,b',
  ),
);
const bare = fc
  .string({ unit: fc.constantFrom(...'abcXYZ019_./-*'), minLength: 1, maxLength: 8 })
  .map((text) => `k${text}*`);
const value = fc.oneof(
  fc.oneof(word, fc.constant('')).map((text) => ({ kind: 'text' as const, text, wild: false })),
  bare.filter((text) => !text.includes('..')).map((text) => ({ kind: 'text' as const, text, wild: true })),
  fc
    .tuple(
      fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
      fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    )
    .filter(([low, high]) => (low !== null || high !== null) && !Object.is(low, -0) && !Object.is(high, -0))
    .map(([low, high]) => ({ kind: 'range' as const, ...(low !== null && { low }), ...(high !== null && { high }) })),
);
const operator = fc.constantFrom(
  ':' as const,
  '=' as const,
  '!=' as const,
  '<' as const,
  '<=' as const,
  '>' as const,
  '>=' as const,
);
const { node } = fc.letrec<{ node: FilterNode }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    word.map((text): FilterNode => ({ kind: 'text', text, wild: false })),
    bare.map((text): FilterNode => ({ kind: 'text', text, wild: true })),
    fc.constantFrom('wrong', 'correct', 'flagged').map((name): FilterNode => ({ kind: 'word', word: name })),
    fc
      .record({ field: word, operator, values: fc.array(value, { minLength: 1, maxLength: 3 }) })
      .map((term): FilterNode => ({ kind: 'term', ...term })),
    fc
      .record({
        field: fc.constantFrom('score', 'column'),
        argument: fc.oneof(word, fc.constant('')),
        operator,
        values: fc.array(value, { minLength: 1, maxLength: 2 }),
      })
      .map((term): FilterNode => ({ kind: 'term', ...term })),
    fc.array(tie('node'), { minLength: 2, maxLength: 4 }).map((parts) => allOf(parts)),
    fc.array(tie('node'), { minLength: 2, maxLength: 4 }).map((parts) => anyOf(parts)),
    // Two negations in a row are none.
    tie('node').map((part): FilterNode => (part.kind === 'not' || part === EVERYTHING ? part : { kind: 'not', part })),
  ),
}));

describe('formatFilter', () => {
  it('reading what was written gives the same tree', () => {
    fc.assert(
      fc.property(node, (tree) => {
        const text = formatFilter(tree);
        const parsed = parseText(text);
        expect(parsed.problems).toEqual([]);
        expect(parsed.node).toEqual(tree);
      }),
      { numRuns: 3000 },
    );
  });

  it('any text ends, and its plainest form is read as the same', () => {
    const letters = fc.string({
      unit: fc.constantFrom(...'ab"\'\\()<>=!:,.*- \t0or%', 'not ', 'and ', ' or ', 'score(', 'label:', '..'),
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.oneof(letters, fc.string({ unit: 'binary', maxLength: 40 })), (text) => {
        const first = parseFilter(text, context);
        const second = parseFilter(first.text, context);
        expect(second.node).toEqual(first.node);
        expect(second.text).toBe(first.text);
        for (const r of records) expect(second.test(r, view)).toBe(first.test(r, view));
        for (const { at, length } of first.problems) {
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at + length).toBeLessThanOrEqual(Math.max(text.length, 1));
        }
        for (let at = 0; at <= text.length; at++) completeFilter(text, at, context);
      }),
      { numRuns: 800 },
    );
  });
});

describe('glob', () => {
  it('is what a regular expression would say', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
    fc.assert(
      fc.property(part, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (pattern, text) => {
        expect(glob(pattern)(text)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('completeFilter', () => {
  const at = (text: string) => {
    const cursor = text.indexOf('|');
    const whole = text.replace('|', '');
    const { from, to, options } = completeFilter(whole, cursor, context);
    return options.map(({ text: chosen }) => whole.slice(0, from) + chosen + whole.slice(to));
  };
  it.each<[string, string]>([
    ['la|', 'label:'],
    ['label:|', 'label:melanoma'],
    ['label:mel|', 'label:melanoma'],
    ['label:be|', 'label:"benign nevus"'],
    ['label:"be|', 'label:"benign nevus"'],
    ['label:melanoma,|', 'label:melanoma,"benign nevus"'],
    ['wrong -gro|', 'wrong -group:'],
    ['(gradcam.bo|', '(gradcam.border:'],
    ['score(|', 'score("melanoma")'],
    ['score(mel|)>0.5', 'score("melanoma")>0.5'],
    ['"skin tone":|', '"skin tone":III'],
    ['skin|', '"skin tone":'],
    ['gro|up:P1', 'group:P1'],
    ['cell:F|', 'cell:FN'],
    ['wr|', 'wrong '],
    ['lab|', 'column("label"):'],
    ['scroe|', 'score:'],
    ['cluster:|', 'cluster:gradcam/melanoma/2'],
    ['finding:conf| wrong', 'finding:confident-errors wrong'],
  ])('%s → %s', (text, expected) => expect(at(text)).toContain(expected));
  it('offers fields and words at the beginning', () => {
    expect(at('|')).toEqual(expect.arrayContaining(['label:', 'gradcam.inside:', 'wrong ', '"skin tone":']));
  });
});
