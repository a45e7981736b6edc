import { GrowingNumbers } from '../growing-numbers.ts';
import { TextColumn } from './text-column.ts';

type Value = string | number | boolean;

/** Different values that are remembered; what comes later is written out each time. */
const MOST_KNOWN = 4096;
const NONE = -1;
const WRITTEN = -2;

/** One column of a data set by row: of the values that repeat only their number is held. */
export class ValueColumn {
  readonly #codes: GrowingNumbers<Int32Array>;
  readonly #values: Value[] = [];
  readonly #known = new Map<Value, number>();
  readonly #written = new TextColumn(0);

  constructor(rows: number) {
    this.#codes = new GrowingNumbers(Int32Array, rows, NONE);
  }

  set(row: number, value: Value): void {
    let code = this.#known.get(value);
    if (code === undefined && this.#values.length < MOST_KNOWN) {
      code = this.#values.push(value) - 1;
      this.#known.set(value, code);
    }
    this.#codes.set(row, code ?? WRITTEN);
    if (code === undefined) this.#written.set(row, JSON.stringify(value));
  }

  get(row: number): Value | undefined {
    const code = this.#codes.get(row);
    if (code === NONE) return undefined;
    return code === WRITTEN ? (JSON.parse(this.#written.get(row)!) as Value) : this.#values[code];
  }
}
