/** Share of the cell `[cell, cell + 1)` of `to` cells that each of `from` pixels makes up: the weights of one output cell. */
function weights(from: number, to: number): { start: Int32Array; shares: Float64Array[] } {
  const start = new Int32Array(to);
  const shares: Float64Array[] = [];
  const size = from / to;
  for (let cell = 0; cell < to; cell++) {
    const low = cell * size;
    const high = (cell + 1) * size;
    const first = Math.min(from - 1, Math.floor(low));
    const last = Math.min(from, Math.max(first + 1, Math.ceil(high)));
    start[cell] = first;
    shares.push(
      Float64Array.from({ length: last - first }, (_, i) => {
        const pixel = first + i;
        return Math.max(0, Math.min(high, pixel + 1) - Math.max(low, pixel)) / size;
      }),
    );
  }
  return { start, shares };
}

/**
 * The mean of `data` over each cell of a coarser (or finer) grid, by area: a pixel cut by a cell's edge counts with the share that lies
 * inside. The mean over all cells is the mean over all pixels.
 * @param data `height × width` values, row by row
 * @returns `toHeight × toWidth` means, row by row
 */
export function boxAverage(
  data: ArrayLike<number>,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
): Float64Array {
  const across = weights(width, toWidth);
  const down = weights(height, toHeight);
  const rows = new Float64Array(height * toWidth);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < toWidth; x++) {
      const at = y * width + across.start[x]!;
      const shares = across.shares[x]!;
      let sum = 0;
      for (let i = 0; i < shares.length; i++) sum += shares[i]! * data[at + i]!;
      rows[y * toWidth + x] = sum;
    }
  }
  const means = new Float64Array(toHeight * toWidth);
  for (let y = 0; y < toHeight; y++) {
    const shares = down.shares[y]!;
    for (let i = 0; i < shares.length; i++) {
      const at = (down.start[y]! + i) * toWidth;
      for (let x = 0; x < toWidth; x++) means[y * toWidth + x]! += shares[i]! * rows[at + x]!;
    }
  }
  return means;
}
