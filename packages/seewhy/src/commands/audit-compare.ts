import { realpath } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { ComparedMetric, ComparedSubset, Figure } from '@seewhy/report';
import type { GateResult } from '../audit/audit-gate.ts';
import { oneLine } from '../audit/audit-talk.ts';
import { compareErrors } from '../audit/compare/compare-errors.ts';
import { askCompareGate, compareFigures, parseCompareGate } from '../audit/compare/compare-gate.ts';
import { type Compared, compareRuns } from '../audit/compare/compare-runs.ts';
import { comparisonFolder } from '../audit/compare/comparison-folder.ts';
import type { JoinBy } from '../audit/compare/join-runs.ts';
import { type ReadRun, readRun } from '../audit/compare/read-run.ts';
import { sharedMethods } from '../audit/compare/shared-methods.ts';
import { writeComparison } from '../audit/compare/write-comparison.ts';
import { readReportPage } from '../audit/report-page.ts';
import { exitCodeOfRun } from '../errors.ts';
import { interruptible } from '../interrupt.ts';
import { err, out, print, say, table } from '../talk.ts';

/** Options of `seewhy audit compare`, as the command line reads them. */
export interface AuditCompareOptions {
  out?: string;
  join?: JoinBy;
  threshold?: number;
  method?: string[];
  seed?: number;
  maxSize?: number;
  failOn?: string[];
  title?: string;
  force?: true;
  json?: true;
  quiet?: true;
}

/** 60 MB: what a mail server or a chat still takes. */
const MAX_SIZE = 60e6;
/** Subsets and flipped pictures of the summary. */
const SHOWN = 5;

/** `seewhy audit compare RUN_A RUN_B` */
export async function auditCompare(folderA: string, folderB: string, options: AuditCompareOptions): Promise<number> {
  const [realA, realB] = await Promise.all([folderA, folderB].map((folder) => realpath(folder).catch(() => folder)));
  if (resolve(realA!) === resolve(realB!)) throw compareErrors.sameRun(folderA);
  const a = await readRun(folderA);
  const b = await readRun(folderB);
  const methods = sharedMethods(a.run, b.run, options.method);
  const compared = compareRuns({ a, b, by: options.join, threshold: options.threshold, seed: options.seed });
  const figures = compareFigures(compared);
  // Before anything is written: a misspelt condition costs nothing.
  const parsed = (options.failOn ?? []).map((text) => parseCompareGate(text, figures));
  const page = await readReportPage();
  const folder = await comparisonFolder(options.out, options.force === true);
  const files = await interruptible((signal) =>
    writeComparison({
      compared,
      methods,
      folder,
      page,
      title: options.title ?? titleOf(a, b),
      command: process.argv.slice(2),
      maxBytes: options.maxSize ?? MAX_SIZE,
      signal,
      stage: (name) => {
        if (!options.quiet) say(err.dim(`${STAGES[name] ?? name} …`));
      },
    }),
  );
  const gates = parsed.map((gate) => askCompareGate(gate, figures));
  const code = exitCodeOfRun({ gateFailed: gates.some(({ failed }) => failed) });
  if (options.json) {
    const { pairs: _, schema: __, ...rest } = compared;
    const schema = 'seewhy/audit-comparison-result/v1';
    print(JSON.stringify({ schema, exitCode: code, folder, files, ...rest, gates }, null, 2));
  }
  tell(compared, gates, folder, options);
  return code;
}

const STAGES: Readonly<Record<string, string>> = {
  pictures: 'Reading the pictures',
  panels: 'Drawing the panels',
  report: 'Writing the report',
};

const titleOf = (a: ReadRun, b: ReadRun): string => {
  const [x, y] = [basename(a.run.model.path), basename(b.run.model.path)];
  return x === y ? `${x}: ${basename(resolve(a.folder))} and ${basename(resolve(b.folder))}` : `${x} and ${y}`;
};

/** What people read at the end: figures with their differences, flips, subsets, gates. */
function tell(compared: Compared, gates: readonly GateResult[], folder: string, options: AuditCompareOptions): void {
  const quiet = options.quiet === true;
  for (const { condition, failed, reason } of gates)
    if (failed) say(`${err.red('failed')} ${condition}: ${reason}`);
    else if (!quiet) say(`${err.green('passed')} ${condition}: ${reason}`);
  if (quiet) return;
  for (const notice of compared.notices) say(err.dim(oneLine(notice)));
  if (options.json) {
    say(`${folder}/report.html`);
    return;
  }
  const { joined, flips, runs } = compared;
  const n = (value: number) => value.toLocaleString('en');
  print(out.bold(`A ${oneLine(runs.a.run.title)}`));
  print(out.bold(`B ${oneLine(runs.b.run.title)}`));
  print(
    `${n(joined.pictures)} pictures in both (joined by ${joined.by === 'id' ? 'id' : 'content'}), ${n(joined.labelled)} labelled, ${n(joined.onlyA)} only in A, ${n(joined.onlyB)} only in B`,
  );
  print(
    `${n(flips.toWrong)} right in A and wrong in B, ${n(flips.toRight)} wrong in A and right in B, ${n(flips.bothRight)} right in both, ${n(flips.bothWrong)} wrong in both`,
  );
  print();
  const rows = compared.metrics.filter(isTold).map(metricRow);
  print(table([['', 'A', 'B', 'B − A', '95 % interval', 'p'].map((head) => out.dim(head)), ...rows], 2, '  '));
  const worse = compared.subsets.filter(isWorse).slice(0, SHOWN);
  for (const subset of worse) print(`  ${out.bold('worse')} ${subsetText(subset)}`);
  print();
  print(`report   ${folder}/report.html`);
  print(`flips    ${folder}/panels/flips.png`);
}

/** The summary leaves out single classes and figures that neither run has. */
const isTold = ({ name, a, b }: ComparedMetric): boolean =>
  a.value !== null && b.value !== null && !/^(f1|auc|empty|entropy|half_mass_area)\(/.test(name);

function metricRow({ title, a, b, better, difference }: ComparedMetric): string[] {
  const text = (value: number | null) => (value === null ? '–' : value.toFixed(3));
  const signed = (value: number | null) => (value === null ? '–' : `${value > 0 ? '+' : ''}${value.toFixed(3)}`);
  const sure = difference.low !== null && difference.high !== null && (difference.low > 0 || difference.high < 0);
  const good = (difference.value ?? 0) > 0 === (better === 'higher');
  const paint = !sure ? (text: string) => text : good ? out.green : out.red;
  return [
    oneLine(title),
    text(a.value),
    text(b.value),
    paint(`${signed(difference.value)}${sure ? (good ? ' better' : ' worse') : ''}`),
    intervalText(difference),
    difference.p === null ? '' : difference.p < 0.001 ? '<0.001' : difference.p.toFixed(3),
  ];
}

const intervalText = ({ low, high }: Figure): string =>
  low === null || high === null ? '' : `${low.toFixed(3)} to ${high.toFixed(3)}`;

/** Subsets that are worse in B by more than chance, after the correction for how many were looked at. */
const isWorse = ({ difference }: ComparedSubset): boolean =>
  difference.corrected !== null && difference.corrected < 0.05 && (difference.value ?? 0) < 0;

const subsetText = ({ column, value, toWrong, toRight, pictures, difference }: ComparedSubset): string =>
  `${oneLine(column)} ${oneLine(value)}: ${toWrong} of ${pictures} to wrong, ${toRight} to right (p ${difference.corrected!.toPrecision(2)}, corrected)`;
