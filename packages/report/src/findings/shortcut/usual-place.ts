import { CELLS, cellMask, inMiddle } from '../../map-statistics/grid-parts.ts';
import { mean, quantile } from '../statistics/quantile.ts';
import { rankSum } from '../statistics/rank-sum.ts';
import { byTarget, type Look } from './look.ts';
import { meanMass } from './where-hot.ts';

const MIDDLE = cellMask(inMiddle);

/** How far some maps lie from where the others of the method lie. */
export interface Away {
  /** Probability that one of the others overlaps more with the usual place than one of these: 0.5 where there is no difference. */
  readonly share: number;
  readonly p: number;
  /** Mean overlap of these over that of the others. */
  readonly overlap: number;
  /** Median share of the mass of these in the middle (half of each side). */
  readonly middle: number;
}

/**
 * The usual place is the mean map of the other decisions, each class counting the same; a map overlaps with it by Σ mass · usual. Maps of an
 * object that truly lies elsewhere in some pictures are away too: alone, this accuses nobody.
 */
export function awayFrom(looks: readonly Look[], others: readonly Look[]): Away {
  const means = [...byTarget(others).values()].map(meanMass);
  const usual = Float64Array.from({ length: CELLS }, (_, i) => mean(means.map((mass) => mass[i]!)));
  const overlapOf = ({ mass }: Look) => mass.reduce((sum, share, i) => sum + share * usual[i]!, 0);
  const [own, rest] = [looks.map(overlapOf), others.map(overlapOf)];
  return {
    ...rankSum(rest, own),
    overlap: mean(own) / mean(rest),
    middle: quantile(looks.map(({ mass }) => mass.reduce((sum, share, i) => sum + share * MIDDLE[i]!, 0))),
  };
}
