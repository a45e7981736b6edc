/** What the head decides: one of two classes, one of several, or each class for itself. */
export type Task = 'binary' | 'multiclass' | 'multilabel';

/** A method as the audit ran it. */
export interface AuditMethod {
  /** The method's name: `gradcam`. Records hold their maps under it. */
  readonly name: string;
  readonly title: string;
  /** Layers it looked at; empty for pixel methods. */
  readonly layers: readonly string[];
  /** True when its maps have two signs. */
  readonly signed: boolean;
}

/** Things that went wrong with some rows of the data set, counted by kind. */
export interface AuditProblem {
  /** Stable code: `PICTURE_MISSING`, `LABEL_UNKNOWN`, `ID_TWICE`, `SCORE_NOT_A_NUMBER`, `MASK_SIZE` … */
  readonly code: string;
  readonly count: number;
  /** One sentence for people. */
  readonly message: string;
  /** The first few: id or path, and what was wrong there. */
  readonly examples: readonly { readonly where: string; readonly what: string }[];
}

/** One audit as a whole: `run.json`, and the head of the report's data. */
export interface AuditRun {
  readonly schema: 'seewhy/audit/v1';
  readonly status: 'running' | 'interrupted' | 'done';
  /** For people: model and data set. */
  readonly title: string;
  /** The arguments as they were typed, without program names. */
  readonly command: readonly string[];
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly finished?: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly model: {
    readonly path: string;
    readonly sha256: string;
    /** `[channels, height, width]`. */
    readonly input: readonly [number, number, number];
    readonly preprocess: string;
  };
  readonly dataset: {
    readonly path: string;
    /** `folders`, `csv`, `jsonl`, `parquet`, `coco`, `voc`, `zip`, `dicom` … */
    readonly kind: string;
    /** Of the manifest; of a folder, of the sorted list of its files and sizes. */
    readonly sha256: string;
    /** Which column was taken for what: `{ label: 'diagnosis', group: 'patient_id' }`. */
    readonly columns: Readonly<Record<string, string>>;
  };
  readonly task: Task;
  /** Names of the classes, in the model's order. A binary head has two, the negative one first. */
  readonly classes: readonly string[];
  /** Binary: index of the class that a high score means (1). */
  readonly positive?: number;
  /** Decision threshold on the probability of the positive class (multi-label: of each class). */
  readonly threshold: number;
  readonly methods: readonly AuditMethod[];
  /** Whose map was made: the class predicted at `threshold`, the positive one, the label, or one class by name. */
  readonly target: string;
  /** Which pictures were explained: `all`, `errors`, `panel`, or a number a cell. */
  readonly explain: string;
  readonly seed: number;
  readonly counts: {
    /** Rows of the data set, after `--limit` and `--sample`. */
    readonly rows: number;
    readonly predicted: number;
    readonly labelled: number;
    readonly explained: number;
    readonly failed: number;
  };
  readonly problems: readonly AuditProblem[];
  /** What was chosen or left out, in sentences. */
  readonly notices: readonly string[];
  /** Seconds by part of the work. */
  readonly timings: Readonly<Record<string, number>>;
}
