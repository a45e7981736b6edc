import type { Finding } from '../../finding.ts';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { type Context, counted, type Judged, number, percent, pText, severityOf } from '../context.ts';
import { benjaminiHochberg } from '../statistics/benjamini-hochberg.ts';
import { hypergeometricTail } from '../statistics/tails.ts';

const LEAST = 4;
const NEIGHBOURS = 10;
/** Of more correct pictures than this, and of more errors, as many are looked at, evenly spread over the ids: each error is compared with all of them. */
const MOST = 4000;
const MOST_ERRORS = 1000;
const LEVEL = 0.01;

/**
 * `look-alike-errors`: errors that gather where pictures look alike, or where maps do: one cause, not many.
 *
 * - Pictures: around each error its 10 nearest pictures of the audit (nearest thumbs of 16 × 16 cells). Are more of
 *   them errors than chance gives? Fisher's exact test, one-sided.
 * - Maps: in each cluster of heatmaps, are more decisions wrong than in the rest of the class? The same test.
 *
 * All tests count in one correction (Benjamini and Hochberg, q ≤ 0.01). At least 4 errors, and twice the usual share of errors. Neighbourhoods
 * that share pictures are one finding. `medium` from 8 errors on, else `low`.
 */
export function lookAlikeErrors(context: Context): Finding[] {
  const tests = [...neighbourhoods(context), ...clusters(context)];
  const adjusted = benjaminiHochberg(tests.map(({ p }) => p));
  const found = tests
    .map((test, i) => ({ ...test, q: adjusted[i]! }))
    .filter(({ q, errors, of, rate }) => q <= LEVEL && errors.length >= LEAST && errors.length / of >= 2 * rate)
    .sort((a, b) => a.p - b.p);
  const told: { test: (typeof found)[number]; ids: Set<string> }[] = [];
  for (const test of found) {
    const ids = test.errors.map(({ record }) => record.id);
    const known = told.find((other) => ids.some((id) => other.ids.has(id)));
    if (!known) told.push({ test, ids: new Set(ids) });
    else if (!known.test.cluster) for (const id of ids) known.ids.add(id);
  }
  return told.map(({ test, ids }) => ({
    kind: 'look-alike-errors',
    title: `${counted(ids.size, 'error')} ${test.cluster ? 'with maps that look alike' : 'that look alike'}: one cause, perhaps`,
    severity: severityOf(false, ids.size >= 8),
    evidence: `${test.where}: ${number(test.errors.length)} of ${number(test.of)} are wrong (${percent(test.errors.length / test.of)}), ${percent(test.rate)} ${test.others} (Fisher's exact test, ${pText(test.p)}, corrected q = ${Number(test.q.toPrecision(2))}).${test.said} Look at them together: more training pictures of this kind, or a wrong label that repeats, may mend them all.`,
    figures: {
      n: test.of,
      errors: ids.size,
      rate: test.errors.length / test.of,
      usualRate: test.rate,
      p: test.p,
      q: test.q,
    },
    ids: [...ids],
    ...(test.cluster && { cluster: test.cluster, method: test.method! }),
  }));
}

interface Gathering {
  readonly errors: readonly Judged[];
  readonly of: number;
  readonly rate: number;
  readonly p: number;
  readonly where: string;
  /** Whose rate is compared. */
  readonly others: string;
  /** What was left out. */
  readonly said: string;
  readonly cluster?: string;
  readonly method?: string;
}

function neighbourhoods({ judged }: Context): Gathering[] {
  const kept = [true, false].flatMap((wrong) =>
    spread(
      judged.filter(({ correct }) => correct !== wrong),
      wrong ? MOST_ERRORS : MOST,
    ).flatMap((one) => {
      const { thumb } = one.record;
      return thumb === undefined ? [] : [{ one, thumb: decodeGrid(thumb) }];
    }),
  );
  const count = kept.filter(({ one }) => !one.correct).length;
  if (count < LEAST || kept.length < 3 * NEIGHBOURS) return [];
  const errors = judged.reduce((sum, { correct }) => sum + (correct ? 0 : 1), 0);
  const others = judged.length - errors;
  const said =
    errors > MOST_ERRORS || others > MOST
      ? ` Compared were ${number(Math.min(errors, MOST_ERRORS))} of ${number(errors)} errors and ${number(Math.min(others, MOST))} of ${number(others)} other pictures, evenly spread over the ids.`
      : '';
  const thumbs = kept.map(({ thumb }) => thumb);
  // Among those looked at: thinning the correct ones makes errors denser than they are.
  const rate = count / kept.length;
  return kept.flatMap(({ one }, i): Gathering[] => {
    if (one.correct) return [];
    const near = nearest(thumbs, i, NEIGHBOURS);
    const wrong = near.filter((j) => !kept[j]!.one.correct);
    return [
      {
        errors: [one, ...wrong.map((j) => kept[j]!.one)],
        of: near.length + 1,
        rate,
        p: hypergeometricTail(wrong.length, near.length, count - 1, kept.length - 1),
        where: `Among the picture “${one.record.id}” and the ${near.length} that look most like it`,
        others: 'of all that were compared',
        said,
      },
    ];
  });
}

/** At most `most` of the pictures, evenly spread. */
function spread(all: readonly Judged[], most: number): readonly Judged[] {
  const step = Math.max(1, all.length / most);
  return Array.from({ length: Math.min(all.length, most) }, (_, i) => all[Math.floor(i * step)]!);
}

/** The `count` thumbs with the smallest sum of squared differences, the nearest first; of equal ones the first. */
function nearest(thumbs: readonly Uint8Array[], at: number, count: number): number[] {
  const own = thumbs[at]!;
  const found: { readonly j: number; readonly distance: number }[] = [];
  for (const [j, thumb] of thumbs.entries()) {
    if (j === at) continue;
    const limit = found.length < count ? Number.POSITIVE_INFINITY : found.at(-1)!.distance;
    let distance = 0;
    for (let from = 0; from < own.length && distance < limit; from += 64) {
      const to = Math.min(own.length, from + 64);
      for (let i = from; i < to; i++) distance += (own[i]! - thumb[i]!) ** 2;
    }
    if (distance >= limit) continue;
    let place = found.length;
    while (place > 0 && found[place - 1]!.distance > distance) place--;
    found.splice(place, 0, { j, distance });
    if (found.length > count) found.pop();
  }
  return found.map(({ j }) => j);
}

function clusters({ clusters: all, judged }: Context): Gathering[] {
  const byId = new Map(judged.map((one) => [one.record.id, one]));
  return all.flatMap((cluster): Gathering[] => {
    const held = new Set(cluster.ids);
    const class_ = all.filter(({ method, target }) => method === cluster.method && target === cluster.target);
    const members = cluster.ids.flatMap((id) => byId.get(id) ?? []);
    const rest = class_.flatMap(({ ids }) => ids).flatMap((id) => (held.has(id) ? [] : (byId.get(id) ?? [])));
    if (members.length < LEAST || rest.length < LEAST) return [];
    const errors = members.filter(({ correct }) => !correct);
    const others = rest.filter(({ correct }) => !correct);
    return [
      {
        errors,
        of: members.length,
        rate: others.length / rest.length,
        p: hypergeometricTail(
          errors.length,
          members.length,
          errors.length + others.length,
          members.length + rest.length,
        ),
        where: `In the cluster of maps “${cluster.name}” (${cluster.where})`,
        others: 'of the others of the class',
        said: '',
        cluster: cluster.name,
        method: cluster.method,
      },
    ];
  });
}
