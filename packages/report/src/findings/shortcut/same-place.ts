import type { AuditRecord } from '../../audit-record.ts';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { type Context, counted, percent, pText } from '../context.ts';
import { quantile } from '../statistics/quantile.ts';
import { binomialTail } from '../statistics/tails.ts';
import { associationOf } from './association.ts';
import { CELLS, fellMore, type Look } from './look.ts';
import type { Test } from './suspect.ts';
import { awayFrom } from './usual-place.ts';
import { whereHot } from './where-hot.ts';

/** Fewer pictures are no pattern. */
const LEAST = 5;
const REGION = 4;

/**
 * Without masks nobody can say what the object is. What a tag, a stamp, a watermark or a frame has and an object has not: it looks the same in
 * all pictures that have it, at the same place, away from where the model looks otherwise, and pictures without it show something else there.
 * Accused are maps for which all of this holds:
 *
 * 1. Covering what the map points at (or the frame of the picture) makes the decision fall in at least half of the pictures, covering as much
 *    elsewhere (or all but the frame) does not. Test: sign test over the pictures where just one of the two does.
 * 2. The maps lie away from the usual place ({@link awayFrom}) and not in the middle.
 * 3. The thumbs' cells there are alike among these pictures, and unlike those of the others ({@link thingAt}).
 *
 * Tried are: the clusters of heatmaps, all maps of the class, and those with their peak in one of 16 regions. At least 5 pictures.
 */
export function samePlace(
  context: Context,
  method: string,
  target: number,
  looks: readonly Look[],
  all: readonly Look[],
): Test[] {
  return candidates(context, method, target, looks).flatMap((members): Test[] => {
    const chosen = new Set(members);
    const others = all.filter((look) => !chosen.has(look));
    if (members.length < LEAST || others.length < LEAST) return [];
    const guilty = members.filter(looksThere);
    const chance = members.filter(looksElsewhere);
    const p = binomialTail(guilty.length, guilty.length + chance.length, 0.5);
    if (guilty.length < LEAST || guilty.length < 0.5 * members.length) return [{ p }];
    const away = awayFrom(guilty, others);
    if (away.share < 0.8 || away.p > 0.001 || away.overlap > 0.7 || away.middle > 0.35) return [{ p }];
    const thing = thingAt(guilty, others);
    if (!thing) return [{ p }];

    const found = looks
      .filter((look) => thing.present(look.thumb) && looksThere(look))
      .sort((a, b) => thing.distance(a.thumb!) - thing.distance(b.thumb!));
    if (found.length < LEAST) return [{ p }];
    const association = associationOf(context, target, ({ thumb }: AuditRecord) =>
      thumb === undefined ? undefined : thing.present(decodeGrid(thumb)),
    );
    const { labelled, scored } = association;
    const more = scored !== undefined && scored.p < 0.01 && scored.with - scored.without >= 0.15;
    return [
      {
        p,
        suspect: {
          by: 'place',
          target,
          looks: found,
          of: looks.length,
          strong: found.length >= 0.1 * looks.length && (more || (labelled !== undefined && labelled.p < 0.01)),
          what: `the same thing${whereHot(found)}`,
          evidence: [
            `In ${counted(found.length, 'picture')} of ${looks.length} decided so the map points away from where it lies otherwise, at something that looks the same in all of them (its cells differ by ${thing.within.toFixed(1)} of 255, those of other pictures by ${thing.between.toFixed(1)}); covering it makes the decision fall, covering as much elsewhere did so in ${chance.length}.`,
            ...(labelled
              ? [
                  `${percent(labelled.own)} of the pictures labelled so have it, ${percent(labelled.others)} of the others (Fisher's exact test, ${pText(labelled.p)}).`,
                ]
              : []),
            ...(more
              ? [
                  `Among pictures labelled ${context.nameOf(scored.label)}, those with it score ${scored.with.toFixed(2)} on average, those without ${scored.without.toFixed(2)} (rank-sum test, ${pText(scored.p)}).`,
                ]
              : []),
          ],
          figures: {
            n: looks.length,
            decidedThere: found.length,
            control: chance.length,
            share: found.length / looks.length,
            within: thing.within,
            between: thing.between,
            away: away.share,
            middle: away.middle,
            ...(labelled && { ownShare: labelled.own, othersShare: labelled.others }),
            ...(scored && { scoreWith: scored.with, scoreWithout: scored.without }),
          },
        },
      },
    ];
  });
}

