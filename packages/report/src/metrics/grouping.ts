import type { AuditRecord } from '../audit-record.ts';
import { type BestThreshold, bestThreshold, type Criterion } from './best-threshold.ts';
import { BinaryCurve } from './binary-curve.ts';
import { type BinaryMetrics, binaryMetrics, type Counts } from './binary-metrics.ts';
import { binaryScoreOf, type Deciding, isCorrect, positiveOf } from './decision.ts';
import type { Estimate } from './estimate.ts';
import { areaUnderRoc } from './roc.ts';
import { wilson } from './wilson.ts';

/** One group (or any other subset) of pictures. */
export interface GroupRow {
  readonly name: string;
  /** Places of its pictures in the records, in their order. */
  readonly members: readonly number[];
  /** Pictures with label and score, and how many of them are wrong. */
  readonly labelled: number;
  readonly errors: number;
  readonly errorRate: Estimate;
  /** Binary heads. */
  readonly counts?: Counts;
  /** Splits its pictures lie in: more than one means that the model may have seen this group in training. */
  readonly splits: readonly string[];
}

type Row = Pick<AuditRecord, 'scores' | 'label' | 'group' | 'split'>;

/**
 * Records sorted into groups once; asked at any threshold. By default the groups are the records' own (`group`); any other reading of a record
 * makes subsets: of a column, of a split, of the label. Records for which it is undefined are in none.
 */
export class Grouping<R extends Row = Row> {
  readonly names: readonly string[];
  readonly #members: readonly (readonly number[])[];
  readonly #splits: readonly (readonly string[])[];
  readonly #scores: Float64Array;
  /** 1: positive, 0: negative, −1: no label or score. */
  readonly #truths: Int8Array;

  constructor(
    readonly records: readonly R[],
    readonly run: Deciding,
    by: (record: R) => string | undefined = (record) => record.group,
  ) {
    const members = new Map<string, number[]>();
    records.forEach((record, i) => {
      const name = by(record);
      if (name === undefined) return;
      const known = members.get(name);
      if (known) known.push(i);
      else members.set(name, [i]);
    });
    this.names = [...members.keys()];
    this.#members = [...members.values()];
    this.#splits = this.#members.map((list) => [
      ...new Set(list.flatMap((i) => (records[i]!.split === undefined ? [] : [records[i]!.split!]))),
    ]);
    this.#scores = new Float64Array(records.length);
    this.#truths = new Int8Array(records.length).fill(-1);
    if (run.task !== 'binary') return;
    const positive = positiveOf(run);
    records.forEach((record, i) => {
      const score = binaryScoreOf(record, run);
      if (score === undefined || record.label === undefined || record.label.length === 0) return;
      this.#scores[i] = score;
      this.#truths[i] = record.label.includes(positive) ? 1 : 0;
    });
  }

  /**
   * The groups at a threshold, worst first: by the lower end of Wilson's interval of the error rate (9 wrong of 10 is worse than 1 of 1, of
   * which little is known), then by errors, then by name.
   */
  at(threshold = this.run.threshold): readonly GroupRow[] {
    const rows = this.names.map((name, k) => this.#row(name, k, threshold));
    const badness = (row: GroupRow) => (row.labelled > 0 ? row.errorRate.low : -1);
    return rows.sort(
      (a, b) => badness(b) - badness(a) || b.errors - a.errors || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    );
  }

  #row(name: string, k: number, threshold: number): GroupRow {
    const members = this.#members[k]!;
    const splits = this.#splits[k]!;
    const nothing = 'None of its pictures has a label and a score.';
    if (this.run.task === 'binary') {
      let [tp, fn, tn, fp] = [0, 0, 0, 0];
      for (const i of members) {
        const truth = this.#truths[i]!;
        if (truth < 0) continue;
        if (this.#scores[i]! >= threshold) truth ? tp++ : fp++;
        else truth ? fn++ : tn++;
      }
      const labelled = tp + fn + tn + fp;
      const errorRate = wilson(fn + fp, labelled, nothing);
      return { name, members, labelled, errors: fn + fp, errorRate, counts: { tp, fn, tn, fp }, splits };
    }
    let labelled = 0;
    let errors = 0;
    for (const i of members) {
      const correct = isCorrect(this.records[i]!, this.run, threshold);
      if (correct === undefined) continue;
      labelled++;
      if (!correct) errors++;
    }
    return { name, members, labelled, errors, errorRate: wilson(errors, labelled, nothing), splits };
  }

  /** The curve of each group (binary heads), in the order of `names`. */
  curves(): readonly BinaryCurve[] {
    return this.#members.map((members) => {
      const known = members.filter((i) => this.#truths[i]! >= 0);
      return new BinaryCurve(
        known.map((i) => this.#scores[i]!),
        known.map((i) => this.#truths[i]!),
      );
    });
  }

  /** The groups that lie in more than one split: what was learnt from them may be tested on them. */
  leaking(): readonly { readonly name: string; readonly splits: readonly string[] }[] {
    return this.names.flatMap((name, k) => (this.#splits[k]!.length > 1 ? [{ name, splits: this.#splits[k]! }] : []));
  }
}

/** Figures of one subset of the pictures of a binary head. */
export interface SubsetRow {
  readonly name: string;
  readonly count: number;
  readonly counts: Counts;
  readonly metrics: BinaryMetrics;
  readonly auc: Estimate;
  /** Best threshold of this subset alone. */
  readonly best: BestThreshold;
}

/** The figures of each group or subset of a binary head, and the threshold that would be best for it alone, in the order of `names`. */
export function subsetTable(
  grouping: Grouping,
  threshold: number,
  criterion: Criterion,
  curves = grouping.curves(),
): readonly SubsetRow[] {
  return curves.map((curve, k) => {
    const counts = curve.at(threshold);
    return {
      name: grouping.names[k]!,
      count: curve.count,
      counts,
      metrics: binaryMetrics(counts),
      auc: areaUnderRoc(curve),
      best: bestThreshold(curve, criterion),
    };
  });
}

/**
 * What deciding each group by its own best threshold would give over all pictures: the sum of the counts. Groups without a best threshold of
 * their own (one class only) keep the common one. Chosen and judged on the same pictures, so it flatters: the fewer pictures a group has, the more.
 */
export function countsByOwnThreshold(table: readonly SubsetRow[], curves: readonly BinaryCurve[]): Counts {
  const sum = { tp: 0, fn: 0, tn: 0, fp: 0 };
  table.forEach((row, k) => {
    const { tp, fn, tn, fp } = row.best.threshold === undefined ? row.counts : curves[k]!.at(row.best.threshold);
    sum.tp += tp;
    sum.fn += fn;
    sum.tn += tn;
    sum.fp += fp;
  });
  return sum;
}
