import type { AuditCommandOptions } from '../audit/audit-options.ts';
import { endOfAudit, oneLine } from '../audit/audit-talk.ts';
import { type MadePlan, makePlan } from '../audit/make-plan.ts';
import { readReportPage } from '../audit/report-page.ts';
import { runAudit } from '../audit/run-audit.ts';
import { DEFAULT_FOLDER, RunFolder } from '../audit/run-folder.ts';
import { EXIT, errors, exitCodeOfRun } from '../errors.ts';
import { interruptible } from '../interrupt.ts';
import { loadSharp } from '../picture/sharp.ts';
import { preprocessFacts } from '../preprocess-facts.ts';
import { err, out, print, say, table } from '../talk.ts';

/** 60 MB: what a mail server or a chat still takes. */
const MAX_SIZE = 60e6;

/** `seewhy audit MODEL DATASET` */
export async function audit(path: string, dataPath: string, options: AuditCommandOptions): Promise<number> {
  if (options.resume && options.force)
    throw errors.optionClash('--resume and --force exclude each other', 'Go on with a run, or begin it anew.');
  const made = await makePlan(path, dataPath, options);
  try {
    const quiet = options.quiet === true;
    if (!quiet)
      for (const notice of [...new Set([...made.plan.notices, ...made.plan.dataset.notices])])
        say(err.dim(oneLine(notice)));
    if (options.dryRun) return dryRun(made, options);
    const [page] = await Promise.all([readReportPage(), loadSharp()]);
    const folder = await RunFolder.claim(options.out, {
      resume: options.resume === true,
      force: options.force === true,
    });
    try {
      if (!quiet)
        say(
          `${folder.resumed ? 'Going on in' : options.resume ? 'There is no run to go on with; a new one is written to' : 'Writing to'} ${folder.path}`,
        );
      return await interruptible((signal) => run(made, folder, page, options, signal));
    } finally {
      await folder.release();
    }
  } finally {
    await made.plan.dataset.close();
  }
}

async function run(
  made: MadePlan,
  folder: RunFolder,
  page: string,
  options: AuditCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const quiet = options.quiet === true;
  const command = process.argv.slice(2);
  const finished = await runAudit({
    made,
    folder,
    page,
    command,
    title: options.title,
    maxBytes: options.maxSize ?? MAX_SIZE,
    quiet,
    signal,
    say: (line) => {
      if (!quiet) say(err.dim(line));
    },
  });
  const gateFailed = finished.gates.some(({ failed }) => failed);
  // Ctrl-C while the report was being written: everything is there.
  const code = exitCodeOfRun({
    interrupted: finished.run.status === 'interrupted',
    gateFailed,
    inputsFailed: finished.run.counts.failed > 0,
  });
  if (options.json) {
    const { run, findings, gates, figures } = finished;
    const metrics = Object.fromEntries(
      [...figures].map(([name, { value, low, high, reason }]) => [
        name,
        { value: finite(value), low: finite(low), high: finite(high), ...(reason ? { reason } : {}) },
      ]),
    );
    print(
      JSON.stringify(
        { schema: 'seewhy/audit-result/v1', exitCode: code, folder: folder.path, run, metrics, findings, gates },
        null,
        2,
      ),
    );
  }
  endOfAudit(finished, folder.path, quiet || options.json === true, resumeLine(command, folder.path));
  return code;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** The command that goes on with this run. */
function resumeLine(command: readonly string[], folder: string): string {
  const kept = command.filter(
    (arg, at) => !/^(--resume|--force|-o|--out|--out=.*)$/.test(arg) && !/^(-o|--out)$/.test(command[at - 1] ?? ''),
  );
  const quoted = (arg: string) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`);
  return ['seewhy', ...[...kept, '--out', folder].map(quoted), '--resume'].join(' ');
}

/** Shows what would be done. */
function dryRun(made: MadePlan, options: AuditCommandOptions): number {
  const { plan, resolved } = made;
  const { scan, dataset, opened } = plan;
  const labels = scan.labels
    .map(({ label, count }) => {
      const index = plan.classMap.classOf(label);
      const to = typeof index === 'number' ? plan.classes[plan.order.indexOf(index)]! : null;
      return { label, pictures: count, class: to };
    })
    .sort((a, b) => b.pictures - a.pictures || (a.label < b.label ? -1 : 1));
  const document = {
    schema: 'seewhy/audit-dry-run/v1',
    model: { path: opened.path, sha256: made.modelSha, runtime: opened.model.runtime.name, head: plan.head.reason },
    preprocess: preprocessFacts(opened),
    dataset: { path: dataset.path, kind: dataset.kind, sha256: made.datasetSha, columns: dataset.columns },
    rows: scan.rows,
    labelled: scan.labelled,
    bad: scan.bad,
    task: plan.task,
    classes: plan.classes,
    threshold: plan.threshold,
    labels,
    methods: resolved.methods.map(({ method }) => ({ name: method.name, cost: method.cost })),
    target: plan.targetText,
    explain: plan.explainText,
    covered: plan.coverMethods > 0,
    out: options.out ?? DEFAULT_FOLDER,
    problems: plan.problems.list(),
    notices: plan.notices,
  };
  if (options.json) {
    print(JSON.stringify(document, null, 2));
    return EXIT.ok;
  }
  const n = (value: number) => value.toLocaleString('en');
  print(out.bold('Dry run: nothing is run, nothing is written.'));
  const rows: [string, string][] = [
    ['model', `${opened.path}, ${opened.model.runtime.name}`],
    ['head', `${plan.task}: ${plan.head.reason}`],
    ['preprocessing', `${document.preprocess.text} (${opened.preprocessFrom})`],
    ['data set', `${dataset.path} (${dataset.kind})`],
    [
      'columns',
      Object.entries(dataset.columns)
        .map(([role, name]) => `${role} = ${name}`)
        .join(', ') || 'none',
    ],
    [
      'pictures',
      `${n(scan.rows)}, ${n(scan.labelled)} labelled${scan.bad > 0 ? `, ${n(scan.bad)} rows left out` : ''}`,
    ],
    ['methods', document.methods.map(({ name, cost }) => `${name} (${cost})`).join(', ')],
    ['target', plan.targetText],
    ['explained', plan.explainText],
    ['folder', document.out],
  ];
  print(
    table(
      rows.map(([label, text]) => [out.dim(label), oneLine(text)]),
      2,
      '  ',
    ),
  );
  for (const { label, pictures, class: to } of labels.slice(0, 20))
    print(`    ${oneLine(label)}: ${n(pictures)} → ${to === null ? 'no class of the model' : oneLine(to)}`);
  if (labels.length > 20) print(out.dim(`    … ${labels.length - 20} more labels`));
  for (const { code, message } of document.problems) say(`${err.yellow(code)} ${oneLine(message)}`);
  return EXIT.ok;
}
