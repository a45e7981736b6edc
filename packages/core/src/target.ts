import type { ClassOutput } from './class-output.ts';
import { errors } from './errors.ts';

/** What is to be explained. `top`: the k-th best class of each picture, found inside the graph. */
export type Target =
  | { readonly kind: 'top'; readonly rank: number; readonly asked: string }
  | { readonly kind: 'class'; readonly index: number; readonly asked: string }
  | { readonly kind: 'contrast'; readonly index: number; readonly against: number; readonly asked: string };

/** Which value of a class is explained: before the final softmax or sigmoid, or after it. */
export type ScoreKind = 'logit' | 'probability';

export const TOP: Target = { kind: 'top', rank: 0, asked: 'top' };

/**
 * Reads a target as people write it: `top`, `top:3` (three targets), `all`, a class index, a label, or `A-B` (indices or labels) for
 * what speaks for A rather than B. Several, separated by commas, may be given.
 * @throws TARGET_UNKNOWN, TARGET_AMBIGUOUS, TARGET_OUT_OF_RANGE, TARGET_INVALID
 */
export function parseTargets(text: string, output: ClassOutput, labels: readonly string[] | undefined): Target[] {
  const whole = one(text.trim(), output, labels, false);
  if (whole) return whole;
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) throw errors.badTarget(text);
  return parts.flatMap((part) => one(part, output, labels, true)!);
}

function one(
  text: string,
  output: ClassOutput,
  labels: readonly string[] | undefined,
  must: boolean,
): Target[] | undefined {
  const { classes } = output;
  if (text === 'top') return [TOP];
  const top = /^top:(\d{1,6})$/.exec(text);
  if (top) {
    const count = Number(top[1]);
    if (count < 1) throw errors.badTarget(text);
    if (count > classes) throw errors.topRange(count, classes);
    return Array.from({ length: count }, (_, rank) => ({ kind: 'top', rank, asked: text }));
  }
  if (text === 'all') return Array.from({ length: classes }, (_, index) => ({ kind: 'class', index, asked: text }));
  const index = classIndex(text, classes, labels);
  if (index !== undefined) return [{ kind: 'class', index, asked: text }];
  // Labels may contain hyphens: every split is tried.
  for (let at = text.indexOf('-', 1); at > 0; at = text.indexOf('-', at + 1)) {
    const first = classIndex(text.slice(0, at).trim(), classes, labels);
    const second = classIndex(text.slice(at + 1).trim(), classes, labels);
    if (first !== undefined && second !== undefined)
      return [{ kind: 'contrast', index: first, against: second, asked: text }];
  }
  if (!must && text.includes(',')) return undefined;
  if (text === '') throw errors.badTarget(text);
  throw errors.unknownLabel(text, labels, classes);
}

function classIndex(text: string, classes: number, labels: readonly string[] | undefined): number | undefined {
  if (/^\d{1,9}$/.test(text)) {
    const exact = labels?.indexOf(text) ?? -1;
    if (exact >= 0 && Number(text) >= classes) return exact;
    if (Number(text) >= classes) throw errors.targetRange(Number(text), classes);
    return Number(text);
  }
  if (!labels) return undefined;
  const wanted = text.toLowerCase();
  const exact = labels.findIndex((label) => label.toLowerCase() === wanted);
  if (exact >= 0) return exact;
  // ImageNet labels list synonyms: `tabby, tabby cat`; any one of them is the class.
  const synonyms = labels.flatMap((label, index) =>
    label.toLowerCase().split(/,\s*/).includes(wanted) ? [index] : [],
  );
  if (synonyms.length > 1)
    throw errors.ambiguousLabel(
      text,
      synonyms.map((index) => `${index} ${labels[index]}`),
    );
  return synonyms[0];
}

/** Label of a class, or `class 7` where labels are not known. */
export function labelOf(index: number, labels: readonly string[] | undefined): string {
  return labels?.[index] ?? `class ${index}`;
}
