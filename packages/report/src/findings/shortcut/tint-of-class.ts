import type { AuditRecord } from '../../audit-record.ts';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { scoreOf } from '../../metrics/decision.ts';
import { type Context, counted, pText } from '../context.ts';
import { quantile } from '../statistics/quantile.ts';
import { fell, type Look, lost, spread } from './look.ts';
import { TINT, ZONES } from './overall-look.ts';
import { correlationOf, LEAST_GROUP, risesBy, type Shown, tail } from './rising.ts';
import type { Test } from './suspect.ts';

/** Pictures of a class, and of the others; those that fall without their tint. */
const LEAST = 12;
const LEAST_FALLING = 6;
/** χ² of two degrees of freedom: 1 %. */
const LEAST_SHIFT = 9.21;
const MOST_APART = 0.7;
/** Rank correlations of score and tint, and of what goes with the tint: how large, and one-sided p at most. */
const OWN = { least: 0.3, p: 0.01 };
const LEAST_OTHERS = 0.05;
const LOST = { least: 0.15, p: 0.05 };
/** Log-odds between the third of the class that has most of the tint and the third that has least. */
const LEAST_EVIDENCE = 1;
/** More pictures, or more of a class and of all others together, change nothing but the time it takes. */
const MOST = 200_000;
const MOST_OWN = 20_000;
const MOST_OTHERS = 4_000;

type Tint = readonly number[];
const [FRAME, REST] = ZONES;

/**
 * A colour cast that goes with a class where pictures have grounds of all colours: no picture shows it by itself, the class's mean tint does. It is
 * where a tint goes with the score among pictures that are all labelled alike, and is gone when the tint is taken out. Asked for:
 *
 * 1. The tint (shares of red and blue in the light) of the frame differs between the pictures labelled so and the others (Hotelling's T² beyond 1 %), and that
 *    of the rest differs as it does: the difference between the two shifts is at most 0.7 of the larger. It tells in which direction the tint goes, and
 *    asks neither scores nor maps.
 * 2. Along that direction the class's log-odds rise with the tint of the frame, among the pictures labelled so (rank correlation 0.3 at least, p < 0.01; from
 *    the least tinted third to the most tinted one by 1 at least), and among the others as well (0.05 at least). Test: both together, one-sided (Spearman's correlation
 *    within each label, z = ρ √(n − 1), labels weighted by √(n − 1); own and others combined after Stouffer). Where a tint speaks for a class as light on
 *    an object would (a red disc is redder before a blue ground), it falls in one of the two.
 * 3. Among decisions for the class, the more of the tint there was the more evidence goes when it is taken out (`neutral`; rank correlation 0.15 at least,
 *    p < 0.05); in six of them that have more of it than the others' median it makes the decision fall.
 *
 * Never `strong`: a class may have the colour of its surroundings.
 */
export function tintOfClass(context: Context, target: number, looks: readonly Look[]): Test[] {
  const probed = looks.filter(({ record, thumb }) => record.probes?.neutral !== undefined && thumb !== undefined);
  if (probed.length < LEAST) return [];
  const groups = groupsOf(context);
  const [same, different] = [true, false].map((wanted) =>
    groups.filter(({ label }) => label.includes(target) === wanted),
  ) as [Group[], Group[]];
  const shift = shiftBetween(same, different);
  if (shift === undefined || shift.size < LEAST_SHIFT || shift.apart > MOST_APART) return [];
  const length = Math.hypot(...shift.frame);
  const along = ([red, blue]: Tint) => (red! * shift.frame[0] + blue! * shift.frame[1]) / length;
  const toned = (some: readonly Group[], most: number) =>
    some.map(({ pictures }) =>
      spread(pictures, Math.max(LEAST_GROUP, Math.ceil(most / some.length))).flatMap(({ record, tint }): Shown[] => {
        const score = scoreOf(record, target);
        return score === undefined ? [] : [{ shown: along(tint), odds: lost(score, 0.5) }];
      }),
    );
  const own = toned(same, MOST_OWN);
  const others = toned(different, MOST_OTHERS);
  const elsewhere = others.flat();
  if (own.flat().length < LEAST || elsewhere.length < LEAST) return [];
  const [inside, outside] = [correlationOf(own), correlationOf(others)];
  const p = tail((inside.z + outside.z) / Math.SQRT2);
  const usual = quantile(elsewhere.map(({ shown }) => shown));
  const changed = probed.flatMap((look) => {
    const { before, neutral } = look.record.probes!;
    const tint = TINT.of(look.thumb!, FRAME);
    return tint ? [{ look, shown: along(tint), odds: lost(before, neutral!), falls: fell(before, neutral) }] : [];
  });
  const taken = correlationOf([changed]);
  const guilty = changed.filter(({ shown, falls }) => falls && shown > usual).sort((a, b) => b.odds - a.odds);
  const evidence = risesBy(own.flat());
  if (
    inside.rho < OWN.least ||
    tail(inside.z) > OWN.p ||
    outside.rho < LEAST_OTHERS ||
    evidence < LEAST_EVIDENCE ||
    taken.rho < LOST.least ||
    tail(taken.z) > LOST.p ||
    guilty.length < LEAST_FALLING
  )
    return [{ p }];
  return [
    {
      p,
      suspect: {
        by: 'tint',
        target,
        looks: guilty.map(({ look }) => look),
        of: looks.length,
        strong: false,
        what: `the colour cast of the whole picture (${castText(shift.frame)})`,
        evidence: [
          `Pictures labelled so are ${castText(shift.frame)} than others, on the frame as in the rest. Among pictures of one label the score of the class rises with that: from the third of its own that has least of it to the third that has most, the odds grow ${Math.exp(evidence).toFixed(1)} times (rank correlation ${inside.rho.toFixed(2)} among its own pictures, ${outside.rho.toFixed(2)} among the others; ${pText(p)}). With the colour cast taken out, the decisions of tinted pictures lose most (rank correlation ${taken.rho.toFixed(2)}, ${pText(tail(taken.z))}), and ${counted(guilty.length, 'decision')} of ${looks.length} fall.`,
        ],
        figures: {
          n: looks.length,
          decidedByIt: guilty.length,
          share: guilty.length / looks.length,
          shiftRed: shift.frame[0],
          shiftBlue: shift.frame[1],
          ownCorrelation: inside.rho,
          othersCorrelation: outside.rho,
          lostCorrelation: taken.rho,
          logOddsGained: evidence,
        },
      },
    },
  ];
}

