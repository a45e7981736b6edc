import type { Finding } from '../../finding.ts';
import { type Context, percent, pText } from '../context.ts';
import { byTarget, fell, type Look, looksOf } from '../shortcut/look.ts';
import { benjaminiHochberg } from '../statistics/benjamini-hochberg.ts';
import { hypergeometricTail } from '../statistics/tails.ts';

const LEAST = 8;
const LEVEL = 0.01;
const CORNERS = ['upper left', 'upper right', 'lower left', 'lower right'] as const;

/** A map has a place when twice or more of what an even map would have lies there: 0.4 in a corner (even: 0.0625), 0.75 on the frame (0.4375). */
const PLACES: readonly { readonly name: string; readonly holds: (look: Look) => boolean }[] = [
  ...CORNERS.map((corner, i) => ({
    name: `in the ${corner} corner`,
    holds: ({ map }: Look) => map.corners[i]! >= 0.4,
  })),
  { name: 'along the border', holds: ({ map }) => map.border >= 0.75 && map.corners.every((share) => share < 0.4) },
];

/**
 * `maps-on-edge`: maps of one class gather in a corner or along the border, those of the other classes do not. `low`: objects may lie there, and
 * what a map points at need not matter; how often the decision falls with it covered is told. Where it is a shortcut, the kind `shortcut` says so.
 *
 * Test: Fisher's exact, one-sided, maps of the class at the place against those of all other classes; over methods, classes and places corrected
 * after Benjamini and Hochberg, q ≤ 0.01. At least 8 pictures and a fifth of the class. Nothing is said of a task's negative class, nor where
 * covering the place makes no decision fall.
 */
export function mapsOnEdge(context: Context): Finding[] {
  const negative = context.run.task === 'binary' ? 1 - (context.run.positive ?? 1) : undefined;
  const tests = context.run.methods.flatMap(({ name, title }) => {
    const all = looksOf(context, name);
    return [...byTarget(all)].flatMap(([target, looks]) =>
      target === negative || looks.length < LEAST || looks.length === all.length
        ? []
        : PLACES.map((place) => {
            const there = looks.filter(place.holds);
            const marked = all.filter(place.holds).length;
            return {
              name,
              title,
              target,
              looks,
              place,
              there,
              p: hypergeometricTail(there.length, looks.length, marked, all.length),
            };
          }),
    );
  });
  const adjusted = benjaminiHochberg(tests.map(({ p }) => p));
  return tests.flatMap(({ name, title, target, looks, place, there, p }, i): Finding[] => {
    if (adjusted[i]! > LEVEL || there.length < Math.max(LEAST, 0.2 * looks.length)) return [];
    const covered = there.filter(({ map }) => map.covered);
    const falling = covered.filter(({ map }) => fell(map.covered!.before, map.covered!.hot));
    if (covered.length > 0 && falling.length < 0.25 * covered.length) return [];
    return [
      {
        kind: 'maps-on-edge',
        title: `${there.length} of ${looks.length} ${title} maps for “${context.nameOf(target)}” lie ${place.name}`,
        severity: 'low',
        evidence: [
          `${percent(there.length / looks.length)} of the class's maps, more than of the other classes' (Fisher's exact test, ${pText(p)}, corrected q = ${Number(adjusted[i]!.toPrecision(2))}).`,
          covered.length > 0
            ? `With what they point at covered, the decision falls in ${falling.length} of ${covered.length}.`
            : 'Whether it matters for the decision was not tried.',
          'If the object does not lie there, look at what does.',
        ].join(' '),
        figures: { n: looks.length, there: there.length, falling: falling.length, p, q: adjusted[i]! },
        ids: there.map(({ record }) => record.id),
        method: name,
      },
    ];
  });
}
