import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import {
  type AuditRecord,
  type AuditRun,
  binaryScoreOf,
  cellOf,
  isCorrect,
  predictedOf,
  scoreOf,
} from '@seewhy/report';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { errors, systemCode } from '../errors.ts';
import { linesOf } from './journal.ts';
import { MOST_CLASSES } from './make-record.ts';

type Cell = string | number | boolean | null;
/** One picture as a row of a table. */
export type FlatRow = Record<string, Cell>;

/**
 * A record as one flat row, for tables: labels and decisions by name (several joined with `|`), `score` (of the positive class, else of the
 * class decided for), `score:CLASS`, the data set's columns as they are (with `column.` before names that are taken), `METHOD.STATISTIC`.
 */
export function flatRow(
  record: AuditRecord,
  run: Pick<AuditRun, 'task' | 'classes' | 'threshold' | 'methods'> & { readonly positive?: number },
): FlatRow {
  const predicted = predictedOf(record, run);
  const names = (indices: readonly number[] | undefined) =>
    indices === undefined ? null : indices.map((index) => run.classes[index]!).join('|');
  const score =
    run.task === 'binary'
      ? binaryScoreOf(record, run)
      : predicted?.[0] === undefined
        ? record.scores[0]?.[1]
        : scoreOf(record, predicted[0]);
  const row: FlatRow = {
    id: record.id,
    path: record.path,
    label: names(record.label),
    predicted: names(predicted),
    score: score ?? null,
    correct: isCorrect(record, run) ?? null,
    cell: cellOf(record, run) ?? null,
    group: record.group ?? null,
    split: record.split ?? null,
  };
  if (run.classes.length <= MOST_CLASSES) {
    for (const [index, name] of run.classes.entries()) row[`score:${name}`] = scoreOf(record, index) ?? null;
  } else {
    for (const [rank, [index, probability]] of record.scores.slice(0, 5).entries()) {
      row[`top${rank + 1}`] = run.classes[index]!;
      row[`top${rank + 1}.score`] = probability;
    }
    row['label.score'] = record.label?.[0] === undefined ? null : (scoreOf(record, record.label[0]) ?? null);
  }
  Object.assign(row, {
    width: record.width,
    height: record.height,
    sha256: record.sha256,
    fingerprint: record.fingerprint,
    brightness: record.colour[0],
    red: record.colour[1],
    green: record.colour[2],
    blue: record.colour[3],
    masked: record.masked,
  });
  for (const [probe, value] of Object.entries(record.probes ?? {}))
    row[`probe.${probe}`] = probe === 'target' ? run.classes[value]! : value;
  for (const { name } of run.methods) Object.assign(row, mapColumns(record, name, run.classes));
  for (const [name, value] of Object.entries(record.columns)) row[name in row ? `column.${name}` : name] = value;
  return row;
}

const CORNERS = ['upper_left', 'upper_right', 'lower_left', 'lower_right'] as const;

function mapColumns({ maps }: AuditRecord, method: string, classes: readonly string[]): FlatRow {
  const map = maps?.[method];
  if (!map) return {};
  const named: FlatRow = {
    target: classes[map.target]!,
    map: map.file ?? null,
    low: map.range[0],
    high: map.range[1],
    entropy: map.entropy,
    border: map.border,
    centre_x: map.centre[0],
    centre_y: map.centre[1],
    peak_x: map.peak[0],
    peak_y: map.peak[1],
    half_mass_area: map.halfMassArea,
    empty: map.empty,
    flat: map.flat,
    ...Object.fromEntries(CORNERS.map((name, i) => [name, map.quadrants[i]!])),
    ...Object.fromEntries(CORNERS.map((name, i) => [`corner_${name}`, map.corners[i]!])),
    ...(map.inside
      ? {
          mass_inside: map.inside.mass,
          pointing: map.inside.pointing,
          iou: map.inside.iou,
          cut: map.inside.cut,
          mask_area: map.inside.area,
        }
      : {}),
    ...(map.covered
      ? {
          covered_before: map.covered.before,
          covered_hot: map.covered.hot,
          covered_cold: map.covered.cold,
          ...(map.covered.outside === undefined ? {} : { covered_outside: map.covered.outside }),
        }
      : {}),
  };
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [`${method}.${name}`, value]));
}

