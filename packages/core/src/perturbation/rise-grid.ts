import { errors } from '../errors.ts';
import { checkSize } from '../picture/picture.ts';
import { mirrorWeights, type Weights } from '../picture/weights.ts';

export interface RiseOptions {
  readonly height: number;
  readonly width: number;
  /** Cells of the grid s, down and across. Default 7. */
  readonly grid?: number;
  /** Probability that a cell is kept, above 0 and below 1. Default 0.5. */
  readonly keep?: number;
}

/** Height and width of a cell of the grid in pixels: the number of possible shifts. */
export function riseCell({ height, width, grid = 7 }: RiseOptions): [height: number, width: number] {
  checkSize(width, height);
  if (!(Number.isInteger(grid) && grid >= 1)) throw errors.numberInvalid('grid', grid, 'a whole number of at least 1');
  return [Math.ceil(height / grid), Math.ceil(width / grid)];
}

/**
 * Enlarges the cells of RISE masks for one size of picture: s × s cells to (s + 1) cells of ⌈H/s⌉ × ⌈W/s⌉ pixels (bilinear, half-pixel
 * centres, mirrored at the edge), across first, of which the shift cuts a window. Both steps are linear, so that sums of masks may be
 * enlarged in place of masks.
 */
export class RiseGrid {
  readonly height: number;
  readonly width: number;
  readonly grid: number;
  /** Number of possible shifts, down and across. */
  readonly shifts: readonly [down: number, across: number];
  /** Two taps a row and a column of all that is enlarged, before the window is cut. */
  readonly rows: Weights;
  readonly columns: Weights;

  /** @throws SeewhyError `SIZE_INVALID`, `NUMBER_INVALID` */
  constructor({ height, width, grid = 7 }: RiseOptions) {
    const [down, across] = riseCell({ height, width, grid });
    this.height = height;
    this.width = width;
    this.grid = grid;
    this.shifts = [down, across];
    this.rows = mirrorWeights(grid, (grid + 1) * down);
    this.columns = mirrorWeights(grid, (grid + 1) * across);
  }

  /**
   * Cells enlarged across, `[s, W]`.
   * @param cells `s × s` values, row by row
   * @param across pixels cut off at the left
   */
  wide(cells: ArrayLike<number>, across: number): Float64Array {
    const { width, grid, columns } = this;
    const wide = new Float64Array(grid * width);
    for (let x = 0; x < width; x++) {
      const at = x + across;
      const start = columns.start[at]!;
      const left = columns.values[at * 2]!;
      const right = columns.values[at * 2 + 1]!;
      for (let row = 0; row < grid; row++) {
        const from = row * grid + start;
        // With one cell there is no right neighbour, and its weight is 0.
        wide[row * width + x] = left * cells[from]! + (right === 0 ? 0 : right * cells[from + 1]!);
      }
    }
    return wide;
  }

  /**
   * Adds `[s, W]` enlarged down to `[H, W]`.
   * @param down pixels cut off at the top
   */
  addTall(wide: Float64Array, down: number, to: Float32Array | Float64Array): void {
    const { height, width, rows } = this;
    for (let y = 0; y < height; y++) {
      const at = y + down;
      const upper = rows.values[at * 2]!;
      const lower = rows.values[at * 2 + 1]!;
      const from = rows.start[at]! * width;
      const below = lower === 0 ? from : from + width;
      const line = y * width;
      for (let x = 0; x < width; x++) to[line + x]! += upper * wide[from + x]! + lower * wide[below + x]!;
    }
  }
}
