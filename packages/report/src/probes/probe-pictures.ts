import type { Picture } from '@seewhy/core';
import type { AuditRecord, MapRecord } from '../audit-record.ts';
import { boxAverage } from '../map-statistics/box-average.ts';
import { CELLS, cellMask, onFrame, SIDES } from '../map-statistics/grid-parts.ts';
import type { Mask } from '../map-statistics/inside-mask.ts';
import { decodeGrid, GRID } from '../map-statistics/map-grid.ts';
import { coverCells } from './cover-cells.ts';
import { coldCells, hotCells } from './hot-cells.ts';
import { neutralPicture } from './neutral-picture.ts';
import { smoothPicture } from './smooth-picture.ts';

const FRAME_CELLS = cellMask(onFrame);

/** What lies along a side, a ruler or a stamp, is covered whole. */
const SIDE_CELLS = Object.entries(SIDES).map(([name, inside]) => ({
  name: name as keyof typeof SIDES,
  cells: cellMask(inside),
}));

const ALL_CELLS = new Uint8Array(CELLS).fill(1);

type Changed<Name extends string> = Partial<Record<Name, Picture>>;

/**
 * The pictures behind {@link AuditRecord.probes}: the same for every method, a run of the model each. What cannot be made is absent:
 * `neutral` of a picture without colour, `object` and `surroundings` without a mask or where one of the two is the whole picture.
 * @param picture what the model saw (`preprocessPicture(…).input`)
 * @param mask of the same part of the picture, in any resolution
 */
export function probePictures(
  picture: Picture,
  mask?: Mask,
): Changed<Exclude<keyof NonNullable<AuditRecord['probes']>, 'target' | 'before'>> {
  const neutral = neutralPicture(picture);
  const object = mask && objectCells(mask);
  return {
    frame: coverCells(picture, FRAME_CELLS),
    centre: coverCells(picture, inverse(FRAME_CELLS)),
    ...Object.fromEntries(SIDE_CELLS.map(({ name, cells }) => [name, coverCells(picture, cells)])),
    blank: coverCells(picture, ALL_CELLS),
    smooth: smoothPicture(picture),
    ...(neutral && { neutral }),
    ...(object && {
      object: coverCells(picture, object),
      surroundings: coverCells(picture, inverse(object), pixelsOf(mask, picture)),
    }),
  };
}

/**
 * The pictures behind {@link MapRecord.covered}: two or three runs of the model a map. Undefined for an empty map.
 * @param picture what the model saw
 * @param grid the map's {@link MapRecord.grid}
 */
export function coveredPictures(
  picture: Picture,
  grid: string,
  mask?: Mask,
): Changed<Exclude<keyof NonNullable<MapRecord['covered']>, 'before'>> | undefined {
  const cells = decodeGrid(grid);
  const hot = hotCells(cells);
  if (!hot) return undefined;
  const object = mask && objectCells(mask);
  const outside = object && hot.map((value, i) => (object[i] ? 0 : value));
  const pixels = mask && pixelsOf(mask, picture);
  return {
    hot: coverCells(picture, hot),
    cold: coverCells(picture, coldCells(cells, outside?.some(Boolean) ? outside : hot, object), pixels),
    ...(outside?.some(Boolean) && { outside: coverCells(picture, outside, pixels) }),
  };
}

/** Cells that the mask touches; undefined where that is none or all. */
function objectCells(mask: Mask): Uint8Array | undefined {
  const shares = boxAverage(
    mask.data.map((value) => (value === 0 ? 0 : 1)),
    mask.width,
    mask.height,
    GRID,
    GRID,
  );
  const cells = Uint8Array.from(shares, (share) => (share > 0 ? 1 : 0));
  return cells.includes(0) && cells.includes(1) ? cells : undefined;
}

/** The mask in the picture's pixels (nearest). */
function pixelsOf(mask: Mask, { width, height }: Picture): Uint8Array {
  const pixels = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * mask.height) / height) * mask.width;
    for (let x = 0; x < width; x++) pixels[at++] = mask.data[row + Math.floor(((x + 0.5) * mask.width) / width)]!;
  }
  return pixels;
}

const inverse = (cells: Uint8Array) => cells.map((value) => 1 - value);
