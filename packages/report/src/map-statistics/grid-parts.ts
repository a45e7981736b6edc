import { GRID } from './map-grid.ts';

/** Cells of a grid: 16 × 16, row by row. */
export const CELLS = GRID * GRID;

/** Width of a side's quarter, and of the frame, in cells. */
const SIDE = GRID / 4;
const RING = GRID / 8;

/** Whether a cell lies in a part of the picture. */
type Inside = (cell: number) => boolean;

const x = (cell: number) => cell % GRID;
const y = (cell: number) => Math.floor(cell / GRID);

/** The quarter of the picture along each side. */
export const SIDES = {
  top: (cell) => y(cell) < SIDE,
  bottom: (cell) => y(cell) >= GRID - SIDE,
  left: (cell) => x(cell) < SIDE,
  right: (cell) => x(cell) >= GRID - SIDE,
} as const satisfies Readonly<Record<string, Inside>>;

/** An eighth of each side, all around. */
export const onFrame: Inside = (cell) => [x(cell), y(cell)].some((place) => place < RING || place >= GRID - RING);

/** Half of each side: what lies along no side. */
export const inMiddle: Inside = (cell) => !Object.values(SIDES).some((inside) => inside(cell));

/** The cells of a part, in reading order. */
export const cellsWhere = (inside: Inside): number[] => Array.from({ length: CELLS }, (_, cell) => cell).filter(inside);

/** A part as 256 values, 1 inside. */
export const cellMask = (inside: Inside): Uint8Array =>
  Uint8Array.from({ length: CELLS }, (_, cell) => (inside(cell) ? 1 : 0));
