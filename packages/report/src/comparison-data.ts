import type { AuditRecord } from './audit-record.ts';
import type { AuditRun } from './audit-run.ts';

/** A figure with its 95 % interval as JSON has it: null where it is not defined. */
export interface Figure {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Why there is no value, for people. */
  readonly reason?: string;
}

/** One figure of both runs on the pictures that both have. */
export interface ComparedMetric {
  /** As `--fail-on` and `evaluate` know it: `accuracy`, `auc`, `f1(cat)`. */
  readonly name: string;
  /** For people: `Accuracy`. */
  readonly title: string;
  readonly better: 'higher' | 'lower';
  readonly a: Figure;
  readonly b: Figure;
  /** B − A, with the p-value of no difference where there is a test, and what interval and test are. */
  readonly difference: Figure & { readonly p: number | null; readonly test: string };
}

/**
 * What became of a decision from A to B: `to-wrong`, `to-right`; `other`: it is another one but as wrong or right as before (or there is no
 * label); absent in `ComparedPair`: the same decision.
 */
export type Flip = 'to-wrong' | 'to-right' | 'other';

/** One picture in both runs. */
export interface ComparedPair {
  /** Its id in A; also the id of its parts. */
  readonly id: string;
  /** Its id in B, where that is another one (joined by content). */
  readonly idB?: string;
  /** The records; B's class indexes are those of A's class list. */
  readonly a: AuditRecord;
  readonly b: AuditRecord;
  readonly flip?: Flip;
  /**
   * B − A of the score that matters: binary, of the positive class; several classes, of the label (unlabelled: of A's decision);
   * multi-label: of the class that changed most. Null where one has none.
   */
  readonly change: number | null;
  /** Class that `change` is about; null where there is none. */
  readonly about: number | null;
  /** By method: Pearson's correlation of the two maps (16 × 16 cells), −1..1; null where one is constant. */
  readonly agreement: Readonly<Record<string, number | null>>;
}

/** Pictures of one class, group or value of a column in both runs. */
export interface ComparedSubset {
  readonly kind: 'class' | 'group' | 'column';
  /** Name of the column; `label` for classes. */
  readonly column: string;
  readonly value: string;
  /** Of a column of many numbers: the third of them that `value` names, ends included. */
  readonly range?: { readonly low: number; readonly high: number };
  readonly pictures: number;
  /** Share of right decisions. */
  readonly a: Figure;
  readonly b: Figure;
  readonly toWrong: number;
  readonly toRight: number;
  /** B − A; `p`: exact McNemar; `corrected`: after Holm's correction over all subsets of its kind and column. */
  readonly difference: Figure & { readonly p: number | null; readonly corrected: number | null };
}

/** Two audits of the same pictures: `comparison.json` (without `pairs`), and the data of its report. */
export interface ComparisonData {
  readonly schema: 'seewhy/audit-comparison/v1';
  readonly title: string;
  readonly command: readonly string[];
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly versions: Readonly<Record<string, string>>;
  /** The first run (before) and the second (after), with the thresholds that were compared. `folder`: as it was given. */
  readonly runs: {
    readonly a: { readonly folder: string; readonly run: AuditRun };
    readonly b: { readonly folder: string; readonly run: AuditRun };
  };
  readonly joined: {
    readonly by: 'id' | 'sha256';
    /** Pictures in both, and of these with a label. */
    readonly pictures: number;
    readonly labelled: number;
    readonly onlyA: number;
    readonly onlyB: number;
    /** The first few ids that only one has. */
    readonly examplesA: readonly string[];
    readonly examplesB: readonly string[];
    /** Pairs with the same id whose bytes differ, and pairs whose labels differ: these are compared without a label. */
    readonly otherBytes: number;
    readonly otherLabel: number;
  };
  /** Of labelled pairs. */
  readonly flips: {
    readonly toWrong: number;
    readonly toRight: number;
    readonly bothRight: number;
    readonly bothWrong: number;
    /** Another decision, wrong before and after, or without a label. */
    readonly other: number;
  };
  readonly metrics: readonly ComparedMetric[];
  readonly subsets: readonly ComparedSubset[];
  /** What differs between the runs, and what was left out, in sentences. */
  readonly notices: readonly string[];
  /** Flips first (the surest wrong first), then by falling change. */
  readonly pairs: readonly ComparedPair[];
}
