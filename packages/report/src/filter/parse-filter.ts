import { nearest } from '@seewhy/onnx';
import type { AuditRecord } from '../audit-record.ts';
import { isCorrect } from '../metrics/decision.ts';
import { type Field, type FieldValue, findField, shown } from './fields.ts';
import type { FilterContext, FilterView } from './filter-context.ts';
import type { FilterNode, FilterTerm, FilterValue } from './filter-node.ts';
import { formatFilter } from './format-filter.ts';
import { glob } from './glob.ts';
import { readNumber } from './read-number.ts';
import { type FilterProblem, parseText, type TermSpans } from './syntax.ts';

/** A filter that has been read. */
export interface Filter {
  /** Is the picture shown? */
  readonly test: (record: AuditRecord, view: FilterView) => boolean;
  readonly node: FilterNode;
  /** The filter in its plainest form; reading it gives this filter. */
  readonly text: string;
  /** What is not right, by place. A part with an error is left out of the filter, as if it were not written. */
  readonly problems: readonly FilterProblem[];
}

type Test = Filter['test'];

/**
 * Reads a filter: `label:melanoma score>0.4 group:P12 cell:FN`.
 *
 * Conditions side by side must all hold; `or`, `not` (also `-` and `!`) and parentheses do what they say. Upper and lower case are alike.
 *
 * | written | finds |
 * |---|---|
 * | `mole_17` | pictures with these letters in id or path |
 * | `correct`, `wrong`, `flagged`, `noted`, `masked`, `explained`, `labelled` | what the word says, at the view's threshold |
 * | `label:melanoma`, `predicted:nevus,melanoma` | a class; one of several |
 * | `cell:FN`, `score>0.4`, `score:0.2..0.4`, `score(nevus)>30%` | decisions and probabilities |
 * | `group:P12`, `split:test`, `id:mole_17`, `path:site3`, `age>=60`, `column("skin tone"):III` | what the data set says |
 * | `gradcam.border>0.5`, `gradcam.inside<0.3` | statistics of maps |
 * | `cluster:gradcam/malignant/2`, `finding:confident-errors`, `note:hair`, `has:mask` | what was found and written |
 *
 * `:` and `=` match a whole value (`path` and `note`: a part of it with `:`), `*` in a bare value stands for any letters, in quotes for itself.
 * Numbers compare as numbers, other values (dates) as text. A picture without the field fulfils no comparison but `!=`.
 */
export function parseFilter(text: string, context: FilterContext): Filter {
  const parsed = parseText(text);
  const problems: FilterProblem[] = [...parsed.problems];
  const test = compile(parsed.node, context, parsed.spans, problems) ?? (() => true);
  problems.sort((a, b) => a.at - b.at);
  return { test, node: parsed.node, text: formatFilter(parsed.node), problems };
}

type Spans = ReadonlyMap<FilterNode, TermSpans>;

/** undefined: the part is left out. */
function compile(node: FilterNode, context: FilterContext, spans: Spans, problems: FilterProblem[]): Test | undefined {
  switch (node.kind) {
    case 'everything':
      return undefined;
    case 'and':
    case 'or': {
      const tests = node.parts.flatMap((part) => compile(part, context, spans, problems) ?? []);
      if (tests.length === 0) return undefined;
      if (node.kind === 'and') return (record, view) => tests.every((test) => test(record, view));
      return (record, view) => tests.some((test) => test(record, view));
    }
    case 'not': {
      const test = compile(node.part, context, spans, problems);
      return test && ((record, view) => !test(record, view));
    }
    case 'text': {
      const found = containing(node.text, node.wild);
      return (record) => found(record.id) || found(record.path);
    }
    case 'word':
      return WORD_TESTS[node.word]!(context);
    case 'term':
      return compileTerm(node, context, spans.get(node), problems);
  }
}

const decided =
  (wanted: boolean) =>
  ({ run }: FilterContext): Test =>
  (record, view) =>
    isCorrect(record, run, view.threshold) === wanted;

const WORD_TESTS: Readonly<Record<string, (context: FilterContext) => Test>> = {
  correct: decided(true),
  wrong: decided(false),
  flagged: () => (record, view) => view.flagged?.has(record.id) ?? false,
  noted: () => (record, view) => Boolean(view.notes?.get(record.id)),
  masked: () => (record) => record.masked,
  explained: () => (record) => record.maps !== undefined && Object.keys(record.maps).length > 0,
  labelled: () => (record) => record.label !== undefined,
};

/** Are the letters somewhere in a text, whatever the case? */
function containing(letters: string, wild: boolean): (text: string) => boolean {
  const wanted = letters.toLowerCase();
  if (!wild) return (text) => text.toLowerCase().includes(wanted);
  const matches = glob(`*${wanted}*`);
  return (text) => matches(text.toLowerCase());
}

