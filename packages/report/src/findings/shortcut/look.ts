import type { AuditRecord, MapRecord } from '../../audit-record.ts';
import { decodeGrid, GRID } from '../../map-statistics/map-grid.ts';
import { predictedOf } from '../../metrics/decision.ts';
import { hotCells } from '../../probes/hot-cells.ts';
import type { Context } from '../context.ts';

export const CELLS = GRID * GRID;

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

/** A drop of at least 0.3 of the probability (0.15 at least in itself): a decision that was sure no longer is. */
export const fell = (before: number, after: number | undefined): boolean =>
  after !== undefined && before - after >= Math.max(0.15, 0.3 * before);

/** The first change makes the decision fall, and at least twice as far as the second. */
export const fellMore = (before: number, after: number | undefined, control: number | undefined): boolean =>
  fell(before, after) && before - (control ?? before) <= 0.5 * (before - after!);
