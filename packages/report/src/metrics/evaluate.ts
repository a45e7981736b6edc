import type { AuditRecord, MapRecord } from '../audit-record.ts';
import type { AuditRun } from '../audit-run.ts';
import { binaryMetrics } from './binary-metrics.ts';
import { calibrationOf } from './calibration.ts';
import { curveOf } from './curve-of.ts';
import { binaryScoreOf, isCorrect, positiveOf, predictedOf, scoreOf } from './decision.ts';
import { type Estimate, undefinedFor } from './estimate.ts';
import { GROUP_RULES, groupCurve, groupDecisions } from './group-decisions.ts';
import { averagesOf, classTable, multiLabelMetrics, topK } from './multiclass.ts';
import { Z95 } from './normal.ts';
import { areaUnderRoc, averagePrecision } from './roc.ts';
import { wilson } from './wilson.ts';

const GROUP_PROPORTIONS = ['accuracy', 'sensitivity', 'specificity', 'ppv', 'npv', 'f1', 'mcc'] as const;

/** Figures of the groups of a binary head, where the data set has any. */
export const GROUP_FIGURES: readonly string[] = ['auc', ...GROUP_PROPORTIONS].flatMap((name) =>
  GROUP_RULES.map((rule) => `group_${name}(${rule})`),
);

/** Other names people use for the same figure. */
export const METRIC_ALIASES: Readonly<Record<string, string>> = {
  recall: 'sensitivity',
  tpr: 'sensitivity',
  tnr: 'specificity',
  precision: 'ppv',
  roc_auc: 'auc',
  ap: 'average_precision',
  matthews: 'mcc',
};

/** Figures of one method's maps, as `mass_inside(gradcam)`: over the records that have such a map, empty ones only in `empty`. */
export const MAP_FIGURES: Readonly<Record<string, (map: MapRecord) => number | boolean | undefined>> = {
  mass_inside: (map) => map.inside?.mass,
  pointing: (map) => map.inside?.pointing,
  iou: (map) => map.inside?.iou,
  border: (map) => map.border,
  corner: (map) => Math.max(...map.corners),
  entropy: (map) => map.entropy,
  half_mass_area: (map) => map.halfMassArea,
};

/**
 * Every figure of an audit by its name, each with a 95 % interval where there is one, and with a reason where it has no value: what
 * `--fail-on` and tables ask.
 *
 * - all: `accuracy`, `error_rate`; several classes: `top_1` … `top_5`
 * - binary, at the threshold: `sensitivity`, `specificity`, `ppv`, `npv`, `balanced_accuracy`, `f1`, `mcc`; of the scores: `auc`,
 *   `average_precision`, `brier`, `ece`, `mce`; of groups: `group_auc(max)`, `group_sensitivity(mean)` …
 * - several classes and multi-label: `macro_f1`, `weighted_recall`, `micro_precision`, `macro_auc` …; `ece`, `mce` and `brier` of the
 *   predicted class; one class: `f1(cat)`, `auc(cat)`, `recall(cat)`, `precision(cat)`
 * - multi-label: `accuracy` is the exact match; `hamming_loss`, `sample_f1`
 * - maps, means over the pictures that have one: `mass_inside(gradcam)`, `pointing(…)`, `iou(…)`, `border(…)`, `corner(…)`, `entropy(…)`,
 *   `half_mass_area(…)`; `empty(…)`: share of empty maps. Intervals: mean ± z s/√n, of shares Wilson's
 */
export function evaluate(
  records: readonly AuditRecord[],
  run: Pick<AuditRun, 'task' | 'classes' | 'threshold' | 'methods'> & { readonly positive?: number },
  threshold = run.threshold,
): ReadonlyMap<string, Estimate> {
  const found = new Map<string, Estimate>();
  let labelled = 0;
  let errors = 0;
  for (const record of records) {
    const correct = isCorrect(record, run, threshold);
    if (correct === undefined) continue;
    labelled++;
    if (!correct) errors++;
  }
  const none = 'There is no labelled picture with a score.';
  found.set('accuracy', wilson(labelled - errors, labelled, none));
  found.set('error_rate', wilson(errors, labelled, none));
  if (run.task === 'binary') addBinary(found, records, run, threshold);
  else addClasses(found, records, run, threshold);
  addMaps(found, records, run.methods);
  return found;
}

type Run = Parameters<typeof evaluate>[1];

