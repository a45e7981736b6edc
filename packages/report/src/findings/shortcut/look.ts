import type { AuditRecord, MapRecord } from '../../audit-record.ts';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { predictedOf } from '../../metrics/decision.ts';
import { hotCells } from '../../probes/hot-cells.ts';
import type { Context } from '../context.ts';

/** What one map says about a decision for `target`: where it looks, and what changed when parts were covered. */
export interface Look {
  readonly record: AuditRecord;
  readonly map: MapRecord;
  readonly target: number;
  /** Shares of the mass by cell. */
  readonly mass: Float64Array;
  /** The cells that `covered.hot` covers. */
  readonly hot: Uint8Array;
  readonly thumb?: Uint8Array;
  /** 8 × 8 pixels of what the map points at. */
  readonly patch: Uint8Array;
}

/** The maps of one method that speak for the class their picture was decided to be: only they tell why it was. */
export function looksOf(context: Context, method: string): readonly Look[] {
  const byMethod = known.get(context) ?? new Map<string, readonly Look[]>();
  known.set(context, byMethod);
  const looks = byMethod.get(method) ?? read(context, method);
  byMethod.set(method, looks);
  return looks;
}

/** Several kinds ask for the same looks. */
const known = new WeakMap<Context, Map<string, readonly Look[]>>();

function read({ run, records }: Context, method: string): Look[] {
  return records.flatMap((record): Look[] => {
    const map = record.maps?.[method];
    if (!map || map.empty || map.flat || !predictedOf(record, run)?.includes(map.target)) return [];
    const grid = decodeGrid(map.grid);
    const hot = hotCells(grid);
    if (!hot) return [];
    const total = grid.reduce((sum, value) => sum + value, 0);
    return [
      {
        record,
        map,
        target: map.target,
        mass: Float64Array.from(grid, (value) => value / total),
        hot,
        patch: decodeGrid(map.patch),
        ...(record.thumb && { thumb: decodeGrid(record.thumb) }),
      },
    ];
  });
}

/** By the class they speak for, in the order of the classes. */
export function byTarget<T extends { readonly target: number }>(looks: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const look of looks.toSorted((a, b) => a.target - b.target)) {
    const group = groups.get(look.target);
    if (group) group.push(look);
    else groups.set(look.target, [look]);
  }
  return groups;
}

/** At most so many of a list, evenly spread. */
export function spread<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]!);
}

/** Probabilities nearer to 0 or 1 than this are not told apart. */
const LEAST_PROBABILITY = 1e-4;

/**
 * How much evidence a change took from a decision: the fall of its log-odds, log(p / (1 − p)). A probability near 1 hides it: a decision that rests
 * on a mark and on the object may lose most of its reasons and still stand.
 */
export function lost(before: number, after: number): number {
  return logOdds(before) - logOdds(after);
}

function logOdds(p: number): number {
  const kept = Math.min(1 - LEAST_PROBABILITY, Math.max(LEAST_PROBABILITY, p));
  return Math.log(kept / (1 - kept));
}

/** The change took a third of the evidence or more, and 1.2 at least (the odds fell to 0.3 of what they were): 0.9 becomes 0.73 or less. */
export const fell = (before: number, after: number | undefined): boolean =>
  after !== undefined && lost(before, after) >= Math.max(1.2, logOdds(before) / 3);

/** The first change makes the evidence fall, and at least twice as far as the second. */
export const fellMore = (before: number, after: number | undefined, control: number | undefined): boolean =>
  fell(before, after) && lost(before, control ?? before) <= 0.5 * lost(before, after!);
