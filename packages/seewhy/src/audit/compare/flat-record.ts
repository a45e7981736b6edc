import type { AuditRecord, AuditRun, MapRecord } from '@seewhy/report';
import type { FlatRow } from '../predictions.ts';

/** Columns of `predictions.jsonl` that are not the data set's. */
const OWN = new Set([
  ...['id', 'path', 'label', 'predicted', 'score', 'correct', 'cell', 'group', 'split', 'width', 'height', 'sha256'],
  ...['fingerprint', 'brightness', 'red', 'green', 'blue', 'masked', 'label.score'],
  ...[1, 2, 3, 4, 5].flatMap((rank) => [`top${rank}`, `top${rank}.score`]),
]);

/** What the rows of one run have in common. */
export interface FlatTable {
  readonly run: AuditRun;
  /** Class index by name. */
  readonly classes: ReadonlyMap<string, number>;
}

/** A row that is not what an audit writes: in words, without its place. */
export class FlatRowError extends Error {}

const fail = (column: string, what: string): never => {
  throw new FlatRowError(`column '${column.slice(0, 60)}' ${what}`);
};

/**
 * The record of a row of `predictions.jsonl`: what `flatRow` makes of a record, turned back. Small pictures of the maps (`grid`, `patch`) and
 * notes are not in the tables and come back empty.
 * @throws FlatRowError
 */
export function recordOfRow(row: FlatRow, { run, classes }: FlatTable): AuditRecord {
  const text = (column: string): string => {
    const value = row[column];
    return typeof value === 'string' ? value : fail(column, 'is no text');
  };
  const optional = (column: string): string | undefined =>
    row[column] === null || row[column] === undefined ? undefined : text(column);
  const number = (column: string, otherwise = Number.NaN): number => {
    const value = row[column];
    if (value === null || value === undefined) return otherwise;
    return typeof value === 'number' ? value : fail(column, 'is no number');
  };
  const label = optional('label');
  const group = optional('group');
  const split = optional('split');
  const maps: Record<string, MapRecord> = {};
  for (const { name } of run.methods) {
    const map = mapOfRow(row, name, classes, { number, optional });
    if (map) maps[name] = map;
  }
  return {
    id: text('id'),
    path: optional('path') ?? '',
    ...(label === undefined ? {} : { label: classesOf(label, classes) }),
    scores: scoresOf(row, run, classes, number),
    ...(group === undefined ? {} : { group }),
    ...(split === undefined ? {} : { split }),
    columns: columnsOf(row, run),
    width: number('width', 0),
    height: number('height', 0),
    sha256: optional('sha256') ?? '',
    fingerprint: optional('fingerprint') ?? '',
    colour: [number('brightness', 0), number('red', 0), number('green', 0), number('blue', 0)],
    masked: row.masked === true,
    ...(Object.keys(maps).length > 0 ? { maps } : {}),
  };
}

/** A label of more parts is none. */
const MOST_PARTS = 10_000;
/** Parts that one class name is made of at most. */
const LONGEST_NAME = 16;

/** `cat|dog` as class indexes; a class name may hold the sign itself. An empty text is a label that says: none of the classes. */
function classesOf(text: string, classes: ReadonlyMap<string, number>): number[] {
  if (text === '' && !classes.has('')) return [];
  const parts = text.split('|');
  if (parts.length > MOST_PARTS) fail('label', 'is too long');
  // From the end: how long a name at each part may be so that what follows it is made of names, too.
  const length = new Uint8Array(parts.length);
  for (let from = parts.length - 1; from >= 0; from--)
    for (let n = Math.min(LONGEST_NAME, parts.length - from); n > 0 && length[from] === 0; n--) {
      const ends = from + n === parts.length || length[from + n]! > 0;
      if (ends && classes.has(parts.slice(from, from + n).join('|'))) length[from] = n;
    }
  if (length[0] === 0) fail('label', `names a class that the run does not have (${classes.size} classes)`);
  const found: number[] = [];
  for (let from = 0; from < parts.length; from += length[from]!)
    found.push(classes.get(parts.slice(from, from + length[from]!).join('|'))!);
  return found.sort((a, b) => a - b);
}

function scoresOf(
  row: FlatRow,
  run: AuditRun,
  classes: ReadonlyMap<string, number>,
  number: (column: string) => number,
): [number, number][] {
  const found = new Map<number, number>();
  const add = (index: number, column: string) => {
    const score = number(column);
    if (!Number.isNaN(score) && !(score >= 0 && score <= 1)) fail(column, `is no probability (${score})`);
    if (!Number.isNaN(score)) found.set(index, score);
  };
  run.classes.forEach((name, index) => {
    if (Object.hasOwn(row, `score:${name}`)) add(index, `score:${name}`);
  });
  for (let rank = 1; rank <= 5; rank++) {
    const name = row[`top${rank}`];
    if (typeof name !== 'string' || !Object.hasOwn(row, `top${rank}.score`)) continue;
    add(classes.get(name) ?? fail(`top${rank}`, 'names no class of the run'), `top${rank}.score`);
  }
  if (typeof row.label === 'string' && typeof row['label.score'] === 'number') {
    const index = classes.get(row.label);
    if (index !== undefined) add(index, 'label.score');
  }
  return [...found].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}

function columnsOf(row: FlatRow, run: AuditRun): Record<string, string | number | boolean> {
  const scores = new Set(run.classes.map((name) => `score:${name}`));
  const methods = run.methods.map(({ name }) => `${name}.`);
  const columns: [string, string | number | boolean][] = [];
  for (const [name, value] of Object.entries(row)) {
    if (value === null || OWN.has(name) || scores.has(name) || name.startsWith('probe.')) continue;
    if (methods.some((method) => name.startsWith(method))) continue;
    columns.push([name.startsWith('column.') ? name.slice('column.'.length) : name, value]);
  }
  return Object.fromEntries(columns);
}

const CORNERS = ['upper_left', 'upper_right', 'lower_left', 'lower_right'] as const;
type Four = readonly [number, number, number, number];

function mapOfRow(
  row: FlatRow,
  method: string,
  classes: ReadonlyMap<string, number>,
  read: { number: (column: string, otherwise?: number) => number; optional: (column: string) => string | undefined },
): MapRecord | undefined {
  const target = read.optional(`${method}.target`);
  if (target === undefined) return undefined;
  const number = (name: string, otherwise = 0) => read.number(`${method}.${name}`, otherwise);
  const file = read.optional(`${method}.map`);
  const mass = number('mass_inside', Number.NaN);
  return {
    target: classes.get(target) ?? fail(`${method}.target`, 'names no class of the run'),
    ...(file === undefined ? {} : { file }),
    range: [number('low', Number.NaN), number('high', Number.NaN)],
    entropy: number('entropy'),
    quadrants: CORNERS.map((name) => number(name)) as unknown as Four,
    border: number('border'),
    corners: CORNERS.map((name) => number(`corner_${name}`)) as unknown as Four,
    centre: [number('centre_x'), number('centre_y')],
    peak: [number('peak_x'), number('peak_y')],
    halfMassArea: number('half_mass_area'),
    empty: row[`${method}.empty`] === true,
    flat: row[`${method}.flat`] === true,
    warnings: [],
    ...(Number.isNaN(mass)
      ? {}
      : {
          inside: {
            mass,
            pointing: row[`${method}.pointing`] === true,
            iou: number('iou'),
            cut: number('cut'),
            area: number('mask_area'),
          },
        }),
    grid: '',
    patch: '',
  };
}
