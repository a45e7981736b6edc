import { createHash } from 'node:crypto';
import { auditErrors } from '../audit-errors.ts';
import { capital, groupNoun, itemOf, shownName } from './captions.ts';
import { byText, naturally } from './order.ts';
import type { Outcome } from './outcome.ts';
import { pickFirst } from './pick.ts';
import type { PanelPlan, PlannedRun, PlannedSection, PlanOptions } from './plan.ts';
import { panelSlug } from './slug.ts';

const MOST = { ofPatient: 80, patients: 6, ofWorst: 4 } as const;

/** Pictures of each group. */
export function groupsOf(outcomes: readonly Outcome[]): ReadonlyMap<string, readonly Outcome[]> {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const { group } = outcome.record;
    if (group === undefined) continue;
    const known = groups.get(group);
    if (known) known.push(outcome);
    else groups.set(group, [outcome]);
  }
  return groups;
}

/** One group of all by a seed: the one whose name has the smallest hash with it, in whatever order they come. */
export function drawGroup(names: readonly string[], seed: number): string {
  const key = (name: string) => createHash('sha256').update(`${seed}\u0000${name}`).digest('hex');
  return names
    .map((name) => ({ name, key: key(name) }))
    .reduce((best, other) => (byText(other.key, best.key) < 0 ? other : best)).name;
}

const isWrong = ({ correct }: Outcome) => correct === false;
const wrongText = (list: readonly Outcome[]): string => {
  const labelled = list.filter(({ correct }) => correct !== undefined).length;
  if (labelled === 0) return 'no labels';
  return `${list.filter(isWrong).length} wrong${labelled < list.length ? ` of ${labelled} labelled` : ''}`;
};

/**
 * All pictures of one patient in the natural order of their ids: the one that was asked for, else one drawn by the seed. Nothing where the
 * data set has no groups.
 * @throws SeewhyError `AUDIT_PATIENT_UNKNOWN`
 */
export function patientPanel(
  groups: ReadonlyMap<string, readonly Outcome[]>,
  run: PlannedRun,
  options: Required<Pick<PlanOptions, 'threshold' | 'seed'>> & Pick<PlanOptions, 'patient'>,
): PanelPlan[] {
  const names = [...groups.keys()].sort(naturally);
  const { patient, seed, threshold } = options;
  if (patient !== undefined && !groups.has(patient)) throw auditErrors.groupUnknown(patient, names);
  if (names.length === 0) return [];
  const name = patient ?? drawGroup(names, seed);
  const list = [...groups.get(name)!].sort((a, b) => naturally(a.record.id, b.record.id));
  const shown = list.slice(0, MOST.ofPatient);
  const left = list.length - shown.length;
  const noun = groupNoun(run);
  return [
    {
      name: `patient-${panelSlug(name)}`,
      title: `${capital(noun)} ${shownName(name)}: ${list.length} ${list.length === 1 ? 'picture' : 'pictures'}, ${wrongText(list)}`,
      subtitle: [patient === undefined ? `Drawn by seed ${seed}, one of ${names.length}.` : 'Chosen by name.'],
      flow: 'in turn',
      sections: [
        {
          title: 'In the order of their ids',
          note: left > 0 ? `The first ${shown.length} of ${list.length}; ${left} are left out.` : '',
          items: shown.map((outcome) => itemOf(outcome, run, threshold, false)),
        },
      ],
    },
  ];
}

/** Patients with the most errors, of equal ones those with the highest mean loss; of each the pictures of the highest loss. */
export function worstPatientsPanel(
  groups: ReadonlyMap<string, readonly Outcome[]>,
  run: PlannedRun,
  threshold: number,
): PanelPlan[] {
  const noun = groupNoun(run);
  const ranked = [...groups]
    .map(([name, all]) => {
      const list = all.filter(({ correct }) => correct !== undefined);
      const losses = list.flatMap(({ loss }) => loss ?? []).sort((a, b) => a - b);
      const mean = losses.reduce((sum, loss) => sum + loss, 0) / Math.max(1, losses.length);
      return { name, list, mean, wrong: list.filter(isWrong).length };
    })
    .filter(({ list }) => list.length > 0)
    .sort((a, b) => b.wrong - a.wrong || b.mean - a.mean || naturally(a.name, b.name));
  if (ranked.length < 2) return [];
  const shown = ranked.slice(0, MOST.patients);
  const faulty = ranked.filter(({ wrong }) => wrong > 0).length;
  const left = ranked.length - shown.length;
  return [
    {
      name: 'worst-patients',
      title: `Worst by ${noun}: ${faulty} of ${ranked.length} have errors`,
      subtitle: [
        `Most errors first, of equal ones the highest mean loss (−ln of the label's probability).${left > 0 ? ` ${left} of ${ranked.length} are left out.` : ''}`,
      ],
      flow: 'in turn',
      sections: shown.map(({ name, list, mean, wrong }): PlannedSection => {
        const sorted = [...list].sort((a, b) => (b.loss ?? -1) - (a.loss ?? -1) || naturally(a.record.id, b.record.id));
        const { shown: picked, note } = pickFirst(sorted, MOST.ofWorst, 'the highest loss first');
        return {
          title: `${shownName(name)}: ${wrong} of ${list.length} wrong, mean loss ${mean.toPrecision(3)}`,
          note,
          items: picked.map((outcome) => itemOf(outcome, run, threshold, false)),
        };
      }),
    },
  ];
}
