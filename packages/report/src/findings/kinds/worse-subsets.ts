import type { AuditRecord } from '../../audit-record.ts';
import type { Finding } from '../../finding.ts';
import { type Context, type Judged, percent, pText, severityOf } from '../context.ts';
import { benjaminiHochberg } from '../statistics/benjamini-hochberg.ts';
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
 * `high` from 0.3 higher with q ≤ 0.001, `medium` from 0.2 with q ≤ 0.01, else `low`. Of several that hold nearly the same pictures (80 %)
 * the clearest is told. Pictures of one group are not independent: a group's own finding says so.
 */
export function worseSubsets(context: Context): Finding[] {
  const { judged } = context;
  if (judged.length < 2 * LEAST_GROUP) return [];
  const tests = facetsOf(context).flatMap((facet) => testsOf(facet, judged));
  const adjusted = benjaminiHochberg(tests.map(({ p }) => p));
  const found = tests
    .map((test, i) => ({ ...test, q: adjusted[i]! }))
    .filter(({ q, more, wrong }) => q <= LEVEL && more >= 0.1 && wrong.length >= 3)
    .sort((a, b) => a.p - b.p || b.more - a.more);
  const told: typeof found = [];
  for (const test of found) {
    const known = told.some(({ wrong }) => {
      const ids = new Set(wrong.map(({ record }) => record.id));
      const both = test.wrong.filter(({ record }) => ids.has(record.id)).length;
      return both >= 0.8 * Math.min(wrong.length, test.wrong.length);
    });
    if (!known) told.push(test);
  }
  return told.map(({ facet, value, inside, wrong, rate, otherRate, more, of, p, q }) => ({
    kind: 'worse-subset',
    title: `${facet.title(value)}${of === undefined ? '' : ` among “${context.nameOf(of)}”`}: ${percent(rate)} wrong, ${percent(otherRate)} otherwise`,
    severity: severityOf(more >= 0.3 && q <= 0.001, more >= 0.2 && q <= 0.01),
    evidence: `${wrong.length} of ${inside} are decided wrongly (Fisher's exact test against the others, ${pText(p)}; corrected for ${tests.length} comparisons q = ${Number(q.toPrecision(2))}). ${facet.advice}`,
    figures: { n: inside, errors: wrong.length, rate, otherRate, p, q, comparisons: tests.length },
    ids: wrong.map(({ record }) => record.id),
    ...(facet.filter && { filter: facet.filter(value) }),
  }));
}

interface Facet {
  /** What a picture is; undefined: nothing known. */
  readonly valueOf: (one: Judged) => string | undefined;
  readonly title: (value: string) => string;
  readonly filter?: (value: string) => string;
  readonly advice: string;
  readonly least: number;
  /** Compare within each true label too. */
  readonly within: boolean;
}

interface Test {
  readonly facet: Facet;
  readonly value: string;
  readonly of?: number;
  readonly inside: number;
  readonly wrong: readonly Judged[];
  readonly rate: number;
  readonly otherRate: number;
  readonly more: number;
  readonly p: number;
}

function facetsOf({ run, judged, nameOf }: Context): Facet[] {
  const facets: Facet[] = [];
  if (run.task !== 'multilabel')
    facets.push({
      valueOf: ({ label }) => nameOf(label[0]!),
      title: (value) => `Label “${value}”`,
      filter: (value) => `label:${quoted(value)}`,
      advice: 'Look at what they are taken for; more or better pictures of this class may help.',
      least: LEAST,
      within: false,
    });
  facets.push({
    valueOf: ({ record }) => record.group,
    title: (value) => `Group “${value}”`,
    filter: (value) => `group:${quoted(value)}`,
    advice: 'Pictures of one group resemble one another, so one cause may explain all of them.',
    least: LEAST_GROUP,
    within: false,
  });
  const columns = [...new Set(judged.flatMap(({ record }) => Object.keys(record.columns)))].sort();
  for (const column of columns) facets.push(...columnFacet(column, judged));
  for (const [name, unit, fact] of FACTS) {
    const facet = thirds(name, ({ record }) => fact(record), judged, unit);
    if (facet) facets.push(facet);
  }
  return facets;
}

