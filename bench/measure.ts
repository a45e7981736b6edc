import { setTimeout as pause } from 'node:timers/promises';

/** Something whose duration is measured: runs once and says its milliseconds. */
export type Side = () => Promise<number>;

/** Milliseconds of the runs of a side, turn by turn. */
export type Turns = readonly (readonly number[])[];

export interface Plan {
  /** Times each side gets its turn. */
  readonly blocks: number;
  /** Runs of a turn that count; one more before them does not (caches and idle threads of the side before). */
  readonly runs: number;
}

/** Milliseconds before a turn: the threads of the plain session, opened as the runtime opens it, spin for tens of them after a run. */
const STILL = 100;

/**
 * Milliseconds of several sides, interleaved: each turn runs one side a few times, the order changes from round to round. What
 * disturbs the machine for some seconds disturbs all sides alike.
 */
export async function interleave<Name extends string>(
  sides: Record<Name, Side>,
  { blocks, runs }: Plan,
): Promise<Record<Name, Turns>> {
  const names = Object.keys(sides) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[][]])) as Record<Name, number[][]>;
  for (let block = 0; block < blocks; block++) {
    for (let place = 0; place < names.length; place++) {
      const name = names[(place + block) % names.length]!;
      await pause(STILL);
      await sides[name]();
      const turn = [];
      for (let run = 0; run < runs; run++) turn.push(await sides[name]());
      times[name].push(turn);
    }
  }
  return times;
}

/** The value below which `share` of the times lie. */
export function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}

/** What a side costs when nothing else happens on the machine: the lower decile, for other processes only ever add time. */
export const cost = (turns: Turns) => quantile(turns.flat(), 0.1);

/**
 * How many times as long one side takes as another: the median over the rounds of the quotient of their fastest runs. The turns of a
 * round lie side by side, so that a machine that changes its speed from minute to minute changes both.
 */
export const ratio = (turns: Turns, base: Turns) =>
  quantile(
    turns.map((runs, round) => Math.min(...runs) / Math.min(...base[round]!)),
    0.5,
  );

/** Of all sides, in milliseconds of an undisturbed machine: what `base` costs there, times the ratio of each. */
export function costs<Name extends string>(times: Record<Name, Turns>, base: NoInfer<Name>): Record<Name, number> {
  const unit = cost(times[base]);
  const entries = (Object.entries(times) as [Name, Turns][]).map(([name, turns]) => [
    name,
    unit * ratio(turns, times[base]),
  ]);
  return Object.fromEntries(entries) as Record<Name, number>;
}

/** Milliseconds of one call. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
