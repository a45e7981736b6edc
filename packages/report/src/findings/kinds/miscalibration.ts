import type { Finding } from '../../finding.ts';
import { calibrationOf } from '../../metrics/calibration.ts';
import { binaryScoreOf, positiveOf } from '../../metrics/decision.ts';
import { twoSided } from '../../metrics/normal.ts';
import { type Context, counted, percent, pText, severityOf } from '../context.ts';
import { GroupSizes, groupedErrors } from '../statistics/grouped-errors.ts';

const LEAST = 30;

/**
 * `miscalibration`: probabilities do not come true as often as they say. Of the positive class in a binary task, else of what was decided.
 *
 * Test: Spiegelhalter's z (Statistics in Medicine 5, 1986), two-sided: z = Σ (y − p)(1 − 2p) / √Σ (1 − 2p)² p (1 − p), with p kept within
 * [1e-6, 1 − 1e-6], so that one wrong certainty is not infinitely improbable; divided by the root of the design effect where errors go together
 * within groups ({@link groupedErrors}). One test, nothing to correct. At least 30 pictures, p < 0.001 and an
 * expected calibration error (10 bins) of 0.05. `high` from 0.2, `medium` from 0.1 on, else `low`.
 */
export function miscalibration({ run, judged }: Context): Finding[] {
  if (run.task === 'multilabel') return [];
  const scores = new Float64Array(judged.length);
  const truths = new Uint8Array(judged.length);
  let count = 0;
  for (const { record, label, correct, confidence } of judged) {
    const score = run.task === 'binary' ? binaryScoreOf(record, run) : confidence;
    if (score === undefined) continue;
    scores[count] = score;
    truths[count++] = (run.task === 'binary' ? label.includes(positiveOf(run)) : correct) ? 1 : 0;
  }
  if (count < LEAST) return [];
  let sum = 0;
  let variance = 0;
  for (let i = 0; i < count; i++) {
    const p = Math.min(1 - 1e-6, Math.max(1e-6, scores[i]!));
    sum += (truths[i]! - p) * (1 - 2 * p);
    variance += (1 - 2 * p) ** 2 * p * (1 - p);
  }
  const [effect] = new GroupSizes([judged]).effects(judged, groupedErrors(judged));
  const z = variance > 0 ? sum / Math.sqrt(variance * effect) : 0;
  const p = twoSided(z);
  const ece = calibrationOf(scores.subarray(0, count), truths.subarray(0, count)).ece.value;
  if (!(p < 0.001 && ece >= 0.05)) return [];
  // z > 0: outcomes lie nearer to the middle than the scores say.
  const over = z > 0;
  return [
    {
      kind: 'miscalibration',
      title: `Scores are not probabilities: they are off by ${percent(ece)} on average, ${over ? 'too sure' : 'too cautious'}`,
      severity: severityOf(ece >= 0.2, ece >= 0.1),
      evidence: `Expected calibration error ${ece.toFixed(3)} over ${counted(count, 'picture')} (10 bins); Spiegelhalter's z = ${z.toFixed(1)} (${pText(p)}). Do not read a score as a chance; temperature scaling or isotonic regression on other pictures mends it without changing the order.`,
      figures: { n: count, ece, z, p },
      ids: [],
    },
  ];
}
