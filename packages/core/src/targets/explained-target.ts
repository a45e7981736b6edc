import type { ItemTarget } from '../explainer.ts';
import type { ExplainedTarget } from '../explanation.ts';
import type { Model } from '../model.ts';
import { isRegression, labelOf, type ScoreKind, type Target } from '../target.ts';
import { isOfClasses } from './check-target.ts';
import { targetText } from './target-text.ts';

/** What was explained, as results say it. */
export function explainedTarget(
  { output, labels }: Pick<Model, 'output' | 'labels'>,
  target: Target,
  { resolved, value }: ItemTarget,
  score: ScoreKind,
): ExplainedTarget {
  const text = targetText(resolved, output, labels);
  const classes = isOfClasses(resolved);
  const index = classOf(resolved);
  return {
    kind: resolved.kind as ExplainedTarget['kind'],
    asked: target.asked ?? text,
    index,
    label: index >= 0 && resolved.kind !== 'sum' ? labelOf(index, labels, output) : text,
    text,
    ...(resolved.kind === 'contrast'
      ? { against: { index: resolved.against, label: labelOf(resolved.against, labels, output) } }
      : {}),
    ...(resolved.kind === 'sum'
      ? { classes: resolved.indices.map((one) => ({ index: one, label: labelOf(one, labels, output) })) }
      : {}),
    score: classes && !isRegression(output) ? score : 'value',
    value,
    slug: slugOf(resolved),
  };
}

/** The (first) class of a resolved target; −1 where it is none. */
function classOf(target: Target): number {
  if (target.kind === 'sum') return target.indices[0]!;
  return 'index' in target && target.index !== undefined ? target.index : -1;
}

/** Part of a file name: letters, digits, `.`, `-`, `+` and `_` only, at most 60 of them. */
export function slugOf(target: Target): string {
  switch (target.kind) {
    case 'top':
      return `top-${target.rank + 1}`;
    case 'class':
      return String(target.index);
    case 'contrast':
      return `${target.index}-${target.against}`;
    case 'runner-up':
      return target.index === undefined ? 'runner-up' : `${target.index}-runner-up`;
    case 'sum':
      return safe(target.indices.join('+'));
    case 'position':
      return safe(`${target.index}-at-${target.text ?? target.at.toReversed().join('-')}`);
    case 'region':
      return safe(`${target.index}-in-${target.text ?? 'region'}`);
    case 'similar':
      return safe(`similar-${target.name}`);
    case 'element':
      return safe(`${target.name}-${target.at.join('-')}`);
    case 'function':
      return safe(target.name) || 'function';
  }
}

const MOST = 60;

/** Safe characters only; a long text is cut and ends in a short number of the whole. */
function safe(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9.+_-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '');
  if (plain.length <= MOST) return plain;
  return `${plain.slice(0, MOST - 9)}-${hash(text)}`;
}

/** FNV-1a, 32 bits, as 8 hexadecimal digits. */
function hash(text: string): string {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return (state >>> 0).toString(16).padStart(8, '0');
}
