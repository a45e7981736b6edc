import { BinaryCurve, below } from './binary-curve.ts';
import type { Counts } from './binary-metrics.ts';
import type { Cell } from './decision.ts';

/** One case of the question "is it this class?": its score, and whether it is. */
interface Answer {
  readonly score: number;
  readonly truth: boolean;
}

/**
 * Answers sorted once by truth and score: at any threshold the four cells of the 2 × 2 table are pieces of two lists, found by bisection
 * (`score ≥ threshold` is positive). Answers of equal score keep their order; those whose score is no number are left out.
 */
export class SortedDecisions<A extends Answer> {
  readonly curve: BinaryCurve;
  /** Of ascending score. */
  readonly positive: readonly A[];
  readonly negative: readonly A[];

  constructor(answers: readonly A[]) {
    const known = answers.filter(({ score }) => !Number.isNaN(score)).sort((a, b) => a.score - b.score);
    this.positive = known.filter(({ truth }) => truth);
    this.negative = known.filter(({ truth }) => !truth);
    this.curve = new BinaryCurve(
      Float64Array.from(known, ({ score }) => score),
      known.map(({ truth }) => truth),
    );
  }

  /** Answers with a score. */
  get count(): number {
    return this.curve.count;
  }

  /** How many answers each cell holds. */
  counts(threshold: number): Counts {
    return this.curve.at(threshold);
  }

  /** The answers of each cell, of ascending score. */
  cells(threshold: number): Readonly<Record<Cell, readonly A[]>> {
    const [fn, tn] = [below(this.curve.positive, threshold), below(this.curve.negative, threshold)];
    return {
      TP: this.positive.slice(fn),
      FN: this.positive.slice(0, fn),
      FP: this.negative.slice(tn),
      TN: this.negative.slice(0, tn),
    };
  }
}
