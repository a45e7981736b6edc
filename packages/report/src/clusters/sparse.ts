/** A symmetric matrix in compressed rows: row `i` holds `values[k]` in column `columns[k]` for k of `starts[i]` … `starts[i + 1] − 1`. */
export interface Sparse {
  readonly size: number;
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/** Rows given as pairs (column, value); columns rise in the result. */
export function sparseOf(rows: readonly ReadonlyMap<number, number>[]): Sparse {
  const starts = new Int32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) starts[i + 1] = starts[i]! + rows[i]!.size;
  const columns = new Int32Array(starts[rows.length]!);
  const values = new Float64Array(columns.length);
  let at = 0;
  for (const row of rows) {
    for (const [column, value] of [...row].sort((a, b) => a[0] - b[0])) {
      columns[at] = column;
      values[at++] = value;
    }
  }
  return { size: rows.length, starts, columns, values };
}

/** `matrix · x`. */
export function timesVector({ size, starts, columns, values }: Sparse, x: Float64Array): Float64Array {
  const product = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let k = starts[i]!; k < starts[i + 1]!; k++) sum += values[k]! * x[columns[k]!]!;
    product[i] = sum;
  }
  return product;
}