function compileTerm(
  term: FilterTerm,
  context: FilterContext,
  spans: TermSpans | undefined,
  problems: FilterProblem[],
): Test | undefined {
  const found = findField(term.field, term.argument, context);
  if ('message' in found) {
    const wrong = term.argument ?? term.field;
    const span = (term.argument === undefined ? spans?.field : spans?.argument) ?? { at: 0, length: 0 };
    const hint = spans && term.argument === undefined ? ' To look for these letters, put them in quotes.' : '';
    problems.push({
      severity: 'error',
      at: span.at,
      length: span.length,
      message: `${found.message}${hint}`,
      nearest: near(wrong, found.near, problems),
    });
    return undefined;
  }
  const { field } = found;
  checkValues(term, field, spans, problems);
  const tests = term.values.map((value) => valueTest(value, term.operator, field.within === true));
  // Classes, groups and columns repeat: each value is compared once.
  const known = new Map<string | number | boolean, boolean>();
  const any = (value: string | number | boolean): boolean => {
    let found = known.get(value);
    if (found === undefined) {
      found = tests.some((test) => test(value));
      if (known.size < REMEMBERED) known.set(value, found);
    }
    return found;
  };
  const { read } = field;
  const negated = term.operator === '!=';
  const holds = (value: FieldValue): boolean => {
    if (value === undefined || (typeof value === 'number' && Number.isNaN(value))) return false;
    return typeof value === 'object' ? value.some(any) : any(value);
  };
  return negated ? (record, view) => !holds(read(record, view)) : (record, view) => holds(read(record, view));
}

/** Nearest names, for the first problems: nobody reads those of the thousandth, and each is a comparison with all names. */
const near = (name: string, names: readonly string[], problems: readonly FilterProblem[]) =>
  problems.length < 20 ? nearest(name, names) : [];

/** Values whose comparison is remembered. */
const REMEMBERED = 10_000;

/** Slips that would silently find nothing. */
function checkValues(term: FilterTerm, field: Field, spans: TermSpans | undefined, problems: FilterProblem[]): void {
  term.values.forEach((value, i) => {
    if (value.kind !== 'text' || value.wild) return;
    const warn = (message: string, names: readonly string[]) => {
      const span = spans?.values[i] ?? { at: 0, length: 0 };
      problems.push({ severity: 'warning', ...span, message, nearest: near(value.text, names, problems) });
    };
    if (field.known && (term.operator === ':' || term.operator === '=' || term.operator === '!=')) {
      const wanted = value.text.toLowerCase();
      if (field.known.some((known) => known.toLowerCase() === wanted)) return;
      const nothing = field.known.length === 0 ? `This audit has no ${term.field}.` : '';
      warn(nothing || `No ${term.field} is called '${shown(value.text)}'.`, field.known);
    } else if (field.number && readNumber(value.text) === undefined && !BOOLEANS.has(value.text.toLowerCase())) {
      warn(`'${shown(value.text)}' is not a number.`, []);
    }
  });
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
]);

type ValueTest = (value: string | number | boolean) => boolean;

function valueTest(value: FilterValue, operator: FilterTerm['operator'], within: boolean): ValueTest {
  if (value.kind === 'range') return rangeTest(value, operator);
  const number = value.wild ? undefined : readNumber(value.text);
  const wanted = value.text.toLowerCase();
  if (operator === ':' || operator === '=' || operator === '!=') {
    const truth = BOOLEANS.get(wanted);
    const matches =
      within && operator === ':'
        ? containing(value.text, value.wild)
        : value.wild
          ? lowered(glob(wanted))
          : lowered((text) => text === wanted);
    return (other) => {
      if (typeof other === 'boolean') return other === truth;
      if (typeof other === 'number' && number !== undefined) return other === number;
      return matches(String(other));
    };
  }
  const compares = COMPARE[operator];
  return (other) => {
    const own =
      typeof other === 'number' ? other : typeof other === 'string' ? readNumber(other.trim()) : Number(other);
    if (number !== undefined && own !== undefined) return compares(own, number);
    // As text, unless one is a number and the other is not; but 2024 and 2024-05-01 are both dates.
    if (typeof other !== 'string' || own !== undefined || (number !== undefined && !DATE.test(other))) return false;
    const text = other.toLowerCase();
    return compares(text < wanted ? -1 : text > wanted ? 1 : 0, 0);
  };
}

/** The beginning of 2024-05-01 or 2024/05. */
const DATE = /^\d{4}[-/]\d\d/;

const lowered = (test: (text: string) => boolean) => (text: string) => test(text.toLowerCase());

const COMPARE = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
};

/** Within a range; a comparison is held against the end that makes it true for all of it: beyond `a..b` is beyond b. */
function rangeTest(range: FilterValue & { kind: 'range' }, operator: FilterTerm['operator']): ValueTest {
  const low = range.low ?? Number.NEGATIVE_INFINITY;
  const high = range.high ?? Number.POSITIVE_INFINITY;
  const test = (value: number) => {
    switch (operator) {
      case '<':
        return value < low;
      case '<=':
        return value <= high;
      case '>':
        return value > high;
      case '>=':
        return value >= low;
      default:
        return value >= low && value <= high;
    }
  };
  return (other) => {
    const own = typeof other === 'string' ? readNumber(other.trim()) : Number(other);
    return own !== undefined && test(own);
  };
}
