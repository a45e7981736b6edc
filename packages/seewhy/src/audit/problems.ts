import type { AuditProblem } from '@seewhy/report';

/** What is wrong with one row or picture. */
export interface RowProblem {
  readonly code: string;
  /** Id, path or line. */
  readonly where: string;
  readonly what: string;
}

/** How many examples of a kind are kept. */
const EXAMPLES = 10;

/** Sentences for people by code, for one row and for several (# of them). Codes that are not here speak through their first example. */
const MESSAGES: Readonly<Record<string, readonly [one: string, several: string]>> = {
  LABEL_UNKNOWN: [
    '1 picture has a label that is no class of the model; it was predicted without it.',
    '# labels are no class of the model; their pictures were predicted without them.',
  ],
  LABEL_MISSING: [
    '1 picture has no label; it was predicted, and counts in no figure that needs one.',
    '# pictures have no label; they were predicted, and count in no figure that needs one.',
  ],
  LABEL_SEVERAL: [
    '1 picture has several labels though the head decides for one class; any of them counts as right.',
    '# pictures have several labels though the head decides for one class; any of them counts as right.',
  ],
  LABEL_CONTRADICTORY: [
    '1 picture has several rows with different labels, and the head decides for one class; it was predicted without a label.',
    '# pictures have several rows with different labels, and the head decides for one class; they were predicted without a label.',
  ],
  ID_TWICE: [
    '1 row has the id or the picture of another row and was left out.',
    '# rows have the id or the picture of another row and were left out.',
  ],
  SCORE_NOT_A_NUMBER: [
    '1 picture has a score that is not a number and was left out.',
    '# pictures have scores that are not numbers and were left out.',
  ],
  MASK_SIZE: [
    "1 mask is of another shape than its picture's; it was not used.",
    "# masks are of another shape than their pictures'; they were not used.",
  ],
  PICTURE_MISSING: [
    '1 picture file is missing; its row was left out.',
    '# picture files are missing; their rows were left out.',
  ],
  PATH_OUTSIDE: [
    "1 path leads out of the data set's folder; its row was left out. --image-root allows another folder.",
    "# paths lead out of the data set's folder; their rows were left out. --image-root allows another folder.",
  ],
};

/** Counts what is wrong by kind, with the first few examples in the order of their places, whatever order they came in. */
export class Problems {
  readonly #kinds = new Map<string, { count: number; examples: { where: string; what: string }[] }>();

  add({ code, where, what }: RowProblem): void {
    const kind = this.#kinds.get(code) ?? { count: 0, examples: [] };
    this.#kinds.set(code, kind);
    kind.count++;
    const { examples } = kind;
    if (examples.length === EXAMPLES && where >= examples[EXAMPLES - 1]!.where) return;
    const at = examples.findIndex((example) => example.where > where);
    examples.splice(at < 0 ? examples.length : at, 0, { where: short(where), what: short(what) });
    if (examples.length > EXAMPLES) examples.pop();
  }

  /** Adds everything that another one counted. */
  addAll(other: Problems): void {
    for (const [code, { count, examples }] of other.#kinds) {
      for (const example of examples) this.add({ code, ...example });
      this.#kinds.get(code)!.count += count - examples.length;
    }
  }

  /** By falling count, then code. */
  list(): AuditProblem[] {
    return [...this.#kinds]
      .sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1))
      .map(([code, { count, examples }]) => ({ code, count, message: messageOf(code, count, examples), examples }));
  }
}

function messageOf(code: string, count: number, examples: readonly { what: string }[]): string {
  const known = MESSAGES[code];
  if (known) return count === 1 ? known[0] : known[1].replace('#', count.toLocaleString('en'));
  const what = examples[0]?.what ?? code;
  return count === 1 ? what : `${count.toLocaleString('en')} rows, the first of them: ${what}`;
}

/** Ids and labels of strangers may be of any length. */
const short = (text: string): string => (text.length > 500 ? `${text.slice(0, 499)}…` : text);
