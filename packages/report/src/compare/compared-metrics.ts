import type { AuditRecord } from '../audit-record.ts';
import type { AuditRun } from '../audit-run.ts';
import type { ComparedMetric, Figure } from '../comparison-data.ts';
import { isCorrect, positiveOf } from '../metrics/decision.ts';
import type { Estimate } from '../metrics/estimate.ts';
import { evaluate } from '../metrics/evaluate.ts';
import { topK } from '../metrics/multiclass.ts';
import { binaryColumns, binaryFigures } from './binary-figures.ts';
import { bootstrap, type Clusters, replicatesFor } from './bootstrap.ts';
import { classColumns, classFigures } from './class-figures.ts';
import { mapFigures } from './map-figures.ts';
import { pairedAuc } from './paired-auc.ts';
import { mcnemar, type Paired, pairedDifference } from './paired-proportions.ts';
import type { RecordPair, RunPair } from './record-pair.ts';

/** Figures of which less is better. */
const LOWER = new Set(['brier', 'ece', 'mce', 'error_rate', 'hamming_loss']);
/** Said twice, not comparable picture by picture, or of no use without the other half. */
const LEFT_OUT =
  /^(error_rate|mce|micro_(precision|recall)|weighted_(precision|recall|average_precision)|(precision|recall|average_precision|auc)\(.*|group_.*)$/s;

const TITLES: Readonly<Record<string, string>> = {
  accuracy: 'Accuracy',
  balanced_accuracy: 'Balanced accuracy',
  sensitivity: 'Sensitivity',
  specificity: 'Specificity',
  ppv: 'PPV',
  npv: 'NPV',
  f1: 'F1',
  mcc: 'MCC',
  auc: 'AUC',
  average_precision: 'Average precision',
  brier: 'Brier score',
  ece: 'Expected calibration error',
  macro_precision: 'Macro precision',
  macro_recall: 'Macro recall',
  macro_f1: 'Macro F1',
  macro_auc: 'Macro AUC',
  macro_average_precision: 'Macro average precision',
  weighted_f1: 'Weighted F1',
  weighted_auc: 'Weighted AUC',
  micro_f1: 'Micro F1',
  hamming_loss: 'Hamming loss',
  sample_f1: 'F1 of a picture',
  mass_inside: 'Mass inside the mask',
  pointing: 'Strongest point inside the mask',
  iou: 'Overlap with the mask',
  border: 'Mass along the border',
  corner: 'Mass in the fullest corner',
  entropy: 'Entropy of the map',
  half_mass_area: 'Area of half the mass',
  empty: 'Empty maps',
};

/** What a difference is: its interval, its p-value, and how they were made. */
type Difference = ComparedMetric['difference'];

/**
 * The figures of {@link evaluate} for both runs on the same pictures, and their differences B − A with 95 % intervals.
 *
 * | figure | interval | p |
 * |---|---|---|
 * | accuracy, sensitivity, specificity, one of two decisions | {@link pairedDifference} | {@link mcnemar} |
 * | AUC of a binary head | {@link pairedAuc} | the same |
 * | means of means (AUC over classes) | none | none |
 * | everything else | {@link bootstrap} over the pictures, of both runs at once | none |
 *
 * Tests and Newcombe's interval take pictures as independent. The bootstrap draws whole groups where pictures come in groups, so that patients
 * with many pictures do not count as many patients. Only pictures with a score in both runs count.
 * @param seed of the bootstrap (default: A's)
 */
export function comparedMetrics(
  pairs: readonly RecordPair[],
  runs: RunPair,
  seed = runs.a.seed,
): readonly ComparedMetric[] {
  const usable = pairs.filter((pair) => isDecided(pair, runs));
  const shared = sharedMethods(runs);
  const a = evaluate(
    usable.map((pair) => pair.a),
    { ...runs.a, methods: shared },
  );
  const b = evaluate(
    usable.map((pair) => pair.b),
    { ...runs.b, methods: shared },
  );
  const differences = new Map<string, Difference>();
  const unit = addBootstrap(differences, usable, runs, seed);
  addTests(differences, usable, runs);
  const { better } = mapFigures;
  const found: ComparedMetric[] = [];
  for (const [name, estimate] of a) {
    const other = b.get(name);
    if (!other || LEFT_OUT.test(name)) continue;
    const head = name.replace(/\(.*$/s, '');
    const argument = name.slice(head.length + 1, -1);
    const ofMap = shared.some((method) => method.name === argument) && Object.hasOwn(better, head);
    const difference = differences.get(name) ?? without(estimate, other, unit);
    found.push({
      name,
      title: `${TITLES[head] ?? topTitle(head)}${argument === '' ? '' : ` of ${titleOf(argument, shared)}`}`,
      better: ofMap ? better[head]! : LOWER.has(name) ? 'lower' : 'higher',
      a: figureOf(estimate),
      b: figureOf(other),
      difference,
    });
  }
  return found;
}

const topTitle = (head: string) => (head.startsWith('top_') ? `Top ${head.slice(4)}` : head);
const titleOf = (name: string, methods: AuditRun['methods']) =>
  methods.find((method) => method.name === name)?.title ?? name;

const sharedMethods = (runs: RunPair) =>
  runs.a.methods.filter(({ name }) => runs.b.methods.some((other) => other.name === name));

/** Pictures with a label and a decision in both runs; unlabelled ones stay for the figures of maps. */
function isDecided(pair: RecordPair, runs: RunPair): boolean {
  const [left, right] = [isCorrect(pair.a, runs.a), isCorrect(pair.b, runs.b)];
  return (left === undefined) === (right === undefined);
}

/** JSON has no NaN. */
export const figureOf = (estimate: Estimate): Figure => ({
  value: finite(estimate.value),
  low: finite(estimate.low),
  high: finite(estimate.high),
  ...(estimate.reason !== undefined && { reason: estimate.reason }),
});
const finite = (value: number) => (Number.isFinite(value) ? value : null);

function without(a: Estimate, b: Estimate, unit: string): Difference {
  const value = b.value - a.value;
  const reason = a.reason ?? b.reason ?? `There is no interval of this difference by drawing ${unit}.`;
  return { ...figureOf({ value, low: Number.NaN, high: Number.NaN, reason }), p: null, test: 'none' };
}

function addTests(found: Map<string, Difference>, pairs: readonly RecordPair[], runs: RunPair): void {
  const proportion = (
    name: string,
    chosen: readonly RecordPair[],
    hit?: (record: AuditRecord, run: AuditRun) => boolean,
  ) => {
    const counts = correctIn(chosen, runs, hit);
    const estimate = pairedDifference(counts);
    const p = Number.isNaN(estimate.value) ? null : mcnemar(counts);
    found.set(name, {
      ...figureOf(estimate),
      p,
      test: "exact McNemar test, Newcombe's paired interval; pictures taken as independent",
    });
  };
  const labelled = pairs.filter((pair) => isCorrect(pair.a, runs.a) !== undefined);
  proportion('accuracy', labelled);
  if (runs.a.task !== 'binary') {
    for (let k = 1; k <= Math.min(5, runs.a.classes.length - 1); k++) {
      const hit = (record: AuditRecord, run: AuditRun) => topK([record], run, k).value === 1;
      proportion(`top_${k}`, labelled, hit);
    }
    return;
  }
  const positive = positiveOf(runs.a);
  proportion(
    'sensitivity',
    labelled.filter(({ a }) => a.label!.includes(positive)),
  );
  proportion(
    'specificity',
    labelled.filter(({ a }) => !a.label!.includes(positive)),
  );
  const { scoresA, scoresB, truths } = binaryColumns(labelled, runs);
  const { difference, p } = pairedAuc(scoresA, scoresB, truths);
  found.set('auc', {
    ...figureOf(difference),
    p: finite(p),
    test: 'DeLong 1988, paired; pictures taken as independent',
  });
}

/** Right decisions (or other hits) of both runs, picture by picture. */
export function correctIn(
  pairs: readonly RecordPair[],
  runs: RunPair,
  hit: (record: AuditRecord, run: AuditRun) => boolean | undefined = isCorrect,
): Paired {
  const counts = { both: 0, onlyA: 0, onlyB: 0, neither: 0 };
  for (const { a, b } of pairs) {
    const [left, right] = [hit(a, runs.a), hit(b, runs.b)];
    if (left === undefined || right === undefined) continue;
    counts[left ? (right ? 'both' : 'onlyA') : right ? 'onlyB' : 'neither']++;
  }
  return counts;
}

/** Pictures by group, where some group has several; those without a group each for themselves. */
function clustersOf(pairs: readonly RecordPair[]): Clusters {
  const groups = new Map<string, number[]>();
  const clusters: number[][] = [];
  pairs.forEach(({ a: { group } }, i) => {
    const known = group === undefined ? undefined : groups.get(group);
    if (known) known.push(i);
    else {
      const cluster = [i];
      clusters.push(cluster);
      if (group !== undefined) groups.set(group, cluster);
    }
  });
  return clusters.length < pairs.length ? clusters : undefined;
}

/** @returns what is drawn, for people */
function addBootstrap(
  found: Map<string, Difference>,
  pairs: readonly RecordPair[],
  runs: RunPair,
  seed: number,
): string {
  let unit = 'pictures';
  const add = (
    chosen: readonly RecordPair[],
    names: readonly string[],
    figures: (times: Int32Array) => ArrayLike<number>,
  ) => {
    if (chosen.length === 0) return;
    const clusters = clustersOf(chosen);
    if (clusters) unit = 'groups';
    const values = figures(new Int32Array(chosen.length).fill(1));
    const intervals = bootstrap(chosen.length, figures, seed, clusters);
    names.forEach((name, k) => {
      const value = values[k]!;
      if (Number.isNaN(value)) return; // then one of the runs has no such figure, and says why
      const drawn = clusters ? `${clusters.length} groups drawn` : `${chosen.length} pictures drawn`;
      found.set(name, {
        ...figureOf({ value, ...intervals[k]! }),
        p: null,
        test: `paired bootstrap, ${drawn} ${replicatesFor(chosen.length)} times`,
      });
    });
  };
  const labelled = pairs.filter((pair) => isCorrect(pair.a, runs.a) !== undefined);
  if (runs.a.task === 'binary') {
    const columns = binaryColumns(labelled, runs);
    add(labelled, binaryFigures.names, binaryFigures.of(columns));
  } else {
    const columns = classColumns(labelled, runs);
    const { names, of } = classFigures(columns);
    add(labelled, names, of);
  }
  for (const { name } of sharedMethods(runs)) {
    const { chosen, names, of } = mapFigures.of(pairs, name);
    add(chosen, names, of);
  }
  return unit;
}
