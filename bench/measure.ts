/** Something whose duration is measured: runs once and says its milliseconds. */
export type Side = () => Promise<number>;

export interface Plan {
  /** Times each side gets its turn. */
  readonly blocks: number;
  /** Runs of a turn that count; one more before them does not (caches and idle threads of the side before). */
  readonly runs: number;
}

/**
 * Milliseconds of several sides, interleaved: each turn runs one side a few times, the order changes from round to round. What
 * disturbs the machine for some seconds disturbs all sides alike.
 */
export async function interleave<Name extends string>(
  sides: Record<Name, Side>,
  { blocks, runs }: Plan,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(sides) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let block = 0; block < blocks; block++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + block) % names.length]!;
      await sides[name]();
      for (let run = 0; run < runs; run++) times[name].push(await sides[name]());
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
export const cost = (times: readonly number[]) => quantile(times, 0.1);

/** Milliseconds of one call. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
