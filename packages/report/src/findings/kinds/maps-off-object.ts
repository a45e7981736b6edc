import type { Finding } from '../../finding.ts';
import { type Context, percent, pText, severityOf } from '../context.ts';
import { byTarget, fell, looksOf } from '../shortcut/look.ts';
import { benjaminiHochberg } from '../statistics/benjamini-hochberg.ts';
import { quantile } from '../statistics/quantile.ts';
import { binomialTail } from '../statistics/tails.ts';

const LEAST = 10;
const LEVEL = 0.01;

/**
 * `map-off-object`: maps of a class hold less of their mass inside the mask than an even map would. The map (not yet the model) looks elsewhere;
 * whether the model does, the covered parts tell: that is the kind `shortcut`.
 *
 * Test: sign test, mass inside below the mask's share of the picture more often than not; over methods and classes corrected after Benjamini and
 * Hochberg, q ≤ 0.01. At least 10 pictures whose mask covers 2 % to 90 %, in two thirds of which it is below. `medium` where covering what the
 * map points at outside the mask makes a quarter of these decisions fall, else `low`: then it is the map that strays.
 */
export function mapsOffObject(context: Context): Finding[] {
  const negative = context.run.task === 'binary' ? 1 - (context.run.positive ?? 1) : undefined;
  const tests = context.run.methods.flatMap(({ name, title }) =>
    [...byTarget(looksOf(context, name))].flatMap(([target, looks]) => {
      // What speaks for the negative class of a detector is that nothing is there: it may lie anywhere.
      if (target === negative) return [];
      const masked = looks.filter(({ map: { inside } }) => inside && inside.area >= 0.02 && inside.area <= 0.9);
      if (masked.length < LEAST) return [];
      const off = masked
        .filter(({ map: { inside } }) => inside!.mass < inside!.area)
        .sort((a, b) => a.map.inside!.mass - b.map.inside!.mass);
      return [{ name, title, target, masked, off, p: binomialTail(off.length, masked.length, 0.5) }];
    }),
  );
  const adjusted = benjaminiHochberg(tests.map(({ p }) => p));
  return tests.flatMap(({ name, title, target, masked, off, p }, i): Finding[] => {
    if (adjusted[i]! > LEVEL || off.length < (2 / 3) * masked.length) return [];
    const mass = quantile(masked.map(({ map }) => map.inside!.mass));
    const area = quantile(masked.map(({ map }) => map.inside!.area));
    const tried = off.filter(({ map }) => map.covered?.outside !== undefined);
    const falling = tried.filter(({ map: { covered } }) => fell(covered!.before, covered!.outside));
    return [
      {
        kind: 'map-off-object',
        title: `${title} maps for “${context.nameOf(target)}” lie off the object: ${percent(mass)} of their mass is inside the mask, which covers ${percent(area)} of the picture`,
        severity: severityOf(false, tried.length > 0 && falling.length >= 0.25 * tried.length),
        evidence: `In ${off.length} of ${masked.length} pictures less of the mass is inside than an even map would have (sign test, ${pText(p)}, corrected q = ${Number(adjusted[i]!.toPrecision(2))}). ${
          tried.length > 0
            ? `With what they point at outside the mask covered, the decision loses a third of its evidence in ${falling.length} of ${tried.length}: ${falling.length >= 0.25 * tried.length ? 'the model looks there too' : 'the maps stray, the model does not look there'}.`
            : 'A map of low resolution may stray; whether the model looks there was not tried.'
        }`,
        figures: { n: masked.length, off: off.length, falling: falling.length, mass, area, p, q: adjusted[i]! },
        ids: off.map(({ record }) => record.id),
        method: name,
      },
    ];
  });
}
