import type { AuditRecord } from '../audit-record.ts';
import { type BestThreshold, bestThreshold, type Criterion } from './best-threshold.ts';
import { BinaryCurve } from './binary-curve.ts';
import { type BinaryMetrics, binaryMetrics, type Counts } from './binary-metrics.ts';
import { type Deciding, rightBetween } from './decision.ts';
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
  /** Place of each record's group in `names`; −1: in none, or without a label or a score. */
  readonly #groups: Int32Array;
  /** Each record is right at the thresholds above one number, up to another. */
  readonly #above: Float64Array;
  readonly #upTo: Float64Array;
  /** Records with label and score, by group. */
  readonly #labelled: Int32Array;

  constructor(
    readonly records: readonly R[],
    readonly run: Deciding,
    by: (record: R) => string | undefined = (record) => record.group,
  ) {
    const places = new Map<string, number>();
    const members: number[][] = [];
    const splits: string[][] = [];
    const count = records.length;
    this.#groups = new Int32Array(count).fill(-1);
    this.#above = new Float64Array(count);
    this.#upTo = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const record = records[i]!;
      const name = by(record);
      if (name === undefined) continue;
      let place = places.get(name);
      if (place === undefined) {
        place = members.length;
        places.set(name, place);
        members.push([]);
        splits.push([]);
      }
      members[place]!.push(i);
      const { split } = record;
      if (split !== undefined && !splits[place]!.includes(split)) splits[place]!.push(split);
      const right = rightBetween(record, run);
      if (right === undefined) continue;
      this.#groups[i] = place;
      this.#above[i] = right.above;
      this.#upTo[i] = right.upTo;
    }
    this.names = [...places.keys()];
    this.#members = members;
    this.#splits = splits;
    this.#labelled = new Int32Array(members.length);
    for (const place of this.#groups) if (place >= 0) this.#labelled[place]!++;
  }

  /**
   * The groups at a threshold, worst first: by the lower end of Wilson's interval of the error rate (9 wrong of 10 is worse than 1 of 1, of
   * which little is known), then by errors, then by name.
   * @param most only so many of them (default: all)
   */
  at(threshold = this.run.threshold, most = this.names.length): readonly GroupRow[] {
    const { names } = this;
    const errors = new Int32Array(names.length);
    for (let i = 0; i < this.#groups.length; i++) {
      const place = this.#groups[i]!;
      if (place >= 0 && !(threshold > this.#above[i]! && threshold <= this.#upTo[i]!)) errors[place]!++;
    }
    const badness = Float64Array.from(errors, (n, k) => {
      const labelled = this.#labelled[k]!;
      return labelled > 0 ? wilson(n, labelled, '').low : -1;
    });
    const worse = (a: number, b: number) =>
      badness[b]! - badness[a]! || errors[b]! - errors[a]! || (names[a]! < names[b]! ? -1 : 1);
    return first(names.length, most, worse).map((k) => this.#row(k, threshold));
  }

  /** One group at a threshold; undefined where no record is in it. */
  one(name: string, threshold = this.run.threshold): GroupRow | undefined {
    const k = this.names.indexOf(name);
    return k < 0 ? undefined : this.#row(k, threshold);
  }

  #row(k: number, threshold: number): GroupRow {
    const members = this.#members[k]!;
    const labelled = this.#labelled[k]!;
    const counts = { tp: 0, fn: 0, tn: 0, fp: 0 };
    let errors = 0;
    for (const i of members) {
      if (this.#groups[i]! < 0) continue;
      const right = threshold > this.#above[i]! && threshold <= this.#upTo[i]!;
      if (!right) errors++;
      if (this.run.task === 'binary') counts[this.#truth(i) ? (right ? 'tp' : 'fn') : right ? 'tn' : 'fp']++;
    }
    return {
      name: this.names[k]!,
      members,
      labelled,
      errors,
      errorRate: wilson(errors, labelled, 'None of its pictures has a label and a score.'),
      ...(this.run.task === 'binary' ? { counts } : {}),
      splits: this.#splits[k]!,
    };
  }

  /** Binary heads: a positive picture is right up to its score, a negative one above it. */
  #truth(i: number): boolean {
    return this.#above[i] === Number.NEGATIVE_INFINITY;
  }

  /** The curve of each group (binary heads), in the order of `names`. */
  curves(): readonly BinaryCurve[] {
    return this.#members.map((members) => {
      const known = this.run.task === 'binary' ? members.filter((i) => this.#groups[i]! >= 0) : [];
      return new BinaryCurve(
        known.map((i) => (this.#truth(i) ? this.#upTo[i]! : this.#above[i]!)),
        known.map((i) => this.#truth(i)),
      );
    });
  }

  /** The groups that lie in more than one split: what was learnt from them may be tested on them. */
  leaking(): readonly { readonly name: string; readonly splits: readonly string[] }[] {
    return this.names.flatMap((name, k) => (this.#splits[k]!.length > 1 ? [{ name, splits: this.#splits[k]! }] : []));
  }
}

/** The first `most` of the numbers below `count` in an order, in that order: few of many are found without sorting all. */
function first(count: number, most: number, order: (a: number, b: number) => number): readonly number[] {
  if (most >= count) return Array.from({ length: count }, (_, k) => k).sort(order);
  const found: number[] = [];
  for (let k = 0; k < count; k++) {
    if (found.length === most && (most === 0 || order(k, found[most - 1]!) > 0)) continue;
    let [low, high] = [0, found.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order(k, found[middle]!) < 0) high = middle;
      else low = middle + 1;
    }
    if (found.length === most) found.pop();
    found.splice(low, 0, k);
  }
  return found;
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
