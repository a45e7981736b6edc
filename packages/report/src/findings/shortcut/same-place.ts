import type { AuditRecord } from '../../audit-record.ts';
import { CELLS, onFrame } from '../../map-statistics/grid-parts.ts';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { type Context, counted, percent, pText } from '../context.ts';
import { quantile } from '../statistics/quantile.ts';
import { binomialTail, hypergeometricTail } from '../statistics/tails.ts';
import { associationOf, told } from './association.ts';
import { frameDecides } from './frame-decides.ts';
import { fell, fellMore, type Look } from './look.ts';
import type { Test } from './suspect.ts';
import { awayFrom } from './usual-place.ts';
import { whereIs } from './where-hot.ts';

/** Fewer pictures are no pattern. */
const LEAST = 5;
const REGION = 4;
/** Of pairs of the class's own pictures, one with the thing and one without it, those in which the first scores higher. */
const LEAST_RAISING = 0.5;

/**
 * Without masks nobody can say what the object is. What a tag, a stamp, a watermark or a frame has and an object has not: it looks the same in
 * all pictures that have it, at the same place, away from where the model looks otherwise, and pictures without it show something else there.
 * Accused are decisions for which all of this holds:
 *
 * 1. Covering what the map points at takes the evidence ({@link fellMore}) in at least half of the pictures, covering as much elsewhere does not;
 *    or covering the frame of the picture does, and covering all but the frame does not.
 * 2. The maps lie away from the usual place ({@link awayFrom}) and not in the middle; or the frame decides in at least 60 % of these pictures
 *    and at most 20 % of the others; or covering it takes the evidence in so many of these pictures, and in at most 5 % of the others.
 * 3. Cells there are alike among these pictures, and unlike those of the others ({@link thingAt}).
 * 4. Pictures labelled so do not score lower with the thing than without it.
 *
 * Tried are: the clusters of heatmaps, all maps of the class, those with their peak in one of 16 regions, and those where the frame decides. At
 * least 5 pictures. Test: Fisher's exact, one-sided: pictures with the thing, for whatever class, are decided as in 1. more often than the others.
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
    const guilty = members.filter((look) => mapDecides(look) || frameCounts(look));
    const chance = members.filter((look) => !guilty.includes(look) && elsewhereDecides(look));
    const p = binomialTail(guilty.length, guilty.length + chance.length, 0.5);
    if (guilty.length < LEAST || guilty.length < 0.5 * members.length) return [{ p }];
    const framed = guilty.filter(frameDecides).length / guilty.length;
    const framedOthers = others.filter(frameDecides).length / others.length;
    const alone = framed >= 0.6 && framedOthers <= 0.2;
    const added =
      guilty.filter(frameCounts).length >= 0.6 * guilty.length &&
      others.filter(frameCounts).length <= 0.05 * others.length;
    const byFrame = alone || added;
    const away = awayFrom(guilty, others);
    const byMap = away.share >= 0.8 && away.p <= 0.001 && away.overlap <= 0.7 && away.middle <= 0.35;
    if (!byFrame && !byMap) return [{ p }];
    const thing = thingAt(guilty, others, byFrame);
    // Covering its object takes the evidence of any good decision: where the frame tells, only the frame counts.
    const decides = !byFrame ? mapDecides : alone ? frameDecides : frameCounts;
    return [thing ? testOf(context, target, looks, all, thing, decides) : { p }];
  });
}

function testOf(
  context: Context,
  target: number,
  looks: readonly Look[],
  all: readonly Look[],
  thing: Thing,
  decides: (look: Look) => boolean,
): Test {
  const seen = all.filter(({ thumb }) => thumb !== undefined);
  const having = seen.filter(({ thumb }) => thing.present(thumb));
  const deciding = seen.filter(decides).length;
  const p = hypergeometricTail(having.filter(decides).length, having.length, deciding, seen.length);
  const found = looks
    .filter((look) => thing.present(look.thumb) && decides(look))
    .sort((a, b) => thing.distance(a.thumb!) - thing.distance(b.thumb!));
  // Most pictures that have it must be decided by it: what is everywhere and decides here and there is no reason.
  const own = looks.filter(({ thumb }) => thing.present(thumb));
  if (found.length < LEAST || found.length < 0.5 * own.length) return { p };
  const association = associationOf(context, target, ({ thumb }: AuditRecord) =>
    thumb === undefined ? undefined : thing.present(decodeGrid(thumb)),
  );
  // A part of the picture may be needed by a decision that it speaks against.
  if ((association.raises ?? 1) < LEAST_RAISING) return { p };
  const { sentences, clear, figures } = told(context, association, 'it');
  return {
    p,
    suspect: {
      by: 'place',
      target,
      looks: found,
      of: looks.length,
      strong: found.length >= 0.1 * looks.length && clear,
      what: `something that looks the same every time${whereIs(thing.mass)}`,
      evidence: [
        `${counted(found.length, 'picture')} of ${looks.length} decided so show something there that looks the same in all of them (cells differ by ${thing.within.toFixed(1)} of 255; those of other pictures by ${thing.between.toFixed(1)}), and covering it takes a third of the evidence or more, which covering as much elsewhere does not. Of all pictures that show it ${percent(having.filter(decides).length / having.length)} are decided by that part, of the others ${percent((deciding - having.filter(decides).length) / Math.max(1, seen.length - having.length))} (Fisher's exact test, ${pText(p)}).`,
        ...sentences,
      ],
      figures: {
        n: looks.length,
        decidedThere: found.length,
        share: found.length / looks.length,
        within: thing.within,
        between: thing.between,
        ...figures,
      },
    },
  };
}

/** Covering what the map points at takes the evidence, covering as much elsewhere does not. */
const mapDecides = ({ map: { covered } }: Look) =>
  covered !== undefined && fellMore(covered.before, covered.hot, covered.cold);

