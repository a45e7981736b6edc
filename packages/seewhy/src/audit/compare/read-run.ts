import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { AuditRecord, AuditRun } from '@seewhy/report';
import { z } from 'zod';
import { systemCode } from '../../errors.ts';
import { linesOf } from '../journal.ts';
import type { FlatRow } from '../predictions.ts';
import { compareErrors } from './compare-errors.ts';
import { FlatRowError, recordOfRow } from './flat-record.ts';

/** A finished audit as it lies on the disk. */
export interface ReadRun {
  /** As it was given. */
  readonly folder: string;
  readonly run: AuditRun;
  /** By rising id, as the audit writes them. */
  readonly records: readonly AuditRecord[];
}

const text = z.string();
const texts = z.array(text);
const count = z.number().int().nonnegative();

/** What a comparison reads of `run.json`; the rest is passed on as it is. */
const RUN = z
  .object({
    schema: z.literal('seewhy/audit/v1'),
    status: z.enum(['running', 'interrupted', 'done']),
    title: text,
    command: texts,
    started: text,
    versions: z.record(text, text),
    model: z.object({ path: text, sha256: text, input: z.tuple([count, count, count]), preprocess: text }).loose(),
    dataset: z.object({ path: text, kind: text, sha256: text, columns: z.record(text, text) }).loose(),
    task: z.enum(['binary', 'multiclass', 'multilabel']),
    classes: texts.min(1).max(1_000_000),
    positive: z.number().int().optional(),
    threshold: z.number(),
    methods: z
      .array(z.object({ name: text.min(1).max(200), title: text, layers: texts, signed: z.boolean() }).loose())
      .max(100),
    seed: z.number(),
    counts: z.object({ rows: count, predicted: count, labelled: count, explained: count, failed: count }).loose(),
    problems: z.array(z.unknown()),
    notices: texts,
    timings: z.record(text, z.number()),
  })
  .loose()
  .refine(({ classes }) => new Set(classes).size === classes.length, {
    path: ['classes'],
    error: 'a class is there twice',
  })
  .refine(({ task, classes }) => task !== 'binary' || classes.length === 2, {
    path: ['classes'],
    error: 'a binary run has two',
  })
  .refine(({ positive, classes }) => positive === undefined || classes[positive] !== undefined, {
    path: ['positive'],
    error: 'no class has this index',
  })
  .refine(({ methods }) => new Set(methods.map(({ name }) => name)).size === methods.length, {
    path: ['methods'],
    error: 'a method is there twice',
  });

/** `run.json` of a person, not of a program: more is a mistake. */
const MOST_BYTES = 256e6;

/**
 * Reads a run folder that may come from anywhere: `run.json` and `predictions.jsonl` are checked, nothing else is opened.
 * @throws SeewhyError `COMPARE_NO_RUN`, `COMPARE_UNFINISHED`, `COMPARE_RUN_DAMAGED`
 */
export async function readRun(folder: string): Promise<ReadRun> {
  const run = await readRunFile(folder);
  if (run.status !== 'done') throw compareErrors.unfinished(folder, run.status);
  const path = join(folder, 'predictions.jsonl');
  if (!(await isFile(path))) throw compareErrors.noRun(folder, 'holds no predictions.jsonl');
  const table = { run, classes: new Map(run.classes.map((name, index) => [name, index])) };
  const records: AuditRecord[] = [];
  const ids = new Set<string>();
  let line = 0;
  for await (const row of linesOf(path)) {
    line++;
    if (row.trim() === '') continue;
    const record = recordOf(row, table, `${path}`, line);
    if (ids.has(record.id)) throw compareErrors.damaged(path, `line ${line} has an id that was there before`);
    ids.add(record.id);
    records.push(record);
  }
  if (records.length !== run.counts.predicted)
    throw compareErrors.damaged(path, `it has ${records.length} pictures, run.json counts ${run.counts.predicted}`);
  return { folder, run, records };
}

function recordOf(row: string, table: Parameters<typeof recordOfRow>[1], path: string, line: number): AuditRecord {
  let value: unknown;
  try {
    value = JSON.parse(row);
  } catch {
    throw compareErrors.damaged(path, `line ${line} is no JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw compareErrors.damaged(path, `line ${line} is no object`);
  for (const [name, cell] of Object.entries(value))
    if (typeof cell === 'object' && cell !== null)
      throw compareErrors.damaged(path, `line ${line}: column '${name.slice(0, 60)}' is no plain value`);
  try {
    return recordOfRow(value as FlatRow, table);
  } catch (error) {
    if (error instanceof FlatRowError) throw compareErrors.damaged(path, `line ${line}: ${error.message}`);
    throw error;
  }
}

async function readRunFile(folder: string): Promise<AuditRun> {
  const info = await stat(folder).catch(() => undefined);
  if (!info) throw compareErrors.noRun(folder, 'does not exist', await neighbours(folder));
  if (!info.isDirectory()) throw compareErrors.noRun(folder, 'is a file, not a run folder');
  const path = join(folder, 'run.json');
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw compareErrors.damaged(path, `it takes ${(size / 1e6).toFixed(0)} MB`);
    bytes = await readFile(path);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT')
      throw compareErrors.noRun(folder, 'holds no run.json: no audit was finished there');
    if (systemCode(cause) === 'COMPARE_RUN_DAMAGED') throw cause;
    throw compareErrors.noRun(folder, `cannot be read (${systemCode(cause)})`);
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw compareErrors.damaged(path, 'it is no JSON');
  }
  const parsed = RUN.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue!.path.length > 0 ? `'${issue!.path.join('.')}': ` : '';
    throw compareErrors.damaged(path, `${place}${issue!.message}`);
  }
  return parsed.data as unknown as AuditRun;
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() ?? false;

/** Folders beside it that hold a run. */
async function neighbours(folder: string): Promise<string[]> {
  const above = dirname(folder);
  const names = await readdir(above).catch(() => [] as string[]);
  const runs = await Promise.all(names.slice(0, 500).map((name) => isFile(join(above, name, 'run.json'))));
  return names
    .slice(0, 500)
    .filter((_, at) => runs[at])
    .map((name) => (above === '.' ? name : join(above, basename(name))));
}
