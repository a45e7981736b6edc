import { binaryScoreOf, positiveOf } from '../metrics/decision.ts';
import { Calibrated } from './calibrated.ts';
import type { RecordPair, RunPair } from './record-pair.ts';

/** Scores, decisions and truths of both runs, a column each. */
export interface BinaryColumns {
  readonly scoresA: Float64Array;
  readonly scoresB: Float64Array;
  /** 1: decided positive at the run's own threshold. */
  readonly saidA: Uint8Array;
  readonly saidB: Uint8Array;
  readonly truths: Uint8Array;
}

/** @param pairs with a label and a score in both runs */
export function binaryColumns(pairs: readonly RecordPair[], { a, b }: RunPair): BinaryColumns {
  const positive = positiveOf(a);
  const scoresA = Float64Array.from(pairs, (pair) => binaryScoreOf(pair.a, a)!);
  const scoresB = Float64Array.from(pairs, (pair) => binaryScoreOf(pair.b, b)!);
  return {
    scoresA,
    scoresB,
    saidA: Uint8Array.from(scoresA, (score) => (score >= a.threshold ? 1 : 0)),
    saidB: Uint8Array.from(scoresB, (score) => (score >= b.threshold ? 1 : 0)),
    truths: Uint8Array.from(pairs, (pair) => (pair.a.label!.includes(positive) ? 1 : 0)),
  };
}

const NAMES = ['balanced_accuracy', 'ppv', 'npv', 'f1', 'mcc', 'average_precision', 'brier', 'ece'] as const;

/** The figures of a binary head whose differences are known by drawing. */
export const binaryFigures = {
  names: NAMES,
  /** B − A in the sample in which picture i occurs `times[i]` times, in the order of `names`. */
  of(columns: BinaryColumns): (times: Int32Array) => Float64Array {
    const { scoresA, scoresB, saidA, saidB, truths } = columns;
    const rankedA = new Ranked(scoresA, truths);
    const rankedB = new Ranked(scoresB, truths);
    const calibratedA = new Calibrated(scoresA, truths);
    const calibratedB = new Calibrated(scoresB, truths);
    return (times) => {
      const a = [...tableFigures(times, saidA, truths), rankedA.averagePrecision(times), ...calibratedA.figures(times)];
      const b = [...tableFigures(times, saidB, truths), rankedB.averagePrecision(times), ...calibratedB.figures(times)];
      return Float64Array.from(a, (value, k) => b[k]! - value);
    };
  },
};

/** The first five of `names`. */
function tableFigures(times: Int32Array, said: Uint8Array, truths: Uint8Array): readonly number[] {
  const cells = [0, 0, 0, 0]; // tn, fn, fp, tp
  for (let i = 0; i < times.length; i++) cells[2 * said[i]! + truths[i]!]! += times[i]!;
  const [tn, fn, fp, tp] = cells as [number, number, number, number];
  return [
    (tp / (tp + fn) + tn / (tn + fp)) / 2,
    tp / (tp + fp),
    tn / (tn + fn),
    (2 * tp) / (2 * tp + fp + fn),
    (tp * tn - fp * fn) / (Math.sqrt((tp + fp) * (tp + fn)) * Math.sqrt((tn + fp) * (tn + fn))),
  ];
}

/** Pictures by falling score, for average precision in a sample of them. */
class Ranked {
  readonly #order: Int32Array;

  constructor(
    readonly scores: Float64Array,
    readonly truths: Uint8Array,
  ) {
    this.#order = Int32Array.from(scores, (_, i) => i).sort((x, y) => scores[y]! - scores[x]!);
  }

  averagePrecision(times: Int32Array): number {
    const { scores, truths } = this;
    let [hits, seen, before, sum] = [0, 0, 0, 0];
    for (let k = 0; k < this.#order.length; k++) {
      const i = this.#order[k]!;
      seen += times[i]!;
      if (truths[i]) hits += times[i]!;
      // Equal scores come together.
      if (k + 1 < this.#order.length && scores[this.#order[k + 1]!] === scores[i]) continue;
      if (hits > before) sum += (hits - before) * (hits / seen);
      before = hits;
    }
    return sum / hits;
  }
}
