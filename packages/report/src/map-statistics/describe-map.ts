import type { AuditRecord, MapRecord } from '../audit-record.ts';
import type { AuditRun } from '../audit-run.ts';
import { binaryScoreOf, type Cell, cellOf, isCorrect, positiveOf, predictedOf, scoreOf } from '../metrics/decision.ts';
import { whereOf } from './where-of.ts';

const percent = (share: number) => `${Math.round(share * 100)} %`;
const CELL_NAMES: Record<Cell, string> = {
  TP: 'a true positive',
  FN: 'a false negative',
  TN: 'a true negative',
  FP: 'a false positive',
};
/** Class names may be 10 kB long; a sentence that is read aloud may not. */
const LONGEST = 60;

type Head = Pick<AuditRun, 'task' | 'classes' | 'threshold' | 'methods'> & { readonly positive?: number };

/**
 * What a sighted reader sees of one picture of an audit, as sentences for a text alternative: what was predicted with what score, what the
 * label says, and where the mass of the map lies.
 *
 * "Predicted malignant: its probability 0.91 reaches the threshold 0.50. Labelled benign: a false positive. The Grad-CAM map for malignant
 * has 62 % of its mass in the upper left, its strongest point 31 % from the left and 40 % from the top; half of the mass lies on 8 % of the
 * picture. 12 % of the mass is inside the mask, which covers 30 % of the picture; the strongest point is outside."
 *
 * @param method whose map is meant; absent: the picture without a map
 * @param threshold default: the run's
 */
export function describeMap(
  record: Pick<AuditRecord, 'scores' | 'label' | 'maps'>,
  run: Head,
  method?: string,
  threshold = run.threshold,
): string {
  const sentences = [prediction(record, run, threshold), verdict(record, run, threshold)];
  if (method !== undefined) sentences.push(...mapSentences(record.maps?.[method], method, run));
  return sentences.join(' ');
}

function prediction(record: Pick<AuditRecord, 'scores'>, run: Head, threshold: number): string {
  const predicted = predictedOf(record, run, threshold);
  if (predicted === undefined) return 'There is no prediction: the model gave no number.';
  if (run.task === 'binary') {
    const positive = positiveOf(run);
    const [score, limit] = pairText(binaryScoreOf(record, run)!, threshold);
    return predicted[0] === positive
      ? `Predicted ${name(run, positive)}: its probability ${score} reaches the threshold ${limit}.`
      : `Predicted ${name(run, 1 - positive)}: the probability of ${name(run, positive)} is ${score}, below the threshold ${limit}.`;
  }
  if (predicted.length === 0) return `No class predicted: none reaches the threshold ${scoreText(threshold)}.`;
  const parts = predicted.map((index) => `${name(run, index)} with probability ${scoreText(scoreOf(record, index)!)}`);
  return `Predicted ${listed(parts)}.`;
}

function verdict(record: Pick<AuditRecord, 'scores' | 'label'>, run: Head, threshold: number): string {
  const { label } = record;
  if (label === undefined) return 'No label.';
  const labelled = label.length === 0 ? 'Labelled with no class' : `Labelled ${listed(label.map((i) => name(run, i)))}`;
  const cell = cellOf(record, run, threshold);
  if (cell) return `${labelled}: ${CELL_NAMES[cell]}.`;
  const correct = isCorrect(record, run, threshold);
  return correct === undefined ? `${labelled}.` : `${labelled}: ${correct ? 'correct' : 'wrong'}.`;
}

function mapSentences(map: MapRecord | undefined, method: string, run: Head): string[] {
  const title = run.methods.find((other) => other.name === method)?.title ?? method;
  if (!map) return [`There is no ${title} map of this picture.`];
  const of = `The ${title} map for ${name(run, map.target)}`;
  const where = whereOf(map);
  if (map.empty || map.flat) return [`${of} is ${where}.`];
  const [x, y] = map.peak;
  const sentences = [
    `${of} has ${where}, its strongest point ${percent(x)} from the left and ${percent(y)} from the top; half of the mass lies on ${percent(map.halfMassArea)} of the picture.`,
  ];
  if (map.inside) {
    const { mass, area, pointing } = map.inside;
    sentences.push(
      `${percent(mass)} of the mass is inside the mask, which covers ${percent(area)} of the picture; the strongest point is ${pointing ? 'inside' : 'outside'}.`,
    );
  }
  return sentences;
}

function name(run: Head, index: number): string {
  const full = run.classes[index] ?? `class ${index}`;
  const letters = [...full.slice(0, 2 * LONGEST)];
  return letters.length > LONGEST || full.length > 2 * LONGEST ? `${letters.slice(0, LONGEST).join('')} …` : full;
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`;
}

/** Two decimals; what these would round to 0 or 1 is said to be nearly that. */
function scoreText(score: number): string {
  if (score > 0 && score < 0.005) return score < 0.0001 ? 'under 0.0001' : score.toFixed(4);
  if (score < 1 && score >= 0.995) return score > 0.9999 ? 'over 0.9999' : score.toFixed(4);
  return score.toFixed(2);
}

/** A score and the threshold it is held against: with as many decimals as tell them apart. */
function pairText(score: number, threshold: number): readonly [score: string, threshold: string] {
  const texts = [scoreText(score), scoreText(threshold)] as const;
  return texts[0] !== texts[1] || score === threshold ? texts : [String(score), String(threshold)];
}
