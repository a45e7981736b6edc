import { cellText, cellValue } from './cell.ts';
import type { MaskRegion } from './contract.ts';
import { datasetErrors } from './dataset-errors.ts';

/**
 * The boxes of a cell: `[x, y, width, height]` in pixels (COCO's way), several of them in a list, numbers separated by blanks, commas or
 * semicolons, or objects with `x y width height` or `xmin ymin xmax ymax`.
 * @param corners four numbers are two corners instead
 * @throws SeewhyError `MASK_INVALID`
 */
export function cellBoxes(cell: unknown, where: string, corners = false): MaskRegion[] {
  const text = cellText(cell);
  if (text === undefined) return [];
  let value: unknown = cell;
  if (typeof cell === 'string') {
    try {
      value = JSON.parse(text.replaceAll('(', '[').replaceAll(')', ']'));
    } catch {
      value = text.split(/[\s,;]+/).map(Number);
    }
  }
  if (!Array.isArray(value)) value = [value];
  const list = value as unknown[];
  const flat = list.length > 0 && list.every((item) => cellNumber(item) !== undefined);
  if (flat && list.length % 4 !== 0)
    throw datasetErrors.maskInvalid(where, `a box has four numbers, '${text.slice(0, 80)}' has ${list.length}`);
  const items = flat ? Array.from({ length: list.length / 4 }, (_, i) => list.slice(i * 4, i * 4 + 4)) : list;
  return items.map((item) => ({ box: boxOf(item, where, corners) }));
}

/** A number that is one, written as such or as text. */
export function cellNumber(cell: unknown): number | undefined {
  const value = typeof cell === 'string' ? cellValue(cell.trim()) : cellValue(cell);
  return typeof value === 'number' ? value : undefined;
}

type Box = readonly [number, number, number, number];

function numbers(values: readonly unknown[]): Box | undefined {
  const found = values.map(cellNumber);
  return found.length === 4 && found.every((value) => value !== undefined) ? (found as unknown as Box) : undefined;
}

type BoxRecord = Readonly<Record<string, unknown>>;

const sizedBox = (record: BoxRecord) =>
  numbers([record.x ?? record.left, record.y ?? record.top, record.width ?? record.w, record.height ?? record.h]);

const corneredBox = (record: BoxRecord) =>
  numbers([record.xmin ?? record.x1, record.ymin ?? record.y1, record.xmax ?? record.x2, record.ymax ?? record.y2]);

/** Whether an object is a box, by its keys. */
export const isBoxObject = (record: BoxRecord): boolean => (sizedBox(record) ?? corneredBox(record)) !== undefined;

function boxOf(item: unknown, where: string, corners: boolean): Box {
  const fail = () => datasetErrors.maskInvalid(where, `'${cellText(item)?.slice(0, 80) ?? ''}' is no box`);
  if (Array.isArray(item)) {
    const four = numbers(item);
    if (!four) throw fail();
    return boxFrom(four, corners, where);
  }
  if (item === null || typeof item !== 'object') throw fail();
  const record = item as Record<string, unknown>;
  const sized = sizedBox(record);
  if (sized) return boxFrom(sized, false, where);
  const cornered = corneredBox(record);
  if (cornered) return boxFrom(cornered, true, where);
  throw fail();
}

/** `x y width height` of a box that is written so, or as two corners. @throws SeewhyError `MASK_INVALID` */
export function boxFrom([a, b, c, d]: Box, corners: boolean, where: string): Box {
  const box: Box = corners ? [a, b, c - a, d - b] : [a, b, c, d];
  if (box[2] < 0 || box[3] < 0) throw datasetErrors.maskInvalid(where, `a box is ${box[2]} wide and ${box[3]} high`);
  return box;
}
