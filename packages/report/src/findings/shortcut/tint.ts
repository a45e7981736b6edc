import type { AuditRecord } from '../../audit-record.ts';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { type Context, counted } from '../context.ts';
import { hypergeometricTail } from '../statistics/tails.ts';
import { associationOf, told } from './association.ts';
import { fell, type Look } from './look.ts';
import { GRAIN, type Measure, overallLook, TINT } from './overall-look.ts';
import type { Suspect, Test } from './suspect.ts';

const LEAST = 8;
/** One-sided p of higher scores with the look than without, among pictures of one label. */
const RISES = 0.05;
const NEARLY_ALL = 0.8;

/** What can be taken out of a whole picture, and what it leaves behind. */
const CHANGES: readonly {
  readonly by: Suspect['by'];
  readonly probe: 'neutral' | 'smooth';
  readonly measure: Measure;
  readonly what: string;
  readonly name: string;
}[] = [
  { by: 'tint', probe: 'neutral', measure: TINT, what: 'the colour cast of the whole picture', name: 'colour cast' },
  {
    by: 'grain',
    probe: 'smooth',
    measure: GRAIN,
    what: 'fine drawing all over the picture (noise, letters, traces of compression)',
    name: 'finest drawing',
  },
];

/**
 * What lies over the whole picture alike and decides for a class: a colour cast (a camera, a light, a filter), a grain, a pattern. No map shows it, since it is
 * everywhere.
 *
 * 1. Taking it out makes the decision fall in at least 30 % of the class's pictures and 8 of them. Test: Fisher's exact, against the other
 *    classes' pictures (where nothing can be taken out they count as standing).
 * 2. These pictures have the same tint or grain, on the frame as in the rest, unlike the other classes' ({@link overallLook}).
 * 3. Among the pictures of some label those that look so score higher for the class (rank-sum test, p < 0.05 times the labels tried), where there are enough of
 *    either kind to tell (not where four of five of the class look so and hardly any others).
 */
export function tinted(context: Context, target: number, looks: readonly Look[], all: readonly Look[]): Test[] {
  const others = all.filter((look) => look.target !== target);
  if (looks.length < LEAST || others.length < LEAST) return [];
  return CHANGES.map(({ by, probe, measure, what, name }): Test => {
    const falls = ({ record: { probes } }: Look) => probes !== undefined && fell(probes.before, probes[probe]);
    const guilty = looks.filter(falls);
    const fallen = others.filter(falls);
    const p = hypergeometricTail(guilty.length, looks.length, guilty.length + fallen.length, all.length);
    if (guilty.length < LEAST || guilty.length < 0.3 * looks.length) return { p };
    const look = overallLook(measure, guilty, others);
    if (!look) return { p };
    const association = associationOf(context, target, ({ thumb }: AuditRecord) =>
      thumb === undefined ? undefined : look.present(decodeGrid(thumb)),
    );
    // A grey world, or a smooth one, may be foreign to a model that cares for no colour: then the score does not rise with it.
    const { scored, labelled } = association;
    // Where nearly all of the class look so, the few that do not are what the look's reach leaves out of them.
    const tells = scored && !(scored.label === target && (labelled?.own ?? 0) > NEARLY_ALL);
    if (tells && scored.p >= RISES) return { p };
    const { sentences, figures } = told(context, association, 'it');
    const more = (figures.scoreWith ?? 0) - (figures.scoreWithout ?? 0) >= 0.15 && association.scored!.p < 0.01;
    return {
      p,
      suspect: {
        by,
        target,
        looks: guilty,
        of: looks.length,
        strong: more || look.zones === 2,
        what,
        evidence: [
          `With the ${name} taken out, ${counted(guilty.length, 'decision')} of ${looks.length} for the class fall, ${fallen.length} of ${others.length} for others; these pictures are alike in it over ${look.zones === 2 ? 'frame and middle' : 'all that is not black'}, and unlike the others.`,
          ...sentences,
        ],
        figures: {
          n: looks.length,
          decidedByIt: guilty.length,
          share: guilty.length / looks.length,
          othersFalling: fallen.length,
          ...figures,
        },
      },
    };
  });
}
