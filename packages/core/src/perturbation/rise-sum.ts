import { errors } from '../errors.ts';
import { addTo } from '../sampling/halves.ts';
import type { RiseSums } from './rise.ts';

/** Sums over whole masks, in float64. */
export class RiseSum implements RiseSums {
  count = 0;
  scores = 0;
  readonly scored: Float64Array;
  readonly masks: Float64Array;

  /** @param size values of a mask */
  constructor(size: number) {
    this.scored = new Float64Array(size);
    this.masks = new Float64Array(size);
  }

  /** @param score of the picture under the mask */
  add(mask: ArrayLike<number>, score: number): void {
    if (mask.length !== this.masks.length) throw errors.lengthInvalid('A RISE mask', mask.length, this.masks.length);
    addTo(this.scored, mask, score);
    addTo(this.masks, mask);
    this.count++;
    this.scores += score;
  }
}
