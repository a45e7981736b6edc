import type { AuditRecord } from '../../audit-record.ts';
import { columnField } from '../../filter/fields.ts';
import { allOf, type FilterNode, type FilterTerm } from '../../filter/filter-node.ts';
import { formatFilter } from '../../filter/format-filter.ts';
import type { Finding } from '../../finding.ts';
import { type Context, type Judged, number, percent, pictures, pText, severityOf } from '../context.ts';
import { benjaminiHochberg } from '../statistics/benjamini-hochberg.ts';
import { GroupSizes, groupedErrors } from '../statistics/grouped-errors.ts';
import { quantile } from '../statistics/quantile.ts';
import { hypergeometricTail } from '../statistics/tails.ts';

const LEAST = 10;
const LEAST_GROUP = 5;
const LEVEL = 0.05;
/** Columns with more values than this are names, not kinds. */
const MOST_VALUES = 50;

/**
 * `worse-subset`: pictures of one label, one group, one value of a column, or one third of a number (columns, brightness, warmth, colourfulness, size,
 * proportion) are decided wrongly more often than the others.
 *
 * Test: Fisher's exact, one-sided, errors inside against outside. A class is compared with the other classes; columns and numbers over all and
 * within each true label, since a value that goes with a hard label is not itself to blame. All tests together are corrected after Benjamini and Hochberg, q ≤ 0.05. At least 10 pictures inside and out (groups: 5), 3 errors inside, and an error rate 0.1 higher.
 * Errors that go together within groups (patients) are fewer cases than pictures: but for groups themselves, the counts are divided by the
 * design effect 1 + (m − 1) ρ (J. Rao, A. Scott, Biometrics 48, 1992), inside and outside, with ρ the intraclass correlation of errors
 * ({@link groupedErrors}) and m the mean size of a picture's group there, and rounded to the side of no difference.
 * `high` from 0.3 higher with q ≤ 0.001, `medium` from 0.2 with q ≤ 0.01, else `low`. Of several that hold nearly the same pictures (80 %)
 * the clearest is told. Pictures of one group are not independent: a group's own finding says so.
 */
export function worseSubsets(context: Context): Finding[] {
  const { judged } = context;
  if (judged.length < 2 * LEAST_GROUP) return [];
  const rho = groupedErrors(judged);
  const tests = facetsOf(context).flatMap((facet) => testsOf(facet, judged, rho));
  const adjusted = benjaminiHochberg(tests.map(({ p }) => p));
  const found = tests
    .map((test, i) => ({ ...test, q: adjusted[i]! }))
    .filter(({ q, more, errors }) => q <= LEVEL && more >= 0.1 && errors >= 3)
    .sort((a, b) => a.p - b.p || b.more - a.more);
  const told: ((typeof found)[number] & { readonly wrong: ReadonlySet<Judged> })[] = [];
  for (const test of found) {
    const wrong = new Set(wrongOf(test, judged));
    const known = told.some((other) => {
      let both = 0;
      for (const one of wrong) if (other.wrong.has(one)) both++;
      return both >= 0.8 * Math.min(wrong.size, other.wrong.size);
    });
    if (!known) told.push({ ...test, wrong });
  }
  return told.map(({ facet, value, inside, wrong, rate, otherRate, more, of, p, q, cases }) => ({
    kind: 'worse-subset',
    title: `${facet.title(value)}${of === undefined ? '' : ` among “${context.nameOf(of)}”`}: ${percent(rate)} wrong, ${percent(otherRate)} otherwise`,
    severity: severityOf(more >= 0.3 && q <= 0.001, more >= 0.2 && q <= 0.01),
    evidence: `${number(wrong.size)} of ${number(inside)} are decided wrongly (Fisher's exact test against the others, ${pText(p)}; corrected for ${number(tests.length)} comparisons q = ${Number(q.toPrecision(2))}). ${cases < 0.95 * inside ? `Errors go together within groups, so these pictures count as ${number(Math.ceil(cases))} independent ones. ` : ''}${facet.advice}`,
    figures: { n: inside, cases, errors: wrong.size, rate, otherRate, p, q, comparisons: tests.length },
    ...pictures([...wrong], ({ record }) => record.id),
    ...filterOf(facet, value, of === undefined ? undefined : context.nameOf(of)),
  }));
}

interface Facet {
  /** What a picture is; undefined: nothing known. */
  readonly valueOf: (one: Judged) => string | undefined;
  readonly title: (value: string) => string;
  /** The filter of the report that shows them, where one can say it. */
  readonly filter?: (value: string) => FilterNode;
  readonly advice: string;
  readonly least: number;
  /** Compare within each true label too. */
  readonly within: boolean;
  /** Its values are the groups: each is one case, and its pictures are what is asked about. */
  readonly independent?: boolean;
}

