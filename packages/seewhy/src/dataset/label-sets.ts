/** The number of no labels at all. */
export const NOT_LABELLED = -1;

/** Sets of labels by number. */
export class LabelSets {
  readonly #numbers = new Map<string, number>();
  readonly #sets: (readonly string[])[] = [];

  add(labels: readonly string[] | undefined): number {
    if (labels === undefined) return NOT_LABELLED;
    const sorted = [...labels].sort();
    const text = JSON.stringify(sorted);
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#sets.length);
    return this.#sets.push(sorted) - 1;
  }

  get(number: number): readonly string[] | undefined {
    return this.#sets[number];
  }

  union(numbers: Iterable<number>): readonly string[] | undefined {
    const known = [...numbers].filter((number) => number !== NOT_LABELLED);
    return known.length === 0 ? undefined : [...new Set(known.flatMap((number) => this.#sets[number]!))].sort();
  }
}
