import { readFile } from 'node:fs/promises';
import { describePreprocess, ExplainProgram, VERSION } from '@seewhy/core';
import type { AuditRun } from '@seewhy/report';
import { makeFolder, writeAtomically } from '../output-files.ts';
import { startProgress } from '../progress.ts';
import { auditErrors } from './audit-errors.ts';
import { choosePictures } from './choose.ts';
import type { ExplainTools } from './explain-row.ts';
import { type Finished, finishRun, jsonBytes } from './finish.ts';
import { Journal, readJournal } from './journal.ts';
import { type Identity, type MadePlan, titleOf } from './make-plan.ts';
import { DONE, explainRows, type Pass, predictAndExplainRows, predictRows } from './passes.ts';
import { Predictor } from './predictor.ts';
import { JOURNAL, type RunFolder } from './run-folder.ts';

export interface RunRequest {
  readonly made: MadePlan;
  readonly folder: RunFolder;
  readonly page: string;
  /** Arguments as they were typed. */
  readonly command: readonly string[];
  readonly title: string | undefined;
  readonly maxBytes: number;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  /** Talk about what is going on. */
  readonly say: (line: string) => void;
}

/** Runs an audit, or the rest of one, and makes everything of its folder. */
export async function runAudit(request: RunRequest): Promise<Finished> {
  const { made, folder, signal } = request;
  const { plan } = made;
  const earlier = folder.resumed ? await readEarlier(folder, made) : undefined;
  const done = earlier?.done ?? new Uint8Array(plan.scan.ids.size);
  await makeFolder(folder.file('maps'));
  const journal = Journal.open(folder.file(JOURNAL));
  const started = earlier?.started ?? new Date().toISOString();
  const timings: Record<string, number> = { ...earlier?.timings };
  let run = runOf(request, started, timings);
  try {
    if (!earlier) journal.append({ kind: 'run', started, identity: made.identity });
    await writeAtomically(folder.file('run.json'), jsonBytes(run), true);
    const notices = await runPasses(request, { plan, journal, done, signal }, timings);
    run = { ...run, notices: [...run.notices, ...notices] };
  } finally {
    journal.close();
  }
  const status = signal.aborted ? 'interrupted' : 'done';
  const failed = plan.scan.bad + countOf(done, DONE.failed);
  run = { ...run, status, timings, counts: { ...run.counts, failed } };
  if (!signal.aborted && countOf(done, DONE.predicted) === 0) {
    await writeAtomically(folder.file('run.json'), jsonBytes(run), true);
    const first = await firstFailure(folder);
    throw auditErrors.allFailed(plan.dataset.path, first);
  }
  return finishRun({
    plan,
    folder,
    run,
    page: request.page,
    maxBytes: request.maxBytes,
    signal,
    stage: (name) => request.say(STAGES[name] ?? name),
  });
}

const STAGES: Readonly<Record<string, string>> = {
  tables: 'Writing the tables …',
  findings: 'Looking for findings …',
  panels: 'Drawing the panels …',
  report: 'Writing the report …',
};

/** @returns what was left out */
async function runPasses(
  { made, folder, quiet, say }: RunRequest,
  state: Omit<Pass, 'progress'>,
  timings: Record<string, number>,
): Promise<readonly string[]> {
  const { plan, done, signal } = state;
  const { opened, chooser, scan } = plan;
  const timed = async (name: string, work: () => Promise<void>) => {
    const begin = performance.now();
    await work().finally(() => {
      timings[name] = (timings[name] ?? 0) + (performance.now() - begin) / 1000;
    });
  };
  const passOf = async (total: number, unit: string, work: (pass: Pass) => Promise<void>) => {
    const progress = startProgress({ total, unit, quiet });
    try {
      await work({ ...state, progress });
    } finally {
      progress.end();
    }
  };
  const left = scan.rows - countOf(done, DONE.predicted | DONE.failed);
  const together = chooser.kind === 'all' && plan.target.kind !== 'label';
  const openTools = async (): Promise<ExplainTools> => ({
    plan,
    program: await ExplainProgram.open(opened.model, plan.explaining),
    predictor: plan.coverMethods > 0 ? await Predictor.open(opened.model, plan.batch) : undefined,
    file: (...names) => folder.file(...names),
    signal,
  });
  const withTools = async (work: (tools: ExplainTools) => Promise<void>) => {
    const tools = await openTools();
    try {
      await work(tools);
    } finally {
      await tools.program.release();
      await tools.predictor?.release();
    }
  };
  if (together) {
    if (left > 0)
      await timed('predict and explain', () =>
        withTools((tools) => passOf(left, 'pictures', (pass) => predictAndExplainRows(pass, tools))),
      );
    return [];
  }
  if (left > 0) {
    const predictor = await Predictor.open(opened.model, plan.batch);
    try {
      await timed('predict', () => passOf(left, 'pictures predicted', (pass) => predictRows(pass, predictor)));
    } finally {
      await predictor.release();
    }
  }
  if (signal.aborted) return [];
  const { chosen, notices } = await choosePictures(plan, folder.file(JOURNAL), {
    dataset: {
      path: plan.dataset.path,
      kind: plan.dataset.kind,
      sha256: made.datasetSha,
      columns: plan.dataset.columns,
    },
    model: modelOf(made),
  });
  const open = [...chosen.keys()].filter((at) => (done[at]! & DONE.explained) === 0).length;
  if (open === 0) return notices;
  say(`${chosen.size.toLocaleString('en')} pictures were chosen to be explained.`);
  await timed('explain', () =>
    withTools((tools) => passOf(open, 'pictures explained', (pass) => explainRows(pass, tools, chosen))),
  );
  return notices;
}

