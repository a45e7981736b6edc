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
    // A candidate inside the wanted name counts only when it is most of it: 'cam' is not what 'grdcam' meant.
    const contained =
      wanted.length > 1 && (text.includes(wanted) || (text.length >= 0.7 * wanted.length && wanted.includes(text)));
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
  externalEscapes: (location: string, detail: string) =>
    new SeewhyError({
      code: 'EXTERNAL_DATA_ESCAPES',
      what: `The weights file '${location.slice(0, 200).replace(/\p{Cc}/gu, '?')}' ${detail}`,
      cure: "Weights are only read from the model's own folder; move the file there and export the model again.",
    }),
  externalBeyond: (tensor: string, location: string, detail: string) =>
    new SeewhyError({
      code: 'EXTERNAL_DATA_BEYOND',
      what: `The weights file '${location}' is too short: ${detail}`,
      where: `tensor '${tensor}'`,
      cure: 'Copy or download the weights file again; it may be incomplete or belong to another model.',
    }),
  opsetTooOld: (opset: number) =>
    new SeewhyError({
      code: 'OPSET_TOO_OLD',
      what:
        opset === 0
          ? 'The model does not say which opset it uses'
          : `The model uses opset ${opset}; 7 is the oldest that can be read`,
      cure: 'Export it again with opset 13 or newer, or convert it with `onnx.version_converter` in Python.',
    }),
  cannotUpgrade: (node: string, detail: string) =>
    new SeewhyError({
      code: 'UPGRADE_UNSUPPORTED',
      what: `A node cannot be brought to opset 13: ${detail}`,
      where: node,
      cure: 'Export the model again with opset 13 or newer.',
    }),
  noValue: (name: string, hint: string) =>
    new SeewhyError({
      code: 'VALUE_UNKNOWN',
      what: `The graph has no value '${name}'`,
      cure: hint || 'Give the name of an input, an initializer or a node output.',
    }),
  cycle: (nodes: string) =>
    new SeewhyError({
      code: 'GRAPH_CYCLE',
      what: 'The graph has a cycle: these nodes wait for each other',
      where: nodes,
      cure: 'The file is damaged or was edited by hand; export the model again.',
    }),
  recursiveFunction: (chain: string) =>
    new SeewhyError({
      code: 'FUNCTION_RECURSIVE',
      what: `A model-local function calls itself: ${chain}`,
      cure: 'ONNX forbids it; export the model again.',
    }),
  functionsTooLarge: (limit: number) =>
    new SeewhyError({
      code: 'FUNCTION_TOO_LARGE',
      what: `The model-local functions unfold to more than ${limit} nodes`,
      cure: 'No real model does that: the file is damaged or hostile.',
    }),
  functionOpset: (name: string, domain: string, own: number, model: number, op: string) =>
    new SeewhyError({
      code: 'FUNCTION_OPSET',
      what: `The function '${name}' is written for version ${own} of the operator set '${domain || 'ai.onnx'}' and the model for ${model}, between which ${op} changed`,
      cure: 'Export the model again with one opset.',
    }),
};
