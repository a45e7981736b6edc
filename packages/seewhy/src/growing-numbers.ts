type Numbers = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array;

/** Numbers by place in a typed array that doubles when it is full. A place that was not set holds `empty`. */
export class GrowingNumbers<T extends Numbers> {
  readonly #make: new (
    length: number,
  ) => T;
  readonly #empty: number;
  #values: T;

  /**
   * @param length for how many places there is room at first
   * @param empty default 0
   */
  constructor(make: new (length: number) => T, length: number, empty = 0) {
    this.#make = make;
    this.#empty = empty;
    this.#values = this.#filled(Math.max(1, length));
  }

  get(at: number): number {
    return this.#values[at] ?? this.#empty;
  }

  set(at: number, value: number): void {
    if (at >= this.#values.length) {
      const values = this.#filled(at * 2);
      values.set(this.#values as never);
      this.#values = values;
    }
    this.#values[at] = value;
  }

  #filled(length: number): T {
    const values = new this.#make(length);
    return this.#empty === 0 ? values : (values.fill(this.#empty) as T);
  }
}