const countOf = (done: Uint8Array, mask: number): number => {
  let count = 0;
  for (const state of done) if ((state & mask) !== 0) count++;
  return count;
};

interface Earlier {
  readonly done: Uint8Array;
  readonly started: string;
  readonly timings: Readonly<Record<string, number>>;
}

/** What an earlier process has done in this folder. @throws AUDIT_RUN_DIFFERS */
async function readEarlier(folder: RunFolder, { plan, identity }: MadePlan): Promise<Earlier | undefined> {
  const done = new Uint8Array(plan.scan.ids.size);
  let started: string | undefined;
  // A torn last line is cut off when the journal is opened: until then it may be read half.
  Journal.open(folder.file(JOURNAL)).close();
  for await (const line of readJournal(folder.file(JOURNAL))) {
    if (line.kind === 'run') {
      started = line.started;
      const differences = differencesOf(line.identity as Identity, identity);
      if (differences.length > 0) throw auditErrors.differs(folder.path, differences);
      continue;
    }
    const at = plan.scan.ids.find(line.id);
    if (at < 0) continue;
    if (line.kind === 'predicted') done[at]! |= DONE.predicted | (line.record.maps ? DONE.explained : 0);
    else done[at]! |= line.kind === 'failed' ? DONE.failed : DONE.explained;
  }
  // Killed before the first line was whole: nothing is done.
  if (started === undefined) return undefined;
  const timings = await readFile(folder.file('run.json'), 'utf8')
    .then((text) => (JSON.parse(text) as AuditRun).timings)
    .catch(() => ({}));
  return { done, started, timings };
}

/** In words: what was, what is. */
export function differencesOf(before: Identity, now: Identity): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => (before[name] ?? null) !== (now[name] ?? null))
    .map((name) => {
      const [was, is] = [before[name], now[name]];
      if (name === 'model' || name === 'data set') return `the ${name} has changed`;
      if (typeof was === 'string' && /^[0-9a-f]{16}$/.test(was)) return `${name} differ`;
      return `${name} was ${was ?? 'not given'}, is ${is ?? 'not given'}`;
    });
}

async function firstFailure(folder: RunFolder): Promise<string> {
  for await (const line of readJournal(folder.file(JOURNAL)))
    if (line.kind === 'failed') return `${line.problem.where}: ${line.problem.what}`;
  return '';
}

const modelOf = ({ plan, modelSha }: MadePlan): AuditRun['model'] => ({
  path: plan.opened.path,
  sha256: modelSha,
  input: [plan.opened.model.image.channels, plan.opened.model.image.height, plan.opened.model.image.width],
  preprocess: describePreprocess(plan.opened.preprocess),
});

function runOf(
  { made, command, title }: RunRequest,
  started: string,
  timings: Readonly<Record<string, number>>,
): AuditRun {
  const { plan } = made;
  const { scan, dataset, opened } = plan;
  return {
    schema: 'seewhy/audit/v1',
    status: 'running',
    title: title ?? titleOf(opened.path, dataset.path),
    command,
    started,
    versions: { seewhy: VERSION, runtime: opened.model.runtime.name, node: process.versions.node },
    model: modelOf(made),
    dataset: { path: dataset.path, kind: dataset.kind, sha256: made.datasetSha, columns: dataset.columns },
    task: plan.task,
    classes: plan.classes,
    ...(plan.positive === undefined ? {} : { positive: plan.positive }),
    threshold: plan.threshold,
    methods: plan.methods,
    target: plan.targetText,
    explain: plan.explainText,
    seed: plan.seed,
    counts: { rows: scan.rows + scan.bad, predicted: 0, labelled: 0, explained: 0, failed: 0 },
    problems: [],
    notices: plan.notices,
    timings,
  };
}
