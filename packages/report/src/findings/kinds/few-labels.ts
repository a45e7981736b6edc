import type { AuditRecord } from '../../audit-record.ts';
import type { Finding } from '../../finding.ts';
import { wilson } from '../../metrics/wilson.ts';
import { type Context, capital, counted, number, percent, pictures, severityOf } from '../context.ts';

const TINY = 30;
const FEW = 10;
/** Characters of names in a title. */
const LONGEST = 100;

/**
 * What the data set lacks, so that figures mean less than they seem to; counted, no test.
 * - `no-labels`: no picture has a label (`high`)
 * - `labels-missing`: some have none (`medium` from a tenth on)
 * - `one-class`: all labelled pictures are of one class (`high`)
 * - `tiny-set`: fewer than 30 labelled pictures (`medium`); else `tiny-class`: classes with fewer than 10 (`low`)
 */
export function fewLabels({ run, records, nameOf }: Context): Finding[] {
  const labelled: AuditRecord[] = [];
  const missing: AuditRecord[] = [];
  for (const record of records) {
    const { label } = record;
    const known = label !== undefined && (label.length > 0 || run.task === 'multilabel');
    (known ? labelled : missing).push(record);
  }
  if (records.length === 0) return [];
  if (labelled.length === 0)
    return [
      {
        kind: 'no-labels',
        title: 'No picture has a label: nothing can be said about right and wrong',
        severity: 'high',
        evidence: `${counted(records.length, 'picture')} without a label. Give a label column, folders per class, or a class map.`,
        figures: { n: records.length, labelled: 0 },
        ids: [],
      },
    ];
  const findings: Finding[] = [];
  if (missing.length > 0)
    findings.push({
      kind: 'labels-missing',
      title: `${counted(missing.length, 'picture')} of ${number(records.length)} ${missing.length === 1 ? 'has' : 'have'} no label`,
      severity: severityOf(false, missing.length >= 0.1 * records.length),
      evidence: `${capital(percent(missing.length / records.length))} of the pictures count in no figure. If they differ from the others, the figures do not speak for them.`,
      figures: { n: records.length, missing: missing.length },
      ...pictures(missing, ({ id }) => id),
    });
  const counts = new Map<number, number>();
  for (const { label } of labelled) for (const index of label!) counts.set(index, (counts.get(index) ?? 0) + 1);
  const negatives = run.task === 'multilabel' && labelled.some(({ label }) => label!.length === 0);
  if (counts.size === 1 && !negatives && run.classes.length > 1) {
    const [only] = [...counts.keys()];
    findings.push({
      kind: 'one-class',
      title:
        labelled.length === 1
          ? `The only labelled picture is “${nameOf(only!)}”`
          : `${labelled.length === 2 ? 'Both' : `All ${number(labelled.length)}`} labelled pictures are “${nameOf(only!)}”`,
      severity: 'high',
      evidence:
        'With one class, specificity or sensitivity, AUC and most other figures have no meaning: a model that always says this class would be perfect here.',
      figures: { n: labelled.length, classes: 1 },
      ids: [],
    });
  }
  if (labelled.length < TINY)
    findings.push({
      kind: 'tiny-set',
      title: `Only ${counted(labelled.length, 'labelled picture')}: every figure is uncertain`,
      severity: 'medium',
      evidence: `With ${counted(labelled.length, 'picture')} a share of 90 % may as well be ${percent(wilson(0.9 * labelled.length, labelled.length, '').low)} (95 % interval); differences between groups can hardly be seen.`,
      figures: { n: labelled.length },
      ids: [],
    });
  else {
    const small = [...counts].filter(([, count]) => count < FEW).sort((a, b) => a[1] - b[1] || a[0] - b[0]);
    const named = list(small.map(([index, count]) => `${nameOf(index)} (${count})`));
    // Names may be sentences: a title is one line or two.
    const short = named.length <= LONGEST;
    if (small.length > 0 && counts.size > 1)
      findings.push({
        kind: 'tiny-class',
        title: `${counted(small.length, 'class has', 'classes have')} fewer than ${FEW} pictures${short ? `: ${named}` : ''}`,
        severity: 'low',
        evidence: `${short ? '' : `${named}. `}Figures of ${small.length === 1 ? 'this class' : 'these classes'} rest on a few pictures, and one more or less moves them a lot.`,
        figures: { classes: small.length, least: small[0]![1] },
        ...pictures(
          labelled.filter(({ label }) => label!.some((index) => small.some(([at]) => at === index))),
          ({ id }) => id,
        ),
      });
  }
  return findings;
}

const list = (items: readonly string[]) =>
  items.length > 5 ? `${items.slice(0, 5).join(', ')} and ${items.length - 5} more` : items.join(', ');