/** Kinds of value that a column holds, in the order the columns appear. */
export class Columns {
  readonly #kinds = new Map<string, Set<'string' | 'boolean' | 'whole' | 'number'>>();

  add(row: FlatRow): void {
    for (const [name, value] of Object.entries(row)) {
      let kinds = this.#kinds.get(name);
      if (!kinds) {
        kinds = new Set();
        this.#kinds.set(name, kinds);
      }
      if (typeof value === 'number')
        kinds.add(Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 'whole' : 'number');
      else if (value !== null) kinds.add(typeof value as 'string' | 'boolean');
    }
  }

  /** Names and Parquet types; a column of different kinds is text. Scores and statistics are floating point even where all are whole. */
  list(): { name: string; type: 'STRING' | 'BOOLEAN' | 'INT32' | 'DOUBLE'; nullable: true }[] {
    return [...this.#kinds].map(([name, kinds]) => {
      const [kind] = kinds;
      const numbers = [...kinds].every((one) => one === 'whole' || one === 'number');
      const measured = name === 'score' || name.startsWith('score:') || /^(probe|top\d|label)\./.test(name);
      const type =
        kinds.size === 1 && kind === 'boolean'
          ? 'BOOLEAN'
          : kinds.size > 0 && numbers
            ? kinds.size === 1 && kind === 'whole' && !measured && !MEASURED.test(name)
              ? 'INT32'
              : 'DOUBLE'
            : 'STRING';
      return { name, type, nullable: true as const };
    });
  }
}

/** Statistics and colours may be whole by chance. */
const MEASURED =
  /^(brightness|red|green|blue)$|\.(low|high|entropy|border|centre_[xy]|peak_[xy]|half_mass_area|(corner_)?(upper|lower)_(left|right)|mass_inside|iou|cut|mask_area|covered_\w+)$/;

/** A file that is written line by line and gets its name when it is whole. */
export class LineFile {
  readonly path: string;
  readonly #part: string;
  readonly #stream: ReturnType<typeof createWriteStream>;
  readonly #failed: Promise<never>;

  constructor(path: string) {
    this.path = path;
    this.#part = `${path}.${process.pid}.part`;
    this.#stream = createWriteStream(this.#part);
    this.#failed = once(this.#stream, 'error').then(([cause]) => {
      throw errors.outputFailed(path, systemCode(cause), cause);
    });
    this.#failed.catch(() => undefined);
  }

  async write(text: string | Uint8Array): Promise<void> {
    if (!this.#stream.write(text)) await this.#until('drain');
  }

  /** Waits for an event; what goes wrong meanwhile is told as the error of this file. */
  async #until(event: 'drain' | 'close'): Promise<void> {
    await Promise.race([once(this.#stream, event).catch(() => this.#failed), this.#failed]);
  }

  /** Ends the file; with `keep` false it is removed. */
  async end(keep = true): Promise<void> {
    try {
      this.#stream.end();
      if (!this.#stream.closed) await this.#until('close');
      if (keep) await rename(this.#part, this.path);
    } finally {
      await rm(this.#part, { force: true });
    }
  }
}

/** Rows that are held at once while Parquet is written. */
const ROW_GROUP = 2000;

/** `predictions.parquet` from `predictions.jsonl`, a group of rows at a time. */
export async function writeParquet(jsonl: string, path: string, columns: ReturnType<Columns['list']>): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  async function* rows() {
    for await (const line of linesOf(jsonl)) {
      const row = JSON.parse(line) as FlatRow;
      for (const { name, type } of columns) {
        const value = row[name] ?? null;
        row[name] = type === 'STRING' && value !== null && typeof value !== 'string' ? String(value) : value;
      }
      yield row;
    }
  }
  try {
    await parquetWriteRows({ writer: fileWriter(part), rows: rows(), columns, rowGroupSize: ROW_GROUP });
    await rename(part, path);
  } catch (cause) {
    throw errors.outputFailed(path, systemCode(cause), cause);
  } finally {
    await rm(part, { force: true });
  }
}