/** Pictures of one label, with the tints of their frames, and what their tints add up to. */
interface Group {
  readonly label: readonly number[];
  readonly pictures: { readonly record: AuditRecord; readonly tint: Tint }[];
  /** Sums of red, blue; of red², red · blue, blue²; and of red, blue of the rest. */
  readonly sums: Float64Array;
}

/** Every class asks for the same groups. */
const known = new WeakMap<Context, readonly Group[]>();

/** By label; a picture without one, or with a black part, is left out. */
function groupsOf(context: Context): readonly Group[] {
  const made = known.get(context);
  if (made) return made;
  const groups = new Map<string, Group>();
  for (const record of spread(context.records, MOST)) {
    const { label, thumb } = record;
    if (label === undefined || label.length === 0 || thumb === undefined) continue;
    const cells = decodeGrid(thumb);
    const [tint, rest] = [TINT.of(cells, FRAME), TINT.of(cells, REST)];
    if (tint === undefined || rest === undefined) continue;
    const key = label.join(' ');
    const group = groups.get(key) ?? { label, pictures: [], sums: new Float64Array(7) };
    groups.set(key, group);
    group.pictures.push({ record, tint });
    const [red, blue] = tint as [number, number];
    [red, blue, red * red, red * blue, blue * blue, rest[0]!, rest[1]!].forEach((value, i) => {
      group.sums[i]! += value;
    });
  }
  const list = [...groups.values()];
  known.set(context, list);
  return list;
}

/**
 * By how much the mean tint of some pictures differs from that of others: on the frame; Hotelling's T² of that; and the distance between the shifts of frame
 * and rest, of the larger one. Undefined where there are too few, or tints do not vary.
 */
function shiftBetween(some: readonly Group[], others: readonly Group[]) {
  const momentsOf = (groups: readonly Group[]) => {
    const n = groups.reduce((sum, { pictures }) => sum + pictures.length, 0);
    const mean = (i: number) => groups.reduce((sum, { sums }) => sum + sums[i]!, 0) / n;
    const [red, blue] = [mean(0), mean(1)];
    const variance = [mean(2) - red * red, mean(3) - red * blue, mean(4) - blue * blue].map((value) => value / (n - 1));
    return { n, frame: [red, blue] as const, inner: [mean(5), mean(6)] as const, variance };
  };
  const [own, rest] = [momentsOf(some), momentsOf(others)];
  if (own.n < LEAST || rest.n < LEAST) return undefined;
  const [red, blue] = [own.frame[0] - rest.frame[0], own.frame[1] - rest.frame[1]];
  const inner = own.inner.map((value, i) => value - rest.inner[i]!);
  const [reds, both, blues] = own.variance.map((value, i) => value + rest.variance[i]!) as [number, number, number];
  const determinant = reds * blues - both * both;
  if (!(determinant > 0)) return undefined;
  return {
    frame: [red, blue] as const,
    size: (red * red * blues - 2 * red * blue * both + blue * blue * reds) / determinant,
    apart: Math.hypot(red - inner[0]!, blue - inner[1]!) / Math.max(Math.hypot(red, blue), Math.hypot(...inner)),
  };
}

/** What the light has more of: `more red, less blue`. */
function castText([red, blue]: Tint): string {
  const shares = { red: red!, green: -red! - blue!, blue: blue! };
  const largest = Math.max(...Object.values(shares).map(Math.abs));
  return Object.entries(shares)
    .filter(([, share]) => Math.abs(share) >= largest / 3)
    .sort((a, b) => b[1] - a[1])
    .map(([name, share]) => `${share > 0 ? 'more' : 'less'} ${name}`)
    .join(', ');
}
