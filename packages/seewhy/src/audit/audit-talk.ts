import type { AuditRun, Estimate } from '@seewhy/report';
import { err, out, print, say, table } from '../talk.ts';
import type { Finished } from './finish.ts';

/** Figures of the summary, by task. */
const FIGURES: Readonly<Record<AuditRun['task'], readonly [name: string, title: string][]>> = {
  binary: [
    ['auc', 'AUC'],
    ['accuracy', 'accuracy'],
    ['sensitivity', 'sensitivity'],
    ['specificity', 'specificity'],
    ['f1', 'F1'],
  ],
  multiclass: [
    ['accuracy', 'accuracy'],
    ['macro_f1', 'macro F1'],
    ['macro_auc', 'macro AUC'],
    ['ece', 'calibration error'],
  ],
  multilabel: [
    ['accuracy', 'exact match'],
    ['macro_f1', 'macro F1'],
    ['macro_auc', 'macro AUC'],
  ],
};

const EXAMPLES = 3;
const FINDINGS = 6;

/** What people read at the end: figures, findings, problems, gates, and where everything lies. */
export function endOfAudit(finished: Finished, folder: string, quiet: boolean, resume: string): void {
  const { run, findings, problems, gates, figures } = finished;
  for (const { condition, failed, reason } of gates)
    if (failed) say(`${err.red('failed')} ${condition}: ${reason}`);
    else if (!quiet) say(`${err.green('passed')} ${condition}: ${reason}`);
  if (quiet) {
    if (run.status === 'interrupted') say(`Interrupted. Go on with: ${resume}`);
    return;
  }
  for (const { code, message, count, examples } of problems) {
    say(`${err.yellow(code)} ${message}`);
    const first = examples.slice(0, EXAMPLES);
    for (const { where, what } of first) say(err.dim(`  ${oneLine(where)}: ${oneLine(what)}`));
    if (count > first.length) say(err.dim(`  … ${(count - first.length).toLocaleString('en')} more, see run.json`));
  }
  print(out.bold(oneLine(run.title)));
  const { counts } = run;
  const n = (value: number) => value.toLocaleString('en');
  const rows: string[][] = [
    [
      out.dim('pictures'),
      `${n(counts.predicted)} predicted of ${n(counts.rows)}, ${n(counts.labelled)} labelled, ${n(counts.explained)} explained${counts.failed > 0 ? `, ${n(counts.failed)} left out` : ''}`,
    ],
    ...FIGURES[run.task].flatMap(([name, title]) => {
      const figure = figures.get(name);
      return figure ? [[out.dim(title), figureText(figure)]] : [];
    }),
    [
      out.dim('findings'),
      findings.length === 0
        ? 'none'
        : (['high', 'medium', 'low'] as const)
            .flatMap((severity) => {
              const count = findings.filter((finding) => finding.severity === severity).length;
              return count > 0 ? [`${count} ${severity}`] : [];
            })
            .join(', '),
    ],
  ];
  print(table(rows, 2, '  '));
  for (const { severity, title } of findings.slice(0, FINDINGS)) print(`    ${severity.padEnd(6)}  ${oneLine(title)}`);
  if (findings.length > FINDINGS) print(out.dim(`    … ${findings.length - FINDINGS} more in the report`));
  print(`  ${out.dim('report')}    ${folder}/report.html`);
  if (run.status === 'interrupted') say(`Interrupted. Go on with: ${resume}`);
}

const figureText = ({ value, low, high, reason }: Estimate): string =>
  Number.isFinite(value)
    ? `${value.toFixed(3)}${Number.isFinite(low) ? out.dim(`  (${low.toFixed(3)} to ${high.toFixed(3)})`) : ''}`
    : out.dim(`not defined: ${reason ?? ''}`);

/** Ids and labels of strangers hold anything: control characters would drive the terminal. */
export const oneLine = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be replaced
    .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .slice(0, 400);
