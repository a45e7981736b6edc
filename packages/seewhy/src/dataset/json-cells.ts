import { isBoxObject } from './cell-boxes.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** An object inside of an object inside of a row: deeper ones are a text. */
const DEEPEST = 4;

/**
 * The cells of a parsed row; undefined for what is neither an object nor a path. Objects in it are opened into columns with dots, as pandas'
 * `json_normalize` names them (`annotation.label`); a box, a mask in runs and lists side by side stay one cell.
 */
export function jsonCells(row: unknown): Map<string, unknown> | undefined {
  if (typeof row === 'string') return new Map([['path', row]]);
  if (!isObject(row)) return undefined;
  const cells = new Map<string, unknown>();
  open(row, '', 1, cells);
  return cells;
}

function open(object: JsonObject, before: string, depth: number, cells: Map<string, unknown>): void {
  for (const [key, value] of Object.entries(object)) {
    // A key with a dot of its own may be there too: the row's own one stays.
    const name = `${before}${key}`;
    if (isObject(value) && depth < DEEPEST && !isOneCell(value)) open(value, `${name}.`, depth + 1, cells);
    else if (before === '' || !cells.has(name)) cells.set(name, value);
  }
}

const isObject = (value: unknown): value is JsonObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** `{ x, y, width, height }`, `{ size, counts }`, `{ bbox: […], category: […] }`, and what is empty. */
const isOneCell = (object: JsonObject): boolean =>
  isBoxObject(object) || 'counts' in object || Object.values(object).every((value) => Array.isArray(value));
