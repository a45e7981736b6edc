import type { Judged } from '../context.ts';

/**
 * Intraclass correlation of errors in groups (patients): 0 where errors fall as if there were no groups, 1 where a group is wrong as a whole. The
 * analysis-of-variance estimator (A. Donner, Int. Stat. Review 54, 1986), not below 0; 0 without groups of several pictures:
 *
 *     ρ = (B − W) / (B + (n₀ − 1) W),  n₀ = (N − Σ nᵢ² / N) / (k − 1)
 *
 * B, W: mean squares between and within the k groups. Pictures without a group are groups of one.
 */
export function groupedErrors(judged: readonly Judged[]): number {
  const groups = new Map<string, { count: number; errors: number }>();
  let alone = 0;
  for (const { record, correct } of judged) {
    const key = record.group === undefined ? `-${alone++}` : `+${record.group}`;
    const group = groups.get(key) ?? { count: 0, errors: 0 };
    group.count++;
    if (!correct) group.errors++;
    groups.set(key, group);
  }
  const n = judged.length;
  const k = groups.size;
  if (k < 2 || k === n) return 0;
  let errors = 0;
  for (const group of groups.values()) errors += group.errors;
  const mean = errors / n;
  let between = 0;
  let within = 0;
  let squares = 0;
  for (const group of groups.values()) {
    const rate = group.errors / group.count;
    between += group.count * (rate - mean) ** 2;
    within += group.count * rate * (1 - rate);
    squares += group.count ** 2;
  }
  const b = between / (k - 1);
  const w = within / (n - k);
  const size = (n - squares / n) / (k - 1);
  const rho = (b - w) / (b + (size - 1) * w);
  return Number.isNaN(rho) ? 0 : Math.min(1, Math.max(0, rho));
}

/** How many pictures of each group there are among some: a subset and the rest are told from it. */
export class GroupSizes {
  readonly #all = new Map<string, number>();
  readonly #squares: number;
  /** Pictures, and those of them that have a group. */
  #count = 0;
  #grouped = 0;

  /** @param parts of the pictures, all of them together */
  constructor(parts: readonly (readonly Judged[])[]) {
    for (const part of parts) {
      this.#count += part.length;
      this.#grouped += addCounts(part, this.#all);
    }
    let squares = 0;
    for (const count of this.#all.values()) squares += count ** 2;
    this.#squares = squares;
  }

  /** Design effects 1 + (m − 1) ρ of a part and of the rest, m = Σ n² / Σ n over the groups there. */
  effects(part: readonly Judged[], rho: number): readonly [inside: number, outside: number] {
    const own = new Map<string, number>();
    const grouped = addCounts(part, own);
    let inside = 0;
    let outside = this.#squares;
    for (const [group, count] of own) {
      const all = this.#all.get(group)!;
      inside += count ** 2;
      outside += (all - count) ** 2 - all ** 2;
    }
    // Pictures without a group are each a group of one.
    const alone = part.length - grouped;
    const rest = this.#count - part.length;
    const restAlone = this.#count - this.#grouped - alone;
    const effect = (squares: number, count: number) => 1 + Math.max(0, squares / count - 1) * rho;
    return [effect(inside + alone, part.length), effect(outside + restAlone, rest)];
  }
}

/** Counts pictures by group; returns how many have one. */
function addCounts(part: readonly Judged[], counts: Map<string, number>): number {
  let grouped = 0;
  for (const { record } of part) {
    const { group } = record;
    if (group === undefined) continue;
    counts.set(group, (counts.get(group) ?? 0) + 1);
    grouped++;
  }
  return grouped;
}
