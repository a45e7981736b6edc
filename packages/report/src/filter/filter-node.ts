/** `:` and `=` match, the others compare. */
export type FilterOperator = ':' | '=' | '!=' | '<' | '<=' | '>' | '>=';

/** What a field is held against. */
export type FilterValue =
  /** As written; `wild`: `*` stands for any letters. */
  | { readonly kind: 'text'; readonly text: string; readonly wild: boolean }
  /** From `low` to `high`, both included; one may be missing. */
  | { readonly kind: 'range'; readonly low?: number; readonly high?: number };

/** A filter as a tree. Immutable; {@link allOf} and {@link anyOf} keep it in its one normal form. */
export type FilterNode =
  | { readonly kind: 'everything' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly FilterNode[] }
  | { readonly kind: 'not'; readonly part: FilterNode }
  /** Letters in id or path. */
  | { readonly kind: 'text'; readonly text: string; readonly wild: boolean }
  /** A word of its own: `wrong`. */
  | { readonly kind: 'word'; readonly word: string }
  | FilterTerm;

/** One comparison of a filter: `score > 0.9`. */
export interface FilterTerm {
  readonly kind: 'term';
  /** As written: `score`, `gradcam.border`, `skin tone`. */
  readonly field: string;
  /** Of `score(malignant)`. */
  readonly argument?: string;
  readonly operator: FilterOperator;
  /** One of them is enough. At least one. */
  readonly values: readonly FilterValue[];
}

/** The filter that keeps every picture. */
export const EVERYTHING: FilterNode = { kind: 'everything' };

function joined(kind: 'and' | 'or', parts: readonly FilterNode[]): FilterNode {
  const flat = parts.flatMap((part) => (part.kind === kind ? part.parts : part.kind === 'everything' ? [] : [part]));
  return flat.length === 0 ? EVERYTHING : flat.length === 1 ? flat[0]! : { kind, parts: flat };
}

/** All of the parts: no `and` directly inside an `and`, none with a single part. */
export const allOf = (parts: readonly FilterNode[]): FilterNode => joined('and', parts);
/** One of the parts. A part that is missing (`everything`) is left out. */
export const anyOf = (parts: readonly FilterNode[]): FilterNode => joined('or', parts);
