import { nearest } from '@seewhy/onnx';
import { FIELDS, findField, MAP_FIELDS } from './fields.ts';
import type { FilterContext } from './filter-context.ts';
import { nameText, quoted, valueText } from './format-filter.ts';
import { OPERATORS, parseText, type Span } from './syntax.ts';
import { FILTER_WORDS } from './words.ts';

/** What a filter begun by hand can go on with. */
export interface Completion {
  /** The letters from `from` to `to` are replaced by the chosen option's `text`. */
  readonly from: number;
  readonly to: number;
  readonly options: readonly { readonly text: string; readonly title: string }[];
}

/** Offered at once. */
const MOST = 50;

/**
 * What may stand at the cursor: values of the field left of it, classes inside `score(`, else fields and words. Those that begin with what is
 * written first, then those that contain it, then similar ones.
 */
export function completeFilter(text: string, cursor: number, context: FilterContext): Completion {
  const at = Math.max(0, Math.min(text.length, Math.floor(cursor) || 0));
  const { spans } = parseText(text);
  for (const [node, { field, argument, values }] of spans) {
    if (node.kind !== 'term') continue;
    if (argument && covers(argument, at)) return classNames(text, argument, at, context, node.field);
    for (const span of values)
      if (covers(span, at)) return fieldValues(node.field, node.argument, text, span, at, context);
    if (covers(field, at)) return names(text, field.at, at, field.at + field.length, context);
  }
  const open = openTerm(text.slice(0, at));
  if (open?.kind === 'value') return fieldValues(open.field, open.argument, text, { at, length: 0 }, at, context);
  if (open?.kind === 'argument') return classNames(text, open.span, at, context, open.field);
  let from = at;
  while (from > 0 && !ends(text[from - 1]!)) from--;
  // A minus sign in front negates; it is not part of the name.
  while (from < at && (text[from] === '-' || text[from] === '!')) from++;
  let to = at;
  while (to < text.length && !ends(text[to]!)) to++;
  return names(text, from, at, to, context);
}

const ends = (letter: string) => letter.trim() === '' || '():<>=,"\''.includes(letter);
const covers = (span: Span, at: number) => span.at <= at && at <= span.at + span.length;

type Open =
  | { readonly kind: 'value'; readonly field: string; readonly argument?: string }
  | { readonly kind: 'argument'; readonly field: string; readonly span: Span };

/** What the text before the cursor leaves open: a comparison without a value, or `score(`. */
function openTerm(before: string): Open | undefined {
  // Read with a stand-in value: if that becomes the value of a term at the very end, a value is what is missing.
  const probe = `${before}x`;
  for (const [node, { values, argument }] of parseText(probe).spans) {
    const last = values[values.length - 1];
    if (node.kind === 'term' && last && last.at === before.length)
      return { kind: 'value', field: node.field, ...(node.argument !== undefined && { argument: node.argument }) };
    if (node.kind === 'term' && argument && covers(argument, before.length)) break;
  }
  const paren = before.lastIndexOf('(');
  const word = before.slice(0, paren).toLowerCase();
  const field =
    paren < 0 || before.includes(')', paren) ? undefined : ['score', 'column'].find((name) => word.endsWith(name));
  if (
    !field ||
    !(
      word.length === field.length ||
      ends(word[word.length - field.length - 1]!) ||
      '-!'.includes(word[word.length - field.length - 1]!)
    )
  )
    return undefined;
  return { kind: 'argument', field, span: { at: paren + 1, length: before.length - paren - 1 } };
}

/** The letters written so far, without quotes. */
const typed = (text: string, from: number, at: number) => text.slice(from, at).replaceAll('"', '').replaceAll("'", '');

function names(text: string, from: number, at: number, to: number, context: FilterContext): Completion {
  const all = [
    ...Object.entries(FIELDS).map(([name, make]) => ({ name, text: `${name}:`, title: make(context).title })),
    ...context.run.methods.flatMap((method) =>
      Object.entries(MAP_FIELDS).map(([figure, { title }]) => {
        const name = `${method.name}.${figure}`;
        return { name, text: `${nameText(name)}:`, title };
      }),
    ),
    ...[...context.columns.keys()].map((name) => {
      // A column that has the name of a field is asked for as column(…).
      const hidden = Object.hasOwn(FIELDS, name.toLowerCase());
      return { name, text: `${hidden ? `column(${quoted(name)})` : nameText(name)}:`, title: COLUMN };
    }),
    ...Object.entries(FILTER_WORDS).map(([name, title]) => ({ name, text: `${name} `, title })),
    { name: 'or', text: 'or ', title: 'one of two conditions' },
    { name: 'not', text: 'not ', title: 'the contrary' },
  ];
  const rest = text.slice(to).trimStart();
  const compared = OPERATORS.some((operator) => rest.startsWith(operator));
  const options = chosen(typed(text, from, at), all).map(({ text, title }) => ({
    // A comparison that is there already is kept.
    text: compared && text.endsWith(':') ? text.slice(0, -1) : text,
    title,
  }));
  return { from, to, options };
}

const COLUMN = 'column of the data set';

function classNames(text: string, span: Span, at: number, context: FilterContext, field: string): Completion {
  const classes = field.toLowerCase() === 'score';
  const all = classes ? context.run.classes : [...context.columns.keys()];
  const close = text[span.at + span.length] === ')' ? '' : ')';
  const options = chosen(typed(text, span.at, at), named(all));
  return {
    from: span.at,
    to: span.at + span.length,
    options: options.map(({ name }) => ({ text: quoted(name) + close, title: classes ? 'its probability' : COLUMN })),
  };
}

const named = (all: readonly string[]) => all.map((name) => ({ name }));

function fieldValues(
  name: string,
  argument: string | undefined,
  text: string,
  span: Span,
  at: number,
  context: FilterContext,
): Completion {
  const found = findField(name, argument, context);
  const values = 'field' in found ? (found.field.known ?? found.field.offered ?? []) : [];
  return {
    from: span.at,
    to: span.at + span.length,
    options: chosen(typed(text, span.at, at), named(values)).map(({ name }) => ({ text: valueText(name), title: '' })),
  };
}

function chosen<T extends { readonly name: string }>(written: string, all: readonly T[]): readonly T[] {
  const wanted = written.toLowerCase();
  if (wanted === '') return all.slice(0, MOST);
  const begins: T[] = [];
  const contains: T[] = [];
  for (const entry of all) {
    const lower = entry.name.toLowerCase();
    if (lower.startsWith(wanted)) begins.push(entry);
    else if (lower.includes(wanted)) contains.push(entry);
  }
  const found = [...begins, ...contains];
  if (found.length > 0) return found.slice(0, MOST);
  const near = nearest(
    written,
    all.slice(0, 2000).map(({ name }) => name),
  );
  return near.flatMap((name) => all.find((entry) => entry.name === name) ?? []);
}
