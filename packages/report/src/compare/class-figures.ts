import { isCorrect, predictedOf, scoreOf } from '../metrics/decision.ts';
import { matrixCellOf } from '../metrics/multiclass.ts';
import { Calibrated } from './calibrated.ts';
import type { RecordPair, RunPair } from './record-pair.ts';

/** What one picture has to do with one class: its label in A's count, A's decision, the same for B. */
const LABEL_A = 1;
const SAID_A = 2;
const LABEL_B = 4;
const SAID_B = 8;

/** Labels and decisions of both runs as entries (picture, class, what). */
export interface ClassColumns {
  readonly task: 'multiclass' | 'multilabel';
  readonly classes: readonly string[];
  readonly count: number;
  readonly pictures: Int32Array;
  readonly indexes: Int32Array;
  readonly what: Uint8Array;
  /** Of the decided class, and whether it is right; none for multi-label heads. */
  readonly calibratedA?: Calibrated;
  readonly calibratedB?: Calibrated;
}

/** @param pairs with a label and scores in both runs */
export function classColumns(pairs: readonly RecordPair[], runs: RunPair): ClassColumns {
  const multilabel = runs.a.task === 'multilabel';
  const { classes } = runs.a;
  const pictures: number[] = [];
  const indexes: number[] = [];
  const what: number[] = [];
  pairs.forEach(({ a, b }, picture) => {
    const entries = new Map<number, number>();
    const add = (index: number, flag: number) => {
      if (index < classes.length) entries.set(index, (entries.get(index) ?? 0) | flag);
    };
    if (multilabel) {
      for (const index of a.label!) add(index, LABEL_A | LABEL_B);
      for (const index of predictedOf(a, runs.a)!) add(index, SAID_A);
      for (const index of predictedOf(b, runs.b)!) add(index, SAID_B);
    } else {
      const [left, right] = [matrixCellOf(a, runs.a)!, matrixCellOf(b, runs.b)!];
      add(left.label, LABEL_A);
      add(left.predicted, SAID_A);
      add(right.label, LABEL_B);
      add(right.predicted, SAID_B);
    }
    for (const [index, flags] of entries) {
      pictures.push(picture);
      indexes.push(index);
      what.push(flags);
    }
  });
  const calibrated = (which: 'a' | 'b') =>
    new Calibrated(
      Float64Array.from(pairs, (pair) => scoreOf(pair[which], predictedOf(pair[which], runs[which])![0]!)!),
      Uint8Array.from(pairs, (pair) => (isCorrect(pair[which], runs[which]) ? 1 : 0)),
    );
  return {
    task: multilabel ? 'multilabel' : 'multiclass',
    classes,
    count: pairs.length,
    pictures: Int32Array.from(pictures),
    indexes: Int32Array.from(indexes),
    what: Uint8Array.from(what),
    ...(!multilabel && { calibratedA: calibrated('a'), calibratedB: calibrated('b') }),
  };
}

/** The figures of several classes whose differences are known by drawing: B − A, in the order of `names`. */
export function classFigures(columns: ClassColumns): {
  readonly names: readonly string[];
  readonly of: (times: Int32Array) => Float64Array;
} {
  const multilabel = columns.task === 'multilabel';
  const names = [
    ...['macro_precision', 'macro_recall', 'macro_f1', 'weighted_f1', 'micro_f1'],
    ...(multilabel ? ['hamming_loss', 'sample_f1'] : ['brier', 'ece']),
    ...columns.classes.map((name) => `f1(${name})`),
  ];
  const of = (times: Int32Array) => {
    const a = figures(columns, times, LABEL_A, SAID_A, columns.calibratedA);
    const b = figures(columns, times, LABEL_B, SAID_B, columns.calibratedB);
    return Float64Array.from(a, (value, k) => b[k]! - value);
  };
  return { names, of };
}

function figures(
  { classes, count, pictures, indexes, what }: ClassColumns,
  times: Int32Array,
  label: number,
  said: number,
  calibrated: Calibrated | undefined,
): readonly number[] {
  const size = classes.length;
  const hits = new Float64Array(size);
  const support = new Float64Array(size);
  const decided = new Float64Array(size);
  const own = calibrated ? undefined : { both: new Int32Array(count), either: new Int32Array(count) };
  for (let k = 0; k < pictures.length; k++) {
    const n = times[pictures[k]!]!;
    if (n === 0) continue;
    const [isLabel, isSaid] = [(what[k]! & label) !== 0, (what[k]! & said) !== 0];
    const index = indexes[k]!;
    if (isLabel) support[index]! += n;
    if (isSaid) decided[index]! += n;
    if (isLabel && isSaid) hits[index]! += n;
    if (!own) continue;
    const picture = pictures[k]!;
    if (isLabel && isSaid) own.both[picture]!++;
    own.either[picture]! += Number(isLabel) + Number(isSaid);
  }
  const f1 = Array.from(hits, (hit, k) => (2 * hit) / (support[k]! + decided[k]!));
  const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
  return [
    meanOf(hits.map((hit, k) => hit / decided[k]!)),
    meanOf(hits.map((hit, k) => hit / support[k]!)),
    meanOf(f1),
    meanOf(f1, support),
    (2 * total(hits)) / (total(support) + total(decided)),
    ...(own ? ofPictures(own, times, size) : calibrated!.figures(times)),
    ...f1,
  ];
}

/** Mean of what is defined. */
function meanOf(values: ArrayLike<number>, weights?: Float64Array): number {
  let [sum, weight] = [0, 0];
  for (let k = 0; k < values.length; k++) {
    if (Number.isNaN(values[k]!)) continue;
    const w = weights ? weights[k]! : 1;
    sum += w * values[k]!;
    weight += w;
  }
  return sum / weight;
}

/** Hamming loss and mean F1 of the pictures. */
function ofPictures(
  own: { readonly both: Int32Array; readonly either: Int32Array },
  times: Int32Array,
  size: number,
): readonly [number, number] {
  let [count, wrong, f1] = [0, 0, 0];
  for (let i = 0; i < times.length; i++) {
    const n = times[i]!;
    count += n;
    wrong += n * (own.either[i]! - 2 * own.both[i]!);
    f1 += n * (own.either[i] === 0 ? 1 : (2 * own.both[i]!) / own.either[i]!);
  }
  return [wrong / (count * size), f1 / count];
}
