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

/** Sentences for people, by code, for a number of rows. Codes that are not here speak through their first example. */
const MESSAGES: Readonly<Record<string, (n: string) => string>> = {
  LABEL_UNKNOWN: (n) => `${n} labels that are no class of the model; they were predicted without a label`,
  LABEL_MISSING: (n) => `${n} no label; they were predicted, and count in no figure that needs one`,
  LABEL_SEVERAL: (n) => `${n} several labels though the head decides for one class; any of them counts as right`,
  LABEL_CONTRADICTORY: (n) =>
    `${n} several rows with different labels, and the head decides for one class; they were predicted without a label`,
  ID_TWICE: (n) => `${n} the id or the path of another row and were left out`,
  SCORE_NOT_A_NUMBER: (n) => `${n} scores that are not numbers and were left out`,
  MASK_SIZE: (n) => `${n} a mask of another shape than the picture's; it was not used`,
  PICTURE_MISSING: (n) => `${n} no picture file and were left out`,
};

const PICTURES = (count: number) => (count === 1 ? '1 picture has' : `${count.toLocaleString('en')} pictures have`);

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
  if (known) return `${known(PICTURES(count))}.`;
  const what = examples[0]?.what ?? code;
  return count === 1 ? what : `${count.toLocaleString('en')} rows, the first of them: ${what}`;
}

/** Ids and labels of strangers may be of any length. */
const short = (text: string): string => (text.length > 500 ? `${text.slice(0, 499)}…` : text);
