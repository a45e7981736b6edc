import type { AuditRecord, AuditRun } from '@seewhy/report';

/** What of a record the choice of pictures needs: it can be made before anything is explained. */
export type Plannable = Pick<AuditRecord, 'id' | 'label' | 'scores' | 'group' | 'maps' | 'sha256'>;

/** What of a run the choice of pictures needs. */
export type PlannedRun = Pick<AuditRun, 'task' | 'classes' | 'threshold'> & {
  readonly positive?: number | undefined;
  readonly dataset: Pick<AuditRun['dataset'], 'columns'>;
};

/** One picture of a panel with what stands above it. */
export interface PlannedItem {
  readonly id: string;
  /** The cell, or `right` / `wrong`; absent without a label. */
  readonly cell?: { readonly text: string; readonly wrong: boolean };
  /** Probability that the panel is about, as text. */
  readonly score?: string;
  readonly lines: readonly string[];
}

/** Pictures of one cell, class pair or patient. */
export interface PlannedSection {
  readonly title: string;
  /** How they were chosen and what was left out. */
  readonly note: string;
  readonly items: readonly PlannedItem[];
  /** Why there is none, where there is none. */
  readonly empty?: string;
}

/** One figure, before it is broken into pages. */
export interface PanelPlan {
  /** Beginning of its file names: `tp-fn`. */
  readonly name: string;
  /** With counts and threshold. */
  readonly title: string;
  /** What is said of it beside method, model and data set. */
  readonly subtitle: readonly string[];
  /** `abreast`: each page shows the next rows of every section; `in turn`: one section after the other. */
  readonly flow: 'abreast' | 'in turn';
  readonly sections: readonly PlannedSection[];
}

export interface PlanOptions {
  /** Decision threshold of binary and multi-label heads (default: the run's). */
  readonly threshold?: number;
  /** Which patient is shown, when none is named (default 0). */
  readonly seed?: number;
  /** The patient (group) that is shown. */
  readonly patient?: string;
}

/** Ids of all pictures that panels show. */
export const panelIds = (plans: readonly PanelPlan[]): ReadonlySet<string> =>
  new Set(plans.flatMap(({ sections }) => sections.flatMap(({ items }) => items.map(({ id }) => id))));
