import { type Checkpoint, seriesInName, stepInName } from './checkpoints.ts';
import type { Place, WatchState } from './watch-state.ts';

/**
 * The step of a checkpoint: the number in its name where that goes on from the last one, else the next number. One without a number beside
 * others (`best.keras` beside `epoch-04.keras`) takes no step away from them: it is a series of its own, at the step they have come to.
 * @param all the checkpoints that are there
 */
export function placeOf(name: string, all: readonly Pick<Checkpoint, 'name'>[], state: WatchState): Place {
  const told = stepInName(name);
  const last = state.last();
  if (told !== undefined) return { step: last === undefined || told > last ? told : last + 1 };
  const series = seriesInName(name);
  const others = [...all.map((one) => one.name), ...state.names];
  const before = state.placeOf(name);
  const alone = others.every((other) => stepInName(other) === undefined && seriesInName(other) === series);
  // What once had no series keeps to that: its tags stay the same.
  if (alone || (before?.step !== undefined && before.series === undefined)) return { step: (last ?? -1) + 1 };
  return { step: Math.max(last ?? 0, (state.last(series) ?? -1) + 1), series };
}