const looksThere = ({ record: { probes }, map: { covered } }: Look) =>
  (covered !== undefined && fellMore(covered.before, covered.hot, covered.cold)) ||
  (probes?.frame !== undefined && fellMore(probes.before, probes.frame, probes.centre));

const looksElsewhere = ({ record: { probes }, map: { covered } }: Look) =>
  (covered !== undefined && fellMore(covered.before, covered.cold, covered.hot)) ||
  (covered === undefined && probes?.frame !== undefined && fellMore(probes.before, probes.centre, probes.frame));

function candidates({ clusters }: Context, method: string, target: number, looks: readonly Look[]): Look[][] {
  const byId = new Map(looks.map((look) => [look.record.id, look]));
  const clustered = clusters
    .filter((cluster) => cluster.method === method && cluster.target === target)
    .map(({ ids }) => ids.flatMap((id) => byId.get(id) ?? []));
  const regions = new Map<number, Look[]>();
  for (const look of looks) {
    const [x, y] = look.map.peak.map((place) => Math.min(REGION - 1, Math.floor(place * REGION))) as [number, number];
    const region = regions.get(y * REGION + x);
    if (region) region.push(look);
    else regions.set(y * REGION + x, [look]);
  }
  const found = new Map<string, Look[]>();
  for (const members of [...clustered, looks, ...[...regions].sort((a, b) => a[0] - b[0]).map(([, group]) => group)]) {
    if (members.length >= LEAST) found.set(members.map(({ record }) => record.id).join('\n'), [...members]);
  }
  return [...found.values()];
}

interface Thing {
  distance(thumb: Uint8Array): number;
  present(thumb: Uint8Array | undefined): boolean;
  /** Median distance of the pictures that have it, and of the others. */
  readonly within: number;
  readonly between: number;
}

/**
 * What the thumbs of some pictures have in common where their maps point: of the cells hot in 60 % of them, the quarter that tells them best from
 * the others; its median colours and edge strength. The distance of a picture is the mean over these cells of the root of the mean squared
 * difference of the four values. Undefined unless the median distance of the others is at least 10 (of 255) and 2.5 times that of these, and at
 * most 40 % of the others are as near as nine in ten of these.
 */
export function thingAt(looks: readonly Look[], others: readonly Look[]): Thing | undefined {
  const own = looks.flatMap(({ thumb }) => thumb ?? []);
  const rest = others.flatMap(({ thumb }) => thumb ?? []);
  if (own.length < LEAST || rest.length < LEAST) return undefined;
  const common = Array.from({ length: CELLS }, (_, i) => i).filter(
    (cell) => looks.filter(({ hot }) => hot[cell] === 1).length >= 0.6 * looks.length,
  );
  if (common.length === 0) return undefined;
  const templates = common.map((cell) => {
    const values = [0, 1, 2, 3].map((c) => quantile(own.map((thumb) => thumb[4 * cell + c]!)));
    const within = quantile(own.map((thumb) => cellDistance(thumb, cell, values)));
    const between = quantile(rest.map((thumb) => cellDistance(thumb, cell, values)));
    return { cell, values, clear: between / (within + 3) };
  });
  const clearest = templates.toSorted((a, b) => b.clear - a.clear).slice(0, Math.max(1, Math.ceil(common.length / 4)));
  const distance = (thumb: Uint8Array) =>
    clearest.reduce((sum, { cell, values }) => sum + cellDistance(thumb, cell, values), 0) / clearest.length;
  const [near, far] = [own.map(distance), rest.map(distance)];
  const within = quantile(near);
  const between = quantile(far);
  const reach = quantile(near, 0.9);
  if (between < 10 || between < 2.5 * within) return undefined;
  if (far.filter((value) => value <= reach).length > 0.4 * far.length) return undefined;
  return { distance, present: (thumb) => thumb !== undefined && distance(thumb) <= reach, within, between };
}

function cellDistance(thumb: Uint8Array, cell: number, values: readonly number[]): number {
  let sum = 0;
  for (let c = 0; c < 4; c++) sum += (thumb[4 * cell + c]! - values[c]!) ** 2;
  return Math.sqrt(sum / 4);
}