function addBinary(found: Map<string, Estimate>, records: readonly AuditRecord[], run: Run, threshold: number): void {
  const curve = curveOf(records, run);
  const metrics = binaryMetrics(curve.at(threshold));
  for (const name of ['sensitivity', 'specificity', 'ppv', 'npv', 'f1', 'mcc'] as const) found.set(name, metrics[name]);
  found.set('balanced_accuracy', metrics.balancedAccuracy);
  found.set('auc', areaUnderRoc(curve));
  found.set('average_precision', averagePrecision(curve));
  const labelled = records.filter(({ label }) => label !== undefined && label.length > 0);
  const calibration = calibrationOf(
    labelled.map((record) => binaryScoreOf(record, run) ?? Number.NaN),
    labelled.map(({ label }) => label!.includes(positiveOf(run))),
  );
  for (const name of ['brier', 'ece', 'mce'] as const) found.set(name, calibration[name]);
  if (!records.some(({ group }) => group !== undefined)) return;
  for (const rule of GROUP_RULES) {
    const decisions = groupDecisions(records, run, rule, threshold);
    const groups = groupCurve(decisions, run);
    const figures = binaryMetrics(groups.at(decisions.threshold));
    found.set(`group_auc(${rule})`, areaUnderRoc(groups));
    for (const name of GROUP_PROPORTIONS) found.set(`group_${name}(${rule})`, figures[name]);
  }
}

function addClasses(found: Map<string, Estimate>, records: readonly AuditRecord[], run: Run, threshold: number): void {
  const table = classTable(records, run, threshold);
  const averages = averagesOf(table);
  for (const kind of ['macro', 'weighted', 'micro'] as const) {
    const row = averages[kind];
    for (const name of ['precision', 'recall', 'f1'] as const) found.set(`${kind}_${name}`, row[name]);
    if (kind === 'micro') continue;
    found.set(`${kind}_auc`, row.auc);
    found.set(`${kind}_average_precision`, row.averagePrecision);
  }
  table.forEach((row, index) => {
    const name = run.classes[index]!;
    for (const figure of ['precision', 'recall', 'f1', 'auc'] as const) found.set(`${figure}(${name})`, row[figure]);
    found.set(`average_precision(${name})`, row.averagePrecision);
  });
  if (run.task === 'multilabel') {
    const { hammingLoss, sampleF1 } = multiLabelMetrics(records, run, threshold);
    found.set('hamming_loss', hammingLoss);
    found.set('sample_f1', sampleF1);
    return;
  }
  for (let k = 1; k <= Math.min(5, run.classes.length - 1); k++) found.set(`top_${k}`, topK(records, run, k));
  const labelled = records.filter(({ label }) => label !== undefined && label.length > 0);
  const calibration = calibrationOf(
    labelled.map((record) => scoreOf(record, predictedOf(record, run)?.[0] ?? -1) ?? Number.NaN),
    labelled.map((record) => isCorrect(record, run) === true),
  );
  for (const name of ['brier', 'ece', 'mce'] as const) found.set(name, calibration[name]);
}

function addMaps(found: Map<string, Estimate>, records: readonly AuditRecord[], methods: AuditRun['methods']): void {
  for (const { name } of methods) {
    const maps = records.flatMap(({ maps }) => (maps?.[name] ? [maps[name]] : []));
    const filled = maps.filter(({ empty }) => !empty);
    for (const [figure, read] of Object.entries(MAP_FIGURES)) {
      const values = filled.map(read).filter((value) => value !== undefined);
      const none =
        maps.length === 0
          ? `No picture has a map of ${name}.`
          : `No map of ${name} has this figure: masks or boxes are missing.`;
      found.set(
        `${figure}(${name})`,
        typeof values[0] === 'boolean'
          ? wilson(values.filter(Boolean).length, values.length, none)
          : meanOf(values.map(Number), none),
      );
    }
    found.set(`empty(${name})`, wilson(maps.length - filled.length, maps.length, `No picture has a map of ${name}.`));
  }
}

/** Mean of shares ± z s/√n (sample deviation), cut at 0 and 1; no interval for one value. */
function meanOf(values: readonly number[], reason: string): Estimate {
  const n = values.length;
  if (n === 0) return undefinedFor(reason);
  const value = values.reduce((sum, x) => sum + x, 0) / n;
  if (n === 1) return { value, low: Number.NaN, high: Number.NaN };
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - value) ** 2, 0) / (n - 1));
  const reach = (Z95 * deviation) / Math.sqrt(n);
  return { value, low: Math.max(0, value - reach), high: Math.min(1, value + reach) };
}
