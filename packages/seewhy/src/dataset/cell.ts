/** A cell as text; undefined where it is empty. */
export function cellText(cell: unknown): string | undefined {
  if (cell === null || cell === undefined) return undefined;
  if (typeof cell === 'string') return cell.trim() === '' ? undefined : cell.trim();
  if (typeof cell === 'number') return Number.isNaN(cell) ? undefined : String(cell);
  if (typeof cell === 'bigint' || typeof cell === 'boolean') return String(cell);
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? undefined : cell.toISOString();
  return JSON.stringify(cell, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}

/** Plain decimal numbers. `007` is a name, and so is what a number cannot hold exactly. */
const NUMBER = /^-?(?:0|[1-9]\d{0,15})(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i;

/** A cell as a filter takes it: numbers and booleans as such, the rest as text; undefined where it is empty. */
export function cellValue(cell: unknown): string | number | boolean | undefined {
  if (typeof cell === 'boolean') return cell;
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : cellText(cell);
  if (typeof cell === 'bigint') return Number.isSafeInteger(Number(cell)) ? Number(cell) : String(cell);
  const text = cellText(cell);
  if (text === undefined || typeof cell !== 'string') return text;
  if (NUMBER.test(text)) {
    const value = Number(text);
    if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) return value;
  }
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  return text;
}

/** A number as it is written where a comma begins its fraction, `1.234,5`, with a point instead; any other cell as it is. */
export const withDecimalPoint = (cell: unknown): unknown =>
  typeof cell === 'string' && /^\s*-?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+\s*$/.test(cell)
    ? cell.trim().replaceAll('.', '').replace(',', '.')
    : cell;

/**
 * The labels of a cell: one, or several as `a|b`, `a;b`, a JSON list, or a list as Python prints it. An empty list (`[]`) is a label of
 * no class; an empty cell is none.
 */
export function cellLabels(cell: unknown): string[] | undefined {
  if (Array.isArray(cell)) return distinct(cell.map(cellText).filter((name) => name !== undefined));
  const text = cellText(cell);
  if (text === undefined) return undefined;
  // Whole numbers that pandas turned into floats, since a cell of the column was empty.
  if (/^\d+\.0$/.test(text)) return [text.slice(0, -2)];
  if (text.startsWith('[') && text.endsWith(']')) {
    const parsed = listOf(text);
    if (parsed) return distinct(parsed);
  }
  return distinct(
    text
      .split(/[|;]/)
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );
}

const distinct = (names: readonly string[]): string[] => [...new Set(names)];

function listOf(text: string): string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed)) return parsed.map(cellText).filter((name) => name !== undefined);
  } catch {
    // As Python prints it: single quotes.
    const quoted = [...text.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)];
    if (quoted.length > 0) return quoted.map(([, single, double]) => (single ?? double ?? '').replace(/\\(.)/g, '$1'));
  }
  return undefined;
}

/** A cell of a column that stands for one class: true, false, or undefined where it is empty. */
export function cellFlag(cell: unknown): boolean | undefined {
  const value = cellValue(cell);
  if (value === undefined || typeof value === 'boolean') return value;
  if (typeof value === 'number') return value >= 0.5;
  return /^(y|yes|t|x|positive|present)$/i.test(value);
}
