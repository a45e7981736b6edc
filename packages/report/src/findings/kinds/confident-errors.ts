import type { Finding } from '../../finding.ts';
import { scoreOf } from '../../metrics/decision.ts';
import { type Context, counted, type Judged, number, pictures, pText, severityOf } from '../context.ts';
import { binomialTail } from '../statistics/tails.ts';

const SURE = 0.9;
const VERY_SURE = 0.99;

/**
 * `confident-errors`: the model is at least 0.9 sure, the label says otherwise: check the label, then ask what the model saw.
 *
 * Test: are there more of them than the model's own confidence allows? Binomial tail with the mean of 1 − confidence over all decisions that are
 * as sure (of a multi-label head: the chance that one of its decisions is wrong, taken as independent). One test, nothing to correct. `medium` when p < 0.01 and there are 3 or more, `low` else; never `high`, since some errors are certain
 * in any large set. Told first are those whose label the model finds least likely (of a multi-label head the surest). Silent without such errors, or when there is one alone below 0.99 confidence among fewer than the confidence allows.
 */
export function confidentErrors({ run, judged }: Context): Finding[] {
  const likelihood = run.task === 'multilabel' ? () => 0 : likelihoodOfLabel;
  const sure = judged.filter(({ confidence }) => confidence >= SURE);
  const errors = sure
    .filter(({ correct }) => !correct)
    .sort((a, b) => likelihood(a) - likelihood(b) || b.confidence - a.confidence);
  const expected = sure.reduce((sum, one) => sum + chanceOfError(one, run.task === 'multilabel'), 0);
  if (errors.length === 0 || (errors.every(({ confidence }) => confidence < VERY_SURE) && errors.length <= expected))
    return [];
  const p = binomialTail(errors.length, sure.length, expected / sure.length);
  return [
    {
      kind: 'confident-errors',
      title: `${counted(errors.length, 'picture')} that the model is sure of and the label contradicts: check ${errors.length === 1 ? 'its label' : 'their labels'}`,
      severity: severityOf(false, p < 0.01 && errors.length >= 3),
      evidence: `Of ${counted(sure.length, 'decision')} with a confidence of at least ${SURE}, ${number(errors.length)} ${errors.length === 1 ? 'contradicts' : 'contradict'} the label; the confidences themselves allow ${expected.toFixed(1)} (binomial test, ${pText(p)}). Such pictures are often labelled wrongly; where the label is right, they show what the model does not know.`,
      figures: { n: sure.length, errors: errors.length, expected, p },
      ...pictures(errors, ({ record }) => record.id),
    },
  ];
}

/** Probability of the label, of several the likeliest: the smaller it is, the more likely another label is meant. */
const likelihoodOfLabel = ({ record, label }: Judged): number =>
  Math.max(...label.map((index) => scoreOf(record, index) ?? 0));

/** By the model's own word. Of a multi-label head every class must be right. */
function chanceOfError({ record, predicted, confidence }: Judged, multilabel: boolean): number {
  if (!multilabel) return 1 - confidence;
  const said = new Set(predicted);
  return 1 - record.scores.reduce((right, [index, score]) => right * (said.has(index) ? score : 1 - score), 1);
}
