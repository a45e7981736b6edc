/**
 * Keeps the items with the lowest keys of however many are added: at most a quarter more than asked for are held at once. Where no more are added
 * than asked for, all of them, in the order they came.
 */
export class Lowest<T> {
  readonly #most: number;
  #kept: { readonly key: number; readonly item: T }[] = [];
  #added = 0;
  /** Keys from here on are too high. */
  #limit = Number.POSITIVE_INFINITY;

  /** @param most how many are kept */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many were added. */
  get added(): number {
    return this.#added;
  }

  /** @param make called only where the item is kept for now */
  add(key: number, make: () => T): void {
    this.#added++;
    if (key >= this.#limit) return;
    this.#kept.push({ key, item: make() });
    if (this.#kept.length > 1.25 * this.#most) this.#cut();
  }

  items(): T[] {
    if (this.#kept.length > this.#most) this.#cut();
    return this.#kept.map(({ item }) => item);
  }

  #cut(): void {
    this.#kept = this.#kept.toSorted((a, b) => a.key - b.key).slice(0, this.#most);
    this.#limit = this.#kept.at(-1)!.key;
  }
}
