import type { ExplainOptions } from '@seewhy/core';
import type { AuditMethod, Task } from '@seewhy/report';
import type { Dataset } from '../dataset/dataset.ts';
import type { Gate } from '../gate.ts';
import type { OpenedModel } from '../open-model.ts';
import type { PixelWindow } from '../picture/window.ts';
import type { ClassMap } from './class-map.ts';
import type { Head } from './head.ts';
import type { Problems } from './problems.ts';
import type { Scan } from './scan.ts';

/** Whose map is made. Classes are those of the audit. */
export type AuditTarget = { readonly kind: 'predicted' | 'label' } | { readonly kind: 'class'; readonly index: number };

/** Which pictures are explained. */
export type Chooser = { readonly kind: 'all' | 'errors' | 'panel' } | { readonly kind: 'cell'; readonly count: number };

/** Everything an audit does, checked and resolved. */
export interface AuditPlan {
  readonly opened: OpenedModel;
  readonly dataset: Dataset;
  readonly scan: Scan;
  readonly head: Head;
  readonly task: Task;
  readonly classMap: ClassMap;
  /** Names of the classes in the audit's order: a binary head's negative one first. */
  readonly classes: readonly string[];
  /** Class of the model by class of the audit. */
  readonly order: readonly number[];
  readonly positive: number | undefined;
  readonly threshold: number;
  readonly target: AuditTarget;
  /** As it is told. */
  readonly targetText: string;
  readonly methods: readonly AuditMethod[];
  /** What the core explains with, targets aside. */
  readonly explaining: ExplainOptions;
  readonly chooser: Chooser;
  readonly explainText: string;
  /** Whether pictures are run again with parts covered, and for how many of the methods. */
  readonly coverMethods: number;
  readonly seed: number;
  readonly batch: number;
  readonly mapSize: number;
  readonly maxPixels: number | undefined;
  readonly window: PixelWindow | undefined;
  readonly patient: string | undefined;
  readonly gates: readonly Gate[];
  readonly problems: Problems;
  readonly notices: readonly string[];
}