function columnFacet(column: string, judged: readonly Judged[]): Facet[] {
  const values = judged.flatMap(({ record }) => record.columns[column] ?? []);
  const distinct = new Set(values);
  if (distinct.size < 2) return [];
  if (values.every((value) => typeof value === 'number') && distinct.size > 5) {
    const facet = thirds(
      `Column “${column}”`,
      ({ record }) => record.columns[column] as number | undefined,
      judged,
      '',
    );
    return facet ? [facet] : [];
  }
  if (distinct.size > MOST_VALUES) return [];
  return [
    {
      valueOf: ({ record }) => (record.columns[column] === undefined ? undefined : String(record.columns[column])),
      title: (value) => `Column “${column}”, value “${value}”`,
      filter: (value) => `${column}:${quoted(value)}`,
      advice:
        'Ask what is different there: another device, another way of taking the picture, fewer pictures in training.',
      least: LEAST,
      within: true,
    },
  ];
}

/** What pictures are like, as far as the records know. */
const FACTS: readonly (readonly [name: string, unit: string, fact: (record: AuditRecord) => number])[] = [
  ['Brightness', ' of 255', ({ colour }) => colour[0]],
  ['Warmth (red less blue)', ' of 255', ({ colour }) => colour[1] - colour[3]],
  ['Colourfulness (spread of the channel means)', ' of 255', ({ colour: [, ...c] }) => Math.max(...c) - Math.min(...c)],
  ['Size of the picture', ' megapixels', ({ width, height }) => (width * height) / 1e6],
  ['Proportion (width by height)', '', ({ width, height }) => width / height],
];

/** Lower, middle and upper third of a number; undefined where that is not three parts of 10 pictures. */
function thirds(
  name: string,
  fact: (one: Judged) => number | undefined,
  judged: readonly Judged[],
  unit: string,
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
    advice: 'If such pictures will come up in use, more of them belong into training.',
    least: LEAST,
    within: true,
  };
}

function testsOf(facet: Facet, judged: readonly Judged[]): Test[] {
  const known = judged.flatMap((one) => {
    const value = facet.valueOf(one);
    return value === undefined ? [] : [{ one, value }];
  });
  const values = [...new Set(known.map(({ value }) => value))].sort();
  const labels = facet.within ? [...new Set(known.map(({ one }) => one.label[0] ?? -1))].sort((a, b) => a - b) : [];
  return values.flatMap((value) => {
    const over = compare(facet, value, known, undefined);
    const within = labels.flatMap((label) =>
      compare(
        facet,
        value,
        known.filter(({ one }) => (one.label[0] ?? -1) === label),
        label,
      ),
    );
    // A difference that is only the mix of labels is none: what is told of all must not vanish in every label.
    const mixed = facet.within && within.length > 0 && within.every(({ more }) => more < 0.05);
    return [...(mixed ? [] : over), ...within];
  });
}

function compare(
  facet: Facet,
  value: string,
  known: readonly { one: Judged; value: string }[],
  of: number | undefined,
): Test[] {
  const inside = known.filter((entry) => entry.value === value);
  const outside = known.length - inside.length;
  if (inside.length < facet.least || outside < facet.least) return [];
  const wrong = inside.filter(({ one }) => !one.correct).map(({ one }) => one);
  const errors = known.filter(({ one }) => !one.correct).length;
  const rate = wrong.length / inside.length;
  const otherRate = (errors - wrong.length) / outside;
  return [
    {
      facet,
      value,
      ...(of !== undefined && { of }),
      inside: inside.length,
      wrong: wrong.toSorted((a, b) => b.confidence - a.confidence),
      rate,
      otherRate,
      more: rate - otherRate,
      p: hypergeometricTail(wrong.length, inside.length, errors, known.length),
    },
  ];
}

/** A value in the filter language. */
const quoted = (value: string) => (/^[\w.-]+$/u.test(value) ? value : `"${value.replace(/["\\]/gu, '\\$&')}"`);
