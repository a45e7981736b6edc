import {
  type AuditProblem,
  type AuditRecord,
  type AuditRun,
  clusterMaps,
  type Estimate,
  type Finding,
  findingsOf,
  type ReportData,
  reportFile,
} from '@seewhy/report';
import { shareOfText } from '../dataset/id-table.ts';
import { writeAtomically } from '../output-files.ts';
import { askGate, type GateResult, gateFigures } from './audit-gate.ts';
import { rounded } from './digits.ts';
import { freeMemory, sparingly } from './free-memory.ts';
import { JournalRecords } from './journal-records.ts';
import { writePanels } from './panels/write-panels.ts';
import type { AuditPlan } from './plan.ts';
import { Columns, flatRow, LineFile, writeParquet } from './predictions.ts';
import { Problems } from './problems.ts';
import { RecordTable } from './record-table.ts';
import { byImportance, MOST_PICTURES, pictureForm, reportParts } from './report-parts.ts';
import { RowStore, readMap } from './row-store.ts';
import { JOURNAL, type RunFolder } from './run-folder.ts';

/** Pictures that panels and report show at most, drawn with the seed; tables, figures and findings take all. */
const MOST_SHOWN = 20_000;
/** Explained pictures whose maps findings and clusters look at, at most, drawn with the seed: of each several kilobytes are held then. */
const MOST_MAPPED = 10_000;
/** From so many pictures on memory is more precious than time. */
const MANY = 100_000;

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

/**
 * Makes everything of a run folder from its journal. What is there of an earlier attempt is replaced. The journal's records are read one by one
 * when they are needed; held are their numbers ({@link RecordTable}).
 */
export async function finishRun(request: FinishRequest): Promise<Finished> {
  const { folder } = request;
  const problems = new Problems();
  problems.addAll(request.plan.problems);
  const journal = await JournalRecords.open(folder.file(JOURNAL), folder.path, problems);
  try {
    const finish = () => finishFrom(journal, problems, request);
    return journal.count > MANY ? await sparingly(finish) : await finish();
  } finally {
    journal.close();
  }
}

async function finishFrom(journal: JournalRecords, found: Problems, request: FinishRequest): Promise<Finished> {
  const { plan, folder, stage } = request;
  const timings: Record<string, number> = { ...request.run.timings };
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    stage(name);
    const begin = performance.now();
    const made = await work();
    freeMemory();
    timings[name] = (timings[name] ?? 0) + (performance.now() - begin) / 1000;
    return made;
  };

  const { table, counts } = await timed('tables', () => writeTables(journal, request));
  const problems = found.list();
  const notices = [...new Set([...request.run.notices, ...plan.dataset.notices])];
  const unlabelled = counts.predicted - counts.labelled;
  if (unlabelled > 0 && counts.labelled > 0)
    notices.push(
      `${unlabelled.toLocaleString('en')} of ${counts.predicted.toLocaleString('en')} pictures have no usable label.`,
    );
  const mapped = drawn(table, plan.seed, MOST_MAPPED, (row) => table.hasMaps(row));
  const shown = drawnShown(table, plan.seed);
  const mappedCount = countOf(mapped);
  if (mappedCount < counts.explained)
    notices.push(
      `Findings and clusters look at the maps of ${mappedCount.toLocaleString('en')} of ${counts.explained.toLocaleString('en')} explained pictures, drawn with the seed.`,
    );
  const soFar: AuditRun = { ...request.run, counts: { ...request.run.counts, ...counts }, problems, notices };

  const { clusters, findings, figures } = await timed('findings', async () => {
    const records = table.records((row) => mapped[row] === 1);
    const clusters = clusterMaps(soFar, records, plan.seed);
    const findings = findingsOf(soFar, records, clusters, freeMemory);
    return { clusters, findings, figures: figuresOf(request, soFar, table, records, findings) };
  });
  await writeAtomically(folder.file('findings.json'), jsonBytes(findings), true);

  const rows = Array.from(shown.entries()).flatMap(([row, one]) => (one === 1 ? [row] : []));
  const records = table.records(() => true, rows);
  const rowOf = new Map(records.map(({ id }, at) => [id, rows[at]!]));
  const omitted =
    records.length < counts.predicted
      ? [
          `This report shows ${records.length.toLocaleString('en')} of ${counts.predicted.toLocaleString('en')} pictures: those that were explained first, then others, drawn with the seed. Figures and findings are those of all; the tables (predictions.jsonl, predictions.parquet) hold all.`,
        ]
      : [];
  const pictured = byImportance(records, soFar).slice(0, MOST_PICTURES);
  if (pictured.length < records.length)
    omitted.push(
      `Pictures of ${(records.length - pictured.length).toLocaleString('en')} records are left out; their figures are there.`,
    );
  const store = await RowStore.find(new Set(rowOf.keys()), plan);
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
        const { maps } = journal.read(rowOf.get(id)!);
        return { ...(await readMap(folder.file(maps![method]!.file!))), signed: signed.has(method) };
      },
    }),
  );

  const run: AuditRun = {
    ...soFar,
    ...(soFar.status === 'done' ? { finished: new Date().toISOString() } : {}),
    timings: rounded(timings, 5),
  };
  await timed('report', () =>
    writeReport({ run, findings, clusters, omitted }, { journal, rows, pictured, store, signed }, request),
  );
  const gates = plan.gates.map((gate) => askGate(gate, figures));
  const final = { ...run, timings: rounded(timings, 5) };
  await writeAtomically(folder.file('run.json'), jsonBytes(final), true);
  return { run: final, findings, gates, figures, problems };
}

