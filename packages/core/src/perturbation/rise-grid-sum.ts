import { addTo } from '../sampling/halves.ts';
import type { RiseSums } from './rise.ts';
import type { RiseGrid } from './rise-grid.ts';

/**
 * Sums over masks that are known by their cells and shifts, in float64. Masks of one shift down are added up before they are enlarged down:
 * a mask costs s rows, not a picture, and what is kept is about the size of one.
 */
export class RiseGridSum implements RiseSums {
  count = 0;
  scores = 0;
  private readonly grid: RiseGrid;
  /** By shift down, `[s, W]` each: Σ y · M and Σ M before they are enlarged down. */
  private readonly wide = new Map<number, { readonly scored: Float64Array; readonly masks: Float64Array }>();
  /** What has been enlarged since the last mask. */
  private readonly made = new Map<'scored' | 'masks', Float64Array>();

  constructor(grid: RiseGrid) {
    this.grid = grid;
  }

  /** @param score of the picture under the mask */
  add(cells: ArrayLike<number>, [down, across]: readonly [down: number, across: number], score: number): void {
    const row = this.grid.wide(cells, across);
    const known = this.wide.get(down);
    if (known) {
      addTo(known.scored, row, score);
      addTo(known.masks, row);
    } else this.wide.set(down, { scored: row.map((value) => score * value), masks: row });
    this.made.clear();
    this.count++;
    this.scores += score;
  }

  /** Made when asked for. */
  get scored(): Float64Array {
    return this.enlarged('scored');
  }

  /** Made when asked for. */
  get masks(): Float64Array {
    return this.enlarged('masks');
  }

  private enlarged(what: 'scored' | 'masks'): Float64Array {
    const { grid } = this;
    const made = this.made.get(what);
    if (made) return made;
    const sum = new Float64Array(grid.height * grid.width);
    for (const [down, wide] of this.wide) grid.addTall(wide[what], down, sum);
    this.made.set(what, sum);
    return sum;
  }
}
