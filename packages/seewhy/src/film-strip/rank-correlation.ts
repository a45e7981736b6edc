/**
 * Spearman's rank correlation of two maps of equal size: Pearson's correlation of the ranks, equal values sharing the mean of
 * theirs. 1: the same order of places; 0: none in common; −1: the opposite.
 * @returns undefined where one of them is the same everywhere
 */
export function rankCorrelation(a: Float32Array, b: Float32Array): number | undefined {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - mean, y[i]! - mean];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : undefined;
}

function ranks(values: Float32Array): Float64Array {
  const order = Uint32Array.from(values, (_, index) => index).sort((i, j) => values[i]! - values[j]! || i - j);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let at = from; at <= to; at++) result[order[at]!] = (from + to) / 2;
    from = to + 1;
  }
  return result;
}