interface Test {
  readonly facet: Facet;
  readonly value: string;
  readonly of?: number;
  readonly inside: number;
  readonly errors: number;
  readonly rate: number;
  readonly otherRate: number;
  readonly more: number;
  readonly p: number;
  /** Independent cases that the pictures inside count as. */
  readonly cases: number;
}

/** The errors a test is about, the surest first. */
const wrongOf = ({ facet, value, of }: Test, judged: readonly Judged[]): Judged[] =>
  judged
    .filter((one) => !one.correct && (of === undefined || (one.label[0] ?? -1) === of) && facet.valueOf(one) === value)
    .sort((a, b) => b.confidence - a.confidence);

function facetsOf({ run, judged, nameOf }: Context): Facet[] {
  const facets: Facet[] = [];
  if (run.task !== 'multilabel')
    facets.push({
      valueOf: ({ label }) => nameOf(label[0]!),
      title: (value) => `Label “${value}”`,
      filter: (value) => term({ field: 'label' }, value),
      advice: 'Look at what they are taken for; more or better pictures of this class may help.',
      least: LEAST,
      within: false,
    });
  facets.push({
    valueOf: ({ record }) => record.group,
    title: (value) => `Group “${value}”`,
    filter: (value) => term({ field: 'group' }, value),
    advice: 'Pictures of one group resemble one another, so one cause may explain all of them.',
    least: LEAST_GROUP,
    within: false,
    independent: true,
  });
  for (const [column, held] of [...columnsOf(judged)].sort(([a], [b]) => (a < b ? -1 : 1)))
    facets.push(...columnFacet(column, held, judged));
  for (const [name, unit, fact, field] of FACTS) {
    const facet = thirds(name, ({ record }) => fact(record), judged, unit, field === undefined ? undefined : { field });
    if (facet) facets.push(facet);
  }
  return facets;
}

/** What the values of a column are. */
interface Held {
  /** Different ones, one more than {@link MOST_VALUES} at most. */
  readonly distinct: Set<string | number | boolean>;
  numbers: boolean;
}

function columnsOf(judged: readonly Judged[]): Map<string, Held> {
  const columns = new Map<string, Held>();
  for (const { record } of judged)
    for (const [name, value] of Object.entries(record.columns)) {
      const held = columns.get(name) ?? { distinct: new Set(), numbers: true };
      columns.set(name, held);
      if (held.distinct.size <= MOST_VALUES) held.distinct.add(value);
      if (typeof value !== 'number') held.numbers = false;
    }
  return columns;
}

function columnFacet(column: string, { distinct, numbers }: Held, judged: readonly Judged[]): Facet[] {
  if (distinct.size < 2) return [];
  if (numbers && distinct.size > 5) {
    const facet = thirds(
      `Column “${column}”`,
      ({ record }) => record.columns[column] as number | undefined,
      judged,
      '',
      columnField(column),
    );
    return facet ? [facet] : [];
  }
  if (distinct.size > MOST_VALUES) return [];
  return [
    {
      valueOf: ({ record }) => (record.columns[column] === undefined ? undefined : String(record.columns[column])),
      title: (value) => `Column “${column}”, value “${value}”`,
      filter: (value) => term(columnField(column), value),
      advice:
        'Ask what is different there: another device, another way of taking the picture, fewer pictures in training.',
      least: LEAST,
      within: true,
    },
  ];
}

/** What pictures are like, as far as the records know. */
const FACTS: readonly (readonly [name: string, unit: string, fact: (record: AuditRecord) => number, field?: string])[] =
  [
    ['Brightness', ' of 255', ({ colour }) => colour[0], 'brightness'],
    ['Warmth (red less blue)', ' of 255', ({ colour }) => colour[1] - colour[3]],
    [
      'Colourfulness (spread of the channel means)',
      ' of 255',
      ({ colour: [, ...c] }) => Math.max(...c) - Math.min(...c),
    ],
    ['Size of the picture', ' megapixels', ({ width, height }) => (width * height) / 1e6],
    ['Proportion (width by height)', '', ({ width, height }) => width / height],
  ];

/** Lower, middle and upper third of a number; undefined where that is not three parts of 10 pictures. */
function thirds(
  name: string,
  fact: (one: Judged) => number | undefined,
  judged: readonly Judged[],
  unit: string,
  field?: Pick<FilterTerm, 'field' | 'argument'>,
): Facet | undefined {
  const values = judged.flatMap((one) => {
    const value = fact(one);
    return value !== undefined && Number.isFinite(value) ? [value] : [];
  });
  const [low, high] = [quantile(values, 1 / 3), quantile(values, 2 / 3)];
  if (values.length < 3 * LEAST || !(low < high)) return undefined;
  const round = (value: number) => String(Number(value.toPrecision(3)));
  const parts: Readonly<Record<string, string>> = {
    lower: `below ${round(low)}${unit}`,
    middle: `${round(low)} to ${round(high)}${unit}`,
    upper: `above ${round(high)}${unit}`,
  };
  return {
    valueOf: (one) => {
      const value = fact(one);
      if (value === undefined || !Number.isFinite(value)) return undefined;
      return value < low ? 'lower' : value > high ? 'upper' : 'middle';
    },
    title: (value) => `${name} ${parts[value]}`,
    ...(field && { filter: (value) => thirdFilter(field, value, low, high) }),
    advice: 'If such pictures will come up in use, more of them belong into training.',
    least: LEAST,
    within: true,
  };
}

