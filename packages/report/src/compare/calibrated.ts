import { binOf, evenEdges } from '../metrics/calibration.ts';

const BINS = 10;

/** Scores and whether they came true, for Brier score and calibration error in a sample of them. */
export class Calibrated {
  readonly #bins: Uint8Array;

  constructor(
    readonly scores: Float64Array,
    readonly truths: Uint8Array,
  ) {
    const edges = evenEdges(BINS);
    this.#bins = Uint8Array.from(scores, (score) => binOf(edges, score));
  }

  /** Brier score and expected calibration error (10 bins of equal width) where picture i occurs `times[i]` times. */
  figures(times: Int32Array): readonly [brier: number, ece: number] {
    const { scores, truths } = this;
    const gaps = new Float64Array(BINS);
    let [count, squares] = [0, 0];
    for (let i = 0; i < times.length; i++) {
      const n = times[i]!;
      if (n === 0) continue;
      const away = scores[i]! - truths[i]!;
      count += n;
      squares += n * away * away;
      gaps[this.#bins[i]!]! += n * away;
    }
    return [squares / count, gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / count];
  }
}
