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
  const x = ranksOf(a).ranks;
  const y = ranksOf(b).ranks;
  const middle = (x.length + 1) / 2;
  let both = 0;
  let first = 0;
  let second = 0;
  for (let i = 0; i < x.length; i++) {
    both += (x[i]! - middle) * (y[i]! - middle);
    first += (x[i]! - middle) ** 2;
    second += (y[i]! - middle) ** 2;
  }
  return first > 0 && second > 0 ? both / Math.sqrt(first * second) : undefined;
}
