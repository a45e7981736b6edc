import { binaryPanels } from './cell-panels.ts';
import { multiclassPanels, multilabelPanels } from './class-panels.ts';
import { groupsOf, patientPanel, worstPatientsPanel } from './group-panels.ts';
import { outcomesOf } from './outcome.ts';
import type { PanelPlan, Plannable, PlannedRun, PlanOptions } from './plan.ts';

/**
 * Which pictures go into which panel. It follows from predictions and labels (and from which pictures have maps, where some have) and never
 * from the order of the records, so that it can be asked before anything is explained (`--explain panel`) and gives the same afterwards.
 *
 * - binary: `tp-fn` and `tn-fp`: errors the most wrong first, hits evenly over their scores
 * - multi-class: `errors` by pair of classes and `hits` by class, the most confident first
 * - multi-label: `class-…`, the four cells of each class with errors
 * - with groups: `patient-…`, all pictures of one, and `worst-patients`
 * @throws SeewhyError `AUDIT_PATIENT_UNKNOWN`
 */
export function planPanels(records: readonly Plannable[], run: PlannedRun, options: PlanOptions = {}): PanelPlan[] {
  const { threshold = run.threshold, seed = 0, patient } = options;
  const outcomes = outcomesOf(records, run, threshold);
  const groups = groupsOf(outcomes);
  return [
    ...BY_TASK[run.task](outcomes, run, threshold),
    ...patientPanel(groups, run, { threshold, seed, ...(patient === undefined ? {} : { patient }) }),
    ...worstPatientsPanel(groups, run, threshold),
  ];
}

const BY_TASK = { binary: binaryPanels, multiclass: multiclassPanels, multilabel: multilabelPanels } as const;
