/** Ranks 1 … n, equal values sharing their mean; `ties` is Σ (t³ − t) over groups of t equal values. */
export function ranksOf(values: ArrayLike<number>): { readonly ranks: Float64Array; readonly ties: number } {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  let ties = 0;
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to + 1) / 2;
    ties += (to - from) ** 3 - (to - from);
    from = to;
  }
  return { ranks, ties };
}

/** Spearman's rank correlation, −1 … 1; undefined where one of the two is the same everywhere. */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  return correlation(ranksOf(a).ranks, ranksOf(b).ranks);
}

/**
 * Rank correlation that looks at the top of the first: its Savage scores, for the k-th smallest of n the sum of 1/n … 1/(n − k + 1), against the ranks of
 * the second (R. Iman, W. Conover, Technometrics 29, 1987, who score both). What few values at the upper end share is seen among many others that are in no order; equal
 * values share the mean of their scores. −1 … 1; undefined where one of the two is the same everywhere.
 */
export function topCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  const order = Array.from({ length: a.length }, (_, i) => i).sort((i, j) => a[i]! - a[j]!);
  const scores = new Float64Array(a.length);
  let reached = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    let sum = 0;
    for (; to < order.length && a[order[to]!] === a[order[from]!]; to++) {
      reached += 1 / (order.length - to);
      sum += reached;
    }
    for (let i = from; i < to; i++) scores[order[i]!] = sum / (to - from);
    from = to;
  }
  return correlation(scores, ranksOf(b).ranks);
}

/** Pearson's; both have as many values. */
function correlation(x: Float64Array, y: Float64Array): number | undefined {
  const [meanX, meanY] = [x, y].map((values) => values.reduce((sum, value) => sum + value, 0) / values.length) as [
    number,
    number,
  ];
  let both = 0;
  let first = 0;
  let second = 0;
  for (let i = 0; i < x.length; i++) {
    both += (x[i]! - meanX) * (y[i]! - meanY);
    first += (x[i]! - meanX) ** 2;
    second += (y[i]! - meanY) ** 2;
  }
  // Equal scores differ by rounding.
  return first > 1e-12 && second > 1e-12 ? both / Math.sqrt(first * second) : undefined;
}