export const jsonBytes = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

interface Tables {
  readonly table: RecordTable;
  readonly counts: AuditRun['counts'];
}

/** `predictions.jsonl` and `.parquet`, and the numbers that the rest is made of. */
async function writeTables(journal: JournalRecords, { plan, folder, run }: FinishRequest): Promise<Tables> {
  const columns = new Columns();
  const table = new RecordTable(journal);
  const file = new LineFile(folder.file('predictions.jsonl'));
  const counts = { ...run.counts, predicted: journal.count, labelled: 0, explained: 0 };
  try {
    for (let at = 0; at < journal.count; at++) {
      const record = journal.read(at);
      if (record.label) counts.labelled++;
      if (record.maps) counts.explained++;
      table.add(record);
      const row = flatRow(record, plan);
      columns.add(row);
      await file.write(`${JSON.stringify(row)}\n`);
    }
  } catch (error) {
    await file.end(false);
    throw error;
  }
  await file.end();
  await writeParquet(folder.file('predictions.jsonl'), folder.file('predictions.parquet'), columns.list());
  return { table, counts };
}

/** What of a run the report is made of, beside its data. */
interface ReportSource {
  readonly journal: JournalRecords;
  /** Rows that the report shows, by rising id. */
  readonly rows: readonly number[];
  readonly pictured: readonly AuditRecord[];
  readonly store: RowStore;
  readonly signed: ReadonlySet<string>;
}

async function writeReport(
  data: Omit<ReportData, 'records'>,
  { journal, rows, pictured, store, signed }: ReportSource,
  { plan, folder, page, maxBytes }: FinishRequest,
): Promise<void> {
  const shownRecord = (row: number): AuditRecord => {
    const { thumb: _, ...record } = journal.read(row);
    return record;
  };
  function* shown(): Generator<AuditRecord> {
    for (const row of rows) yield shownRecord(row);
  }
  const sampled = rows.slice(0, 200).reduce((sum, row) => sum + JSON.stringify(shownRecord(row)).length, 0);
  const form = pictureForm({
    pictures: pictured.length,
    maps: pictured.reduce((sum, { maps }) => sum + Object.keys(maps ?? {}).length, 0),
    room: maxBytes - page.length - sampled * 0.4 * Math.max(1, rows.length / 200),
    seen: Math.max(plan.opened.model.image.width, plan.opened.model.image.height),
  });
  const parts = reportParts(pictured, store, { form, signed, file: (name) => folder.file(name) });
  const file = new LineFile(folder.file('report.html'));
  try {
    const { run, findings, clusters, omitted } = data;
    const streamed = { run, records: { [Symbol.iterator]: shown }, findings, clusters, omitted };
    for await (const piece of reportFile(page, streamed, parts, { maxBytes })) await file.write(piece);
  } catch (error) {
    await file.end(false);
    throw error;
  }
  await file.end();
}

/** Figures for gates and for the screen. Means over maps are those of all explained pictures where a gate asks. */
function figuresOf(
  { plan }: FinishRequest,
  run: AuditRun,
  table: RecordTable,
  records: readonly AuditRecord[],
  findings: readonly Finding[],
): ReadonlyMap<string, Estimate> {
  const asked = plan.gates.some(({ reads }) =>
    run.methods.some(({ name }) => reads.some((one) => one.includes(`(${name})`))),
  );
  if (!asked || run.counts.explained <= MOST_MAPPED) return gateFigures(run, records, findings);
  const all = table.records(() => true).map((record, row) => (table.hasMaps(row) ? leanOf(record) : record));
  return gateFigures(run, all, findings);
}

/** What metrics need of an explained picture: a tenth of what its maps take. */
const leanOf = ({ id, label, scores, group, maps = {} }: AuditRecord): AuditRecord =>
  ({
    id,
    label,
    scores,
    group,
    maps: Object.fromEntries(
      Object.entries(maps).map(([method, { inside, border, corners, entropy, halfMassArea, empty }]) => [
        method,
        { inside, border, corners, entropy, halfMassArea, empty },
      ]),
    ),
  }) as AuditRecord;

/** Of the wanted rows (1, others 0) at most so many, drawn with the seed by id: the order of the data set has no say. */
function drawn(table: RecordTable, seed: number, most: number, wanted: (row: number) => boolean): Uint8Array {
  const chosen = new Uint8Array(table.count);
  let count = 0;
  for (let row = 0; row < table.count; row++) {
    if (!wanted(row)) continue;
    chosen[row] = 1;
    count++;
  }
  if (count <= most) return chosen;
  const shares = Float64Array.from(chosen, (one, row) => (one === 1 ? shareOfText(table.id(row), seed) : 1));
  const limit = shares.toSorted()[most]!;
  return chosen.map((_, row) => (shares[row]! < limit ? 1 : 0));
}

/** Explained pictures first, then others. */
function drawnShown(table: RecordTable, seed: number): Uint8Array {
  const explained = drawn(table, seed, MOST_SHOWN, (row) => table.hasMaps(row));
  const others = drawn(table, seed, MOST_SHOWN - countOf(explained), (row) => !table.hasMaps(row));
  return explained.map((one, row) => one | others[row]!);
}

const countOf = (chosen: Uint8Array): number => chosen.reduce((sum, one) => sum + one, 0);
