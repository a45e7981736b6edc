import type { Target } from '../target.ts';

/** A class and how it counts in a target. */
export interface Term {
  readonly index: number;
  readonly sign: 1 | -1;
}

/** The classes that a resolved target is the signed sum of; undefined where it is not made of whole classes. */
export function termsOf(target: Target): readonly Term[] | undefined {
  if (target.kind === 'class') return [{ index: target.index, sign: 1 }];
  if (target.kind === 'contrast')
    return [
      { index: target.index, sign: 1 },
      { index: target.against, sign: -1 },
    ];
  if (target.kind === 'sum') return target.indices.map((index) => ({ index, sign: 1 }));
  return undefined;
}
