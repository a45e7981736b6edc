import { cellText } from './cell.ts';
import { cellBoxes } from './cell-boxes.ts';
import type { MaskRegion } from './contract.ts';

/** What the classes of objects are called in the data sets people share, the clearest first. */
export const CATEGORY_KEYS = 'category categories category_id category_ids label labels class classes class_id'.split(
  ' ',
);

/** The objects of a picture: their boxes, and the names of their classes where they say any. */
export interface CellObjects {
  readonly labels?: readonly string[];
  readonly regions: readonly MaskRegion[];
}

/**
 * A cell with the objects of a picture, as Hugging Face's `datasets` has them: lists of the same length, `{ bbox: [[x, y, width, height]], categories: [0] }`,
 * or a list of `{ bbox, category }`; also as JSON text.
 * @param names of the classes by number, where the table carries them
 * @returns undefined for what is neither
 * @throws SeewhyError `MASK_INVALID`
 */
export function cellObjects(cell: unknown, where: string, names?: readonly string[]): CellObjects | undefined {
  const value = typeof cell === 'string' ? jsonOf(cell) : cell;
  const single = Array.isArray(value) ? value : undefined;
  const columns = single ? undefined : recordOf(value);
  if (single === undefined && columns === undefined) return undefined;
  const key = CATEGORY_KEYS.find((name) => (single ?? [columns]).some((one) => recordOf(one)?.[name] != null));
  const categories =
    key === undefined ? [] : single ? single.map((one) => recordOf(one)?.[key]) : listOf(columns![key]);
  const labels = categories.map((category) => {
    const text = cellText(category);
    return text !== undefined && /^\d+$/.test(text) ? (names?.[Number(text)] ?? text) : text;
  });
  const boxes = single
    ? single.map((one) => recordOf(one)?.bbox ?? recordOf(one)?.box)
    : (columns!.bbox ?? columns!.box);
  const regions = boxes === undefined || boxes === null ? [] : cellBoxes(single ? present(boxes) : boxes, where);
  // Where one of them lacks a box, which is whose cannot be told from the list.
  const fits = regions.length === labels.length;
  return {
    regions: regions.map((region, at) =>
      fits && labels[at] !== undefined ? { ...region, label: labels[at] } : region,
    ),
    // No objects at all: a picture of no class, where others have any.
    ...(key === undefined && !(single?.length === 0)
      ? {}
      : { labels: [...new Set(labels.filter((label) => label !== undefined))] }),
  };
}

const recordOf = (value: unknown): Record<string, unknown> | undefined =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

const present = (boxes: unknown): readonly unknown[] =>
  listOf(boxes).filter((box) => box !== undefined && box !== null);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