function thirdFilter(
  field: Pick<FilterTerm, 'field' | 'argument'>,
  part: string,
  low: number,
  high: number,
): FilterTerm {
  if (part === 'middle') return { kind: 'term', ...field, operator: ':', values: [{ kind: 'range', low, high }] };
  const text = String(part === 'lower' ? low : high);
  return {
    kind: 'term',
    ...field,
    operator: part === 'lower' ? '<' : '>',
    values: [{ kind: 'text', text, wild: false }],
  };
}

/** Pictures by value. */
type Parts = ReadonlyMap<string, readonly Judged[]>;

function testsOf(facet: Facet, judged: readonly Judged[], rho: number): Test[] {
  const known = new Map<string, Judged[]>();
  for (const one of judged) {
    const value = facet.valueOf(one);
    if (value !== undefined) addTo(known, value, one);
  }
  const over = compareAll(facet, known, undefined, rho);
  if (!facet.within) return [...over.values()];
  const labels = new Map<number, Map<string, Judged[]>>();
  for (const [value, ones] of known)
    for (const one of ones) {
      const label = one.label[0] ?? -1;
      const own = labels.get(label) ?? new Map<string, Judged[]>();
      labels.set(label, own);
      addTo(own, value, one);
    }
  const within = [...labels].sort((a, b) => a[0] - b[0]).map(([label, parts]) => compareAll(facet, parts, label, rho));
  return [...known.keys()].sort().flatMap((value) => {
    const ofLabels = within.flatMap((tests) => tests.get(value) ?? []);
    // A difference that is only the mix of labels is none: what is told of all must not vanish in every label.
    const mixed = ofLabels.length > 0 && ofLabels.every(({ more }) => more < 0.05);
    return [...(mixed ? [] : [over.get(value) ?? []].flat()), ...ofLabels];
  });
}

function addTo(parts: Map<string, Judged[]>, value: string, one: Judged): void {
  const part = parts.get(value);
  if (part) part.push(one);
  else parts.set(value, [one]);
}

/** Each value against all others, where there are enough pictures of both. */
function compareAll(facet: Facet, parts: Parts, of: number | undefined, rho: number): Map<string, Test> {
  const tests = new Map<string, Test>();
  let all = 0;
  let allErrors = 0;
  const errorsOf = new Map<string, number>();
  for (const [value, ones] of parts) {
    const errors = ones.reduce((sum, { correct }) => sum + (correct ? 0 : 1), 0);
    errorsOf.set(value, errors);
    all += ones.length;
    allErrors += errors;
  }
  const sizes = facet.independent ? undefined : new GroupSizes([...parts.values()]);
  for (const [value, ones] of parts) {
    const inside = ones.length;
    const outside = all - inside;
    if (inside < facet.least || outside < facet.least) continue;
    const errors = errorsOf.get(value)!;
    const rate = errors / inside;
    const otherRate = (allErrors - errors) / outside;
    const [own, others] = sizes?.effects(ones, rho) ?? [1, 1];
    // Fewer errors here and more of them elsewhere than the division gives: never to the side of a difference.
    const hits = Math.floor(errors / own + 1e-9);
    const drawn = Math.ceil(inside / own - 1e-9);
    const rest = Math.floor(outside / others + 1e-9);
    const marked = hits + Math.min(rest, Math.ceil((allErrors - errors) / others - 1e-9));
    tests.set(value, {
      facet,
      value,
      ...(of !== undefined && { of }),
      inside,
      errors,
      rate,
      otherRate,
      more: rate - otherRate,
      p: hypergeometricTail(hits, drawn, marked, drawn + rest),
      cases: inside / own,
    });
  }
  return tests;
}

/** A field that is a value, in the filter language. */
const term = (field: Pick<FilterTerm, 'field' | 'argument'>, text: string): FilterTerm => ({
  kind: 'term',
  ...field,
  operator: ':',
  values: [{ kind: 'text', text, wild: false }],
});

function filterOf(facet: Facet, value: string, label: string | undefined): Pick<Finding, 'filter'> {
  const node = facet.filter?.(value);
  if (!node) return {};
  return { filter: formatFilter(label === undefined ? node : allOf([node, term({ field: 'label' }, label)])) };
}
