import type { MapRecord } from '../audit-record.ts';
import { MAP_FIGURES } from '../metrics/evaluate.ts';
import type { RecordPair } from './record-pair.ts';

const HEADS = [...Object.keys(MAP_FIGURES), 'empty'];

/** The figures of one method's maps: means over the pictures that have them, and which way is better. */
export const mapFigures = {
  better: {
    mass_inside: 'higher',
    pointing: 'higher',
    iou: 'higher',
    border: 'lower',
    corner: 'lower',
    entropy: 'lower',
    half_mass_area: 'lower',
    empty: 'lower',
  } as Readonly<Record<string, 'higher' | 'lower'>>,

  /** B − A of each figure of a method; pictures without its map in either run are left out. */
  of(pairs: readonly RecordPair[], method: string) {
    const chosen = pairs.filter(({ a, b }) => a.maps?.[method] || b.maps?.[method]);
    const column = (which: 'a' | 'b', head: string) =>
      Float64Array.from(chosen, (pair) => readFigure(pair[which].maps?.[method], head));
    const columns = HEADS.map((head) => [column('a', head), column('b', head)] as const);
    return {
      chosen,
      names: HEADS.map((head) => `${head}(${method})`),
      of: (times: Int32Array) => Float64Array.from(columns, ([a, b]) => meanOf(b, times) - meanOf(a, times)),
    };
  },
};

/** As `evaluate` counts it: an empty map is only counted as empty. */
function readFigure(map: MapRecord | undefined, head: string): number {
  if (!map) return Number.NaN;
  if (head === 'empty') return Number(map.empty);
  return map.empty ? Number.NaN : Number(MAP_FIGURES[head]!(map) ?? Number.NaN);
}

function meanOf(values: Float64Array, times: Int32Array): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (times[i] === 0 || Number.isNaN(values[i]!)) continue;
    sum += times[i]! * values[i]!;
    count += times[i]!;
  }
  return sum / count;
}
