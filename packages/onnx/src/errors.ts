/** One fact sheet for an error: a stable code, what is wrong, where, and what to do about it. */
export interface ErrorFacts {
  /** Stable, upper case with underscores: programs may match on it. */
  code: string;
  /** One sentence: what is wrong. */
  what: string;
  /** Where: a node, a value, a file, an option. */
  where?: string;
  /** What to do about it. */
  cure?: string;
  cause?: unknown;
}

/** The error of every seewhy package. `message` holds what, where and cure in one readable line. */
export class SeewhyError extends Error {
  readonly code: string;
  readonly what: string;
  readonly where: string | undefined;
  readonly cure: string | undefined;

  constructor(facts: ErrorFacts) {
    const where = facts.where ? ` (${facts.where})` : '';
    const cure = facts.cure ? ` ${facts.cure}` : '';
    super(`${facts.what}${where}.${cure}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'SeewhyError';
    this.code = facts.code;
    this.what = facts.what;
    this.where = facts.where;
    this.cure = facts.cure;
  }
}

const MAX_COMPARED = 200;

/** Damerau-Levenshtein distance (adjacent transpositions), O(|a||b|). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

/**
 * The names that a person most likely meant: those that contain `name` (or are contained in it) first, then by edit distance.
 * @param count how many at most (default 3)
 */
export function nearest(name: string, candidates: Iterable<string>, count = 3): string[] {
  const wanted = name.toLowerCase().slice(0, MAX_COMPARED);
  const scored: { candidate: string; score: number }[] = [];
  for (const candidate of new Set(candidates)) {
    const text = candidate.toLowerCase().slice(0, MAX_COMPARED);
    const contained = wanted.length > 1 && (text.includes(wanted) || (text.length > 1 && wanted.includes(text)));
    const score = distance(wanted, text) / Math.max(wanted.length, text.length, 1);
    if (contained || score <= 0.6) scored.push({ candidate, score: contained ? score / 4 : score });
  }
  scored.sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1));
  return scored.slice(0, count).map((entry) => entry.candidate);
}

/** `did you mean 'a', 'b' or 'c'?`, or an empty string when nothing is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const names = nearest(name, candidates).map((candidate) => `'${candidate}'`);
  if (names.length === 0) return '';
  const last = names.pop()!;
  return `Did you mean ${names.length > 0 ? `${names.join(', ')} or ` : ''}${last}?`;
}

/** True for errors made by a seewhy package (also when two copies of a package are installed). */
export function isSeewhyError(error: unknown): error is SeewhyError {
  return error instanceof Error && error.name === 'SeewhyError' && 'code' in error;
}

export const errors = {
  notAModel: (detail: string, cause?: unknown) =>
    new SeewhyError({
      code: 'MODEL_NOT_ONNX',
      what: `This is not an ONNX model: ${detail}`,
      cure: 'Check that the file is a complete .onnx file (a Git LFS pointer or an HTML page saved by mistake looks like this).',
      cause,
    }),
  truncated: (cause?: unknown) =>
    new SeewhyError({
      code: 'MODEL_TRUNCATED',
      what: 'The ONNX file ends in the middle of a field or is damaged',
      cure: 'Copy or download it again.',
      cause,
    }),
  noGraph: () =>
    new SeewhyError({
      code: 'MODEL_NO_GRAPH',
      what: 'The ONNX file holds no graph',
      cure: 'Export the model again.',
    }),
  badTensor: (name: string, detail: string) =>
    new SeewhyError({
      code: 'TENSOR_INVALID',
      what: `A tensor is malformed: ${detail}`,
      where: `tensor '${name}'`,
      cure: 'The file is damaged or was written by a faulty exporter; export the model again.',
    }),
  badAttribute: (node: string, attribute: string, detail: string) =>
    new SeewhyError({
      code: 'ATTRIBUTE_INVALID',
      what: `The attribute '${attribute}' ${detail}`,
      where: node,
      cure: 'The file is damaged or was written by a faulty exporter; export the model again.',
    }),
  externalMissing: (tensor: string, location: string) =>
    new SeewhyError({
      code: 'EXTERNAL_DATA_MISSING',
      what: `The weights file '${location}' was not given`,
      where: `tensor '${tensor}'`,
      cure: `Put '${location}' next to the model file.`,
    }),
};