/** Covering the frame takes the evidence, whatever else does so too: a border and the object may both count. */
const frameCounts = ({ record: { probes }, target }: Look) =>
  probes?.target === target && fell(probes.before, probes.frame);

const elsewhereDecides = ({ map: { covered } }: Look) =>
  covered !== undefined && fellMore(covered.before, covered.cold, covered.hot);

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
  const framed = looks.filter(frameDecides);
  for (const members of [
    ...clustered,
    looks,
    framed,
    ...[...regions].sort((a, b) => a[0] - b[0]).map(([, group]) => group),
  ]) {
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
  /** Its cells: 1, others 0. */
  readonly mass: Float32Array;
}

const MOST_CELLS = 6;

/**
 * What the thumbs of some pictures have in common where their maps point: of the cells hot in 60 % of them (and, if asked for, of the frame's), the
 * quarter, at most six, that tells them best from the others; its median colours and edge strength. The distance of a picture is the mean over
 * these cells of the root of the mean squared difference of the four values. Undefined unless the median distance of these is at most 10 (of
 * 255), that of the others at least 10 and 2.5 times as much, and at most 40 % of the others are as near as nine in ten of these; nor where a third of the pictures' other cells have its colours: that is the background,
 * and nothing lies there.
 */
export function thingAt(looks: readonly Look[], others: readonly Look[], withFrame: boolean): Thing | undefined {
  const own = looks.flatMap(({ thumb }) => thumb ?? []);
  const rest = others.flatMap(({ thumb }) => thumb ?? []);
  if (own.length < LEAST || rest.length < LEAST) return undefined;
  const cells = Array.from({ length: CELLS }, (_, i) => i).filter(
    (cell) => (withFrame && onFrame(cell)) || looks.filter(({ hot }) => hot[cell] === 1).length >= 0.6 * looks.length,
  );
  if (cells.length === 0) return undefined;
  const templates = cells.map((cell) => {
    const values = [0, 1, 2, 3].map((c) => quantile(own.map((thumb) => thumb[4 * cell + c]!)));
    const within = quantile(own.map((thumb) => cellDistance(thumb, cell, values)));
    const between = quantile(rest.map((thumb) => cellDistance(thumb, cell, values)));
    return { cell, values, clear: between / (within + 3) };
  });
  const clearest = templates
    .toSorted((a, b) => b.clear - a.clear)
    .slice(0, Math.max(1, Math.min(MOST_CELLS, Math.ceil(cells.length / 4))));
  const distance = (thumb: Uint8Array) =>
    clearest.reduce((sum, { cell, values }) => sum + cellDistance(thumb, cell, values), 0) / clearest.length;
  const [near, far] = [own.map(distance), rest.map(distance)];
  const within = quantile(near);
  const between = quantile(far);
  const reach = quantile(near, 0.9);
  if (within > 10 || between < 10 || between < 2.5 * within) return undefined;
  if (far.filter((value) => value <= reach).length > 0.4 * far.length) return undefined;
  if (quantile(own.map((thumb) => elsewhere(thumb, clearest))) > 0.35) return undefined;
  const mass = new Float32Array(CELLS);
  for (const { cell } of clearest) mass[cell] = 1;
  return {
    distance,
    present: (thumb) => thumb !== undefined && distance(thumb) <= reach,
    within,
    between,
    mass,
  };
}

/** Share of a thumb's other cells that are like one of the thing's (root of the mean squared difference of the colours below 20). */
function elsewhere(
  thumb: Uint8Array,
  thing: readonly { readonly cell: number; readonly values: readonly number[] }[],
): number {
  const own = new Set(thing.map(({ cell }) => cell));
  let like = 0;
  for (let cell = 0; cell < CELLS; cell++) {
    if (own.has(cell)) continue;
    if (
      thing.some(
        ({ values }) => Math.hypot(...[0, 1, 2].map((c) => thumb[4 * cell + c]! - values[c]!)) < 20 * Math.sqrt(3),
      )
    )
      like++;
  }
  return like / (CELLS - own.size);
}

function cellDistance(thumb: Uint8Array, cell: number, values: readonly number[]): number {
  let sum = 0;
  for (let c = 0; c < 4; c++) sum += (thumb[4 * cell + c]! - values[c]!) ** 2;
  return Math.sqrt(sum / 4);
}
