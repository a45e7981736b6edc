import { didYouMean, SeewhyError } from '@seewhy/onnx';
import {
  type AuditRecord,
  type AuditRun,
  type Estimate,
  evaluate,
  type Finding,
  GROUP_FIGURES,
  METRIC_ALIASES,
} from '@seewhy/report';
import { type Gate, parseGate } from '../gate.ts';

/** Counts of a run that `--fail-on` knows beside the metrics. */
const COUNTS = ['rows', 'predicted', 'labelled', 'explained', 'failed', 'errors', 'findings'] as const;
const SEVERITIES = ['high', 'medium', 'low'] as const;

type GateRun = Parameters<typeof evaluate>[1];

/** What a gate found. */
export interface GateResult {
  readonly condition: string;
  readonly failed: boolean;
  /** What was measured, for people: `auc = 0.742 (0.69 to 0.79)`. */
  readonly reason: string;
}

const unknownName = (name: string, choices: readonly string[]) =>
  new SeewhyError({
    code: 'GATE_INVALID',
    what: `--fail-on knows no figure '${name}' of this audit`,
    cure: `${didYouMean(name, choices)} Figures: ${choices.slice(0, 24).join(', ')}${choices.length > 24 ? ' …' : ''}.`.trim(),
  });

/**
 * Reads a condition over the figures of an audit, such as `auc < 0.8 or mass_inside(gradcam) < 0.6`: metrics by name, of one class or method
 * in parentheses; counts; `findings(high)`.
 * @throws GATE_INVALID for what this audit does not measure, with the nearest names
 */
export function parseAuditGate(text: string, run: GateRun): Gate {
  const metrics = [...evaluate([], { ...run, methods: run.methods }).keys()];
  const plain = [...COUNTS, ...metrics.filter((name) => !name.includes('(')), ...Object.keys(METRIC_ALIASES)];
  const calls = [...metrics.filter((name) => name.includes('(')), ...SEVERITIES.map((one) => `findings(${one})`)];
  const whole = (name: string) => METRIC_ALIASES[name] ?? name;
  const groups = run.task === 'binary' ? GROUP_FIGURES : [];
  const positive = run.task === 'binary' ? run.classes[run.positive ?? 1] : undefined;
  return parseGate(text, plain, {
    numbersOnly: true,
    unknown: (name) => unknownName(name, [...plain, ...calls, ...groups]),
    call: (name, words) => {
      const asked = `${name}(${words.join(', ')})`;
      // Groups are optional: without them the figures are undefined, not unknown.
      // Groups are optional: without them these figures are undefined, not unknown.
      const ofGroup = `group_${whole(name.replace(/^group_/, ''))}(${words.join()})`;
      if (name.startsWith('group_') && groups.includes(ofGroup)) return ofGroup;
      if (words.length === 0 && plain.includes(name)) return whole(name);
      if (words.length !== 1) throw unknownName(asked, [...plain, ...calls]);
      const wanted = plainly(words[0]!);
      for (const head of [name, whole(name)]) {
        const found = calls.find(
          (one) => one.startsWith(`${head}(`) && plainly(one.slice(head.length + 1, -1)) === wanted,
        );
        if (found) return found;
      }
      // A binary head's figures are those of its positive class.
      if (positive !== undefined && plain.includes(name) && plainly(positive) === wanted) return whole(name);
      const near = positive !== undefined && plain.includes(name) ? [`${name}(${positive})`] : [];
      throw unknownName(asked, [...near, ...calls, ...groups, ...plain]);
    },
  });
}

const plainly = (text: string): string => text.toLowerCase().replace(/[\s_-]+/g, '');

/** What all gates of a run are asked with: figures by name. */
export function gateFigures(
  run: AuditRun,
  records: readonly AuditRecord[],
  findings: readonly Finding[],
): ReadonlyMap<string, Estimate> {
  const figures = new Map(evaluate(records, run));
  const errors = figures.get('error_rate');
  const known = (value: number): Estimate => ({ value, low: Number.NaN, high: Number.NaN });
  for (const name of ['rows', 'predicted', 'labelled', 'explained', 'failed'] as const)
    figures.set(name, known(run.counts[name]));
  figures.set('errors', known(Number.isFinite(errors?.value) ? Math.round(errors!.value * run.counts.labelled) : 0));
  figures.set('findings', known(findings.length));
  for (const severity of SEVERITIES)
    figures.set(`findings(${severity})`, known(findings.filter((finding) => finding.severity === severity).length));
  for (const [alias, name] of Object.entries(METRIC_ALIASES)) {
    const figure = figures.get(name);
    if (figure) figures.set(alias, figure);
  }
  return figures;
}

/** Whether a gate fails. One that looks at a figure which has no value fails: nobody can say that it holds. */
export function askGate(gate: Gate, figures: ReadonlyMap<string, Estimate>): GateResult {
  const read = gate.reads.map((name) => ({ name, figure: figures.get(name) }));
  const missing = read.filter(({ figure }) => !figure || !Number.isFinite(figure.value));
  const values = Object.fromEntries([...figures].map(([name, { value }]) => [name, value]));
  const said = read.map(({ name, figure }) =>
    figure && Number.isFinite(figure.value)
      ? `${name} = ${shown(figure.value)}${Number.isFinite(figure.low) ? ` (${shown(figure.low)} to ${shown(figure.high)})` : ''}`
      : `${name} is not defined: ${(figure?.reason ?? 'this audit does not measure it').replace(/\.$/, '')}`,
  );
  return {
    condition: gate.text,
    failed: missing.length > 0 || gate.fails(values),
    reason: said.join(', '),
  };
}

const shown = (value: number): string => (Number.isInteger(value) ? String(value) : value.toPrecision(3));
