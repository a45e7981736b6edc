import { counted, percent, pText } from '../context.ts';
import { mean, quantile } from '../statistics/quantile.ts';
import { hypergeometricTail } from '../statistics/tails.ts';
import { fell, type Look, lost } from './look.ts';
import { GRAIN, ZONES } from './overall-look.ts';
import { correlationOf, tail } from './rising.ts';
import type { Suspect } from './suspect.ts';

/** Rank correlation of score and trait in what proves the cause: how large, and one-sided p at most. */
const CAUSE = { least: 0.15, p: 0.05 };
/** Decisions for other classes that fall when smoothed, and those for the class, of that. */
const LEAST_FALLING = 0.3;
const MOST_FALLING = 1 / 3;

type Cells = readonly number[];
const ALL: Cells = ZONES.flat();

/** Mean of R, G and B. */
const lightOf = (thumb: Uint8Array, cells: Cells): number =>
  mean(cells.map((cell) => (thumb[4 * cell]! + thumb[4 * cell + 1]! + thumb[4 * cell + 2]!) / 3));

/** What a whole picture has more or less of; natural logarithms, so that a light that is halved is as much everywhere. */
interface Trait {
  readonly by: Suspect['by'];
  readonly of: (thumb: Uint8Array, cells: Cells) => number;
  /** The same where the picture has little of it and where it has much: an object that fills more of a black picture makes it lighter, its ground stays. */
  readonly parts: (thumb: Uint8Array) => readonly number[];
  /** What a class has that has more of it, and less. */
  readonly more: Side;
  readonly less: Side;
}

interface Side {
  readonly what: string;
  /** To follow "are". */
  readonly told: string;
  readonly proof: (decisions: readonly Decision[], others: readonly Look[]) => Proof;
}

/** A decision for the class; `shown`: how much of the trait, in the direction in which the class has it. */
export interface Decision {
  readonly look: Look;
  readonly shown: number;
}

interface Proof {
  readonly holds: boolean;
  readonly accused: readonly Look[];
  readonly sentence: string;
}

export const TRAITS: readonly Trait[] = [
  {
    by: 'light',
    of: (thumb, cells) => Math.log(8 + lightOf(thumb, cells)),
    parts: (thumb) => {
      const lights = ALL.map((cell) => lightOf(thumb, [cell]));
      return [0.05, 0.75].map((share) => Math.log(8 + quantile(lights, share)));
    },
    more: { what: 'how light the whole picture is', told: 'lighter', proof: colourAlone },
    less: { what: 'how dark the whole picture is', told: 'darker', proof: colourAlone },
  },
  {
    by: 'grain',
    // A picture that is half as light is drawn half as strongly.
    of: (thumb, cells) => Math.log((4 + GRAIN.of(thumb, cells)![0]!) / (8 + lightOf(thumb, cells))),
    parts: () => [],
    more: {
      what: 'fine drawing all over the picture (noise, sharpness, traces of compression)',
      told: 'more finely drawn',
      proof: smoothedAway,
    },
    less: {
      what: 'how little fine drawing the whole picture has (a blur, an enlarged small picture)',
      told: 'less sharp',
      proof: smoothedInto,
    },
  },
];

/** The trait decides where there is nothing else: the mean colour of a picture holds its light and no more. */
function colourAlone(decisions: readonly Decision[]): Proof {
  const blank = decisions.flatMap(({ look, shown }) => {
    const { probes } = look.record;
    return probes!.blank === undefined ? [] : [{ look, shown, odds: lost(probes!.blank, 0.5) }];
  });
  const { rho, z } = correlationOf([blank]);
  // Decisions come with most of it first.
  const least = blank.slice(blank.length - Math.floor(blank.length / 3)).map(({ odds }) => odds);
  const enough = least.length > 0 ? Math.min(0, quantile(least) + 1) : 0;
  const accused = blank.filter(({ odds }) => odds > enough).map(({ look }) => look);
  const kept = `${counted(accused.length, 'decision')} of ${decisions.length} ${enough < 0 ? 'keep 2.7 times the odds of those with least of it, or more' : 'stand'}`;
  return {
    holds: rho >= CAUSE.least && tail(z) <= CAUSE.p,
    accused,
    sentence: `With nothing left of the picture but its mean colour the odds of the class still rise with it (rank correlation ${rho.toFixed(2)}, ${pText(tail(z))}), and ${kept}.`,
  };
}

/** The more there was of it, the more goes when it is smoothed away. */
function smoothedAway(decisions: readonly Decision[]): Proof {
  const smoothed = decisions.flatMap(({ look, shown }) => {
    const { before, smooth } = look.record.probes!;
    return smooth === undefined ? [] : [{ look, shown, odds: lost(before, smooth), falls: fell(before, smooth) }];
  });
  const { rho, z } = correlationOf([smoothed]);
  const accused = smoothed.filter(({ falls }) => falls).map(({ look }) => look);
  return {
    holds: rho >= CAUSE.least && tail(z) <= CAUSE.p,
    accused,
    sentence: `With the finest drawing smoothed away, the decisions of pictures that have much of it lose most (rank correlation ${rho.toFixed(2)}, ${pText(tail(z))}), and ${counted(accused.length, 'decision')} of ${decisions.length} fall.`,
  };
}

/** Smoothing makes other classes' decisions fall, and not those for the class. */
function smoothedInto(decisions: readonly Decision[], others: readonly Look[]): Proof {
  const falls = ({ record: { probes } }: Look) => probes !== undefined && fell(probes.before, probes.smooth);
  const own = decisions.filter(({ look }) => falls(look)).length / decisions.length;
  const fallen = others.filter(falls).length;
  const share = others.length > 0 ? fallen / others.length : 0;
  const all = decisions.length + others.length;
  const p = hypergeometricTail(fallen, others.length, fallen + Math.round(own * decisions.length), all);
  return {
    holds: share >= LEAST_FALLING && own <= MOST_FALLING * share && p < 0.01,
    accused: decisions.filter(({ look }) => !falls(look)).map(({ look }) => look),
    sentence: `Smoothing away the finest drawing makes ${percent(share)} of the decisions for other classes fall, and ${percent(own)} of those for this one (Fisher's exact test, ${pText(p)}).`,
  };
}
