import {
  type AuditProblem,
  type AuditRecord,
  type AuditRun,
  clusterMaps,
  type Estimate,
  type Finding,
  findingsOf,
  reportFile,
} from '@seewhy/report';
import { shareOfText } from '../dataset/id-table.ts';
import { writeAtomically } from '../output-files.ts';
import { askGate, type GateResult, gateFigures } from './audit-gate.ts';
import { collectRecords } from './collect.ts';
import { rounded } from './digits.ts';
import { writePanels } from './panels/write-panels.ts';
import type { AuditPlan } from './plan.ts';
import { Columns, flatRow, LineFile, writeParquet } from './predictions.ts';
import { Problems } from './problems.ts';
import { byImportance, MOST_PICTURES, pictureForm, reportParts } from './report-parts.ts';
import { RowStore, readMap } from './row-store.ts';
import { JOURNAL, type RunFolder } from './run-folder.ts';

/** Records that findings, clusters and report are made of; of more a part is drawn with the seed. Metrics and tables take all. */
export const MOST_RECORDS = 20_000;

export interface Finished {
  readonly run: AuditRun;
  readonly findings: readonly Finding[];
  readonly gates: readonly GateResult[];
  readonly figures: ReadonlyMap<string, Estimate>;
  readonly problems: readonly AuditProblem[];
}

export interface FinishRequest {
  readonly plan: AuditPlan;
  readonly folder: RunFolder;
  /** The run as far as it is known before its records are counted. */
  readonly run: AuditRun;
  readonly page: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Told what is being made. */
  readonly stage: (name: string) => void;
}

/** Makes everything of a run folder from its journal. What is there of an earlier attempt is replaced. */
export async function finishRun(request: FinishRequest): Promise<Finished> {
  const { plan, folder, page, stage } = request;
  const timings: Record<string, number> = { ...request.run.timings };
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    stage(name);
    const begin = performance.now();
    const made = await work();
    timings[name] = (timings[name] ?? 0) + (performance.now() - begin) / 1000;
    return made;
  };

  const tables = await timed('tables', () => writeTables(request));
  const { records, counts, omitted } = tables;
  const problems = tables.problems.list();
  const notices = [...new Set([...request.run.notices, ...plan.dataset.notices])];
  const unlabelled = counts.predicted - counts.labelled;
  if (unlabelled > 0 && counts.labelled > 0)
    notices.push(
      `${unlabelled.toLocaleString('en')} of ${counts.predicted.toLocaleString('en')} pictures have no usable label.`,
    );
  const soFar: AuditRun = { ...request.run, counts: { ...request.run.counts, ...counts }, problems, notices };

  const { clusters, findings } = await timed('findings', async () => {
    const clusters = clusterMaps(soFar, records, plan.seed);
    return { clusters, findings: findingsOf(soFar, records, clusters) };
  });
  await writeAtomically(folder.file('findings.json'), jsonBytes(findings), true);

  const pictured = byImportance(records, soFar).slice(0, MOST_PICTURES);
  if (pictured.length < records.length)
    omitted.push(
      `Pictures of ${(records.length - pictured.length).toLocaleString('en')} records are left out; their figures are there.`,
    );
  const byId = new Map(records.map((record) => [record.id, record]));
  const store = await RowStore.find(new Set(byId.keys()), plan);
  const signed = new Set(soFar.methods.filter((method) => method.signed).map(({ name }) => name));
  await timed('panels', () =>
    writePanels({
      run: soFar,
      records,
      folder: folder.path,
      seed: plan.seed,
      ...(plan.patient === undefined ? {} : { patient: plan.patient }),
      picture: async (id) => (await store.load(id)).seen,
      map: async (id, method) => {
        const { maps } = byId.get(id)!;
        return { ...(await readMap(folder.file(maps![method]!.file!))), signed: signed.has(method) };
      },
    }),
  );

  const run: AuditRun = {
    ...soFar,
    ...(soFar.status === 'done' ? { finished: new Date().toISOString() } : {}),
    timings: rounded(timings, 5),
  };
  await timed('report', async () => {
    const shown = records.map(({ thumb: _, ...record }) => record);
    const data = { run, records: shown, findings, clusters, omitted };
    const room =
      request.maxBytes -
      page.length -
      JSON.stringify(shown.slice(0, 200)).length * 0.4 * Math.max(1, shown.length / 200);
    const form = pictureForm({
      pictures: pictured.length,
      maps: pictured.reduce((sum, { maps }) => sum + Object.keys(maps ?? {}).length, 0),
      room,
      seen: Math.max(plan.opened.model.image.width, plan.opened.model.image.height),
    });
    const parts = reportParts(pictured, store, { form, signed, file: (name) => folder.file(name) });
    const file = new LineFile(folder.file('report.html'));
    try {
      for await (const piece of reportFile(page, data, parts, { maxBytes: request.maxBytes })) await file.write(piece);
    } catch (error) {
      await file.end(false);
      throw error;
    }
    await file.end();
  });
  const figures = gateFigures(run, tables.all ?? records, findings);
  const gates = plan.gates.map((gate) => askGate(gate, figures));
  const final = { ...run, timings: rounded(timings, 5) };
  await writeAtomically(folder.file('run.json'), jsonBytes(final), true);
  return { run: final, findings, gates, figures, problems };
}

export const jsonBytes = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

interface Tables {
  readonly records: AuditRecord[];
  /** Labels and scores of all, where `records` are a part and a gate asks. */
  readonly all: AuditRecord[] | undefined;
  readonly counts: AuditRun['counts'];
  readonly problems: Problems;
  readonly omitted: string[];
}

/** `predictions.jsonl` and `.parquet`; the records that the rest is made of are kept. */
async function writeTables({ plan, folder, run }: FinishRequest): Promise<Tables> {
  const problems = new Problems();
  problems.addAll(plan.problems);
  const columns = new Columns();
  const file = new LineFile(folder.file('predictions.jsonl'));
  const share = MOST_RECORDS / Math.max(MOST_RECORDS, plan.scan.rows);
  const records: AuditRecord[] = [];
  const all: AuditRecord[] = [];
  const counts = { ...run.counts, predicted: 0, labelled: 0, explained: 0 };
  try {
    for await (const record of collectRecords(folder.file(JOURNAL), folder.path, problems)) {
      counts.predicted++;
      if (record.label) counts.labelled++;
      if (record.maps) counts.explained++;
      const row = flatRow(record, plan);
      columns.add(row);
      await file.write(`${JSON.stringify(row)}\n`);
      if (share === 1 || record.maps || shareOfText(record.id, plan.seed) < share) records.push(record);
      if (share < 1 && plan.gates.length > 0) all.push(leanOf(record));
    }
  } catch (error) {
    await file.end(false);
    throw error;
  }
  await file.end();
  await writeParquet(folder.file('predictions.jsonl'), folder.file('predictions.parquet'), columns.list());
  const omitted =
    records.length < counts.predicted
      ? [
          `This report shows ${records.length.toLocaleString('en')} of ${counts.predicted.toLocaleString('en')} pictures: those that were explained and a part of the others, drawn with the seed. The tables (predictions.jsonl, predictions.parquet) hold all.`,
        ]
      : [];
  return { records, all: share < 1 && plan.gates.length > 0 ? all : undefined, counts, problems, omitted };
}

/** What metrics need of a record. */
const leanOf = ({ id, label, scores, group, maps }: AuditRecord): AuditRecord =>
  ({
    id,
    scores,
    ...(label ? { label } : {}),
    ...(group === undefined ? {} : { group }),
    ...(maps ? { maps } : {}),
  }) as AuditRecord;
