/** Bare words that ask something; quoted they are letters to look for. */
export const FILTER_WORDS: Readonly<Record<string, string>> = {
  correct: 'the decision is the label',
  wrong: 'the decision is not the label',
  flagged: 'flagged by the reviewer',
  noted: 'with a note of the reviewer',
  masked: 'with a mask or boxes',
  explained: 'with a map',
  labelled: 'with a label',
};

/** Words that join. */
export const JOINING = new Set(['and', 'or', 'not']);

/** Fields that take an argument in parentheses. */
export const WITH_ARGUMENT = new Set(['score', 'column']);

/** Longest filter, and deepest nesting of parentheses and negations. */
export const LONGEST_FILTER = 20_000;
export const DEEPEST_FILTER = 100;
