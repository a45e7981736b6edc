import { type Checkpoint, findCheckpoints, lookForCheckpoints } from './checkpoints.ts';
import { placeOf } from './place-of.ts';
import type { Place, WatchState } from './watch-state.ts';

/** What is watched, and how. */
export interface WatchOptions {
  /** Folder that checkpoints appear in (its folders too), or one file that is written again and again. */
  readonly path: string;
  readonly state: WatchState;
  /**
   * Explains a checkpoint; throws where it cannot be read. `begin` is called right before its results are written; it says whether a run
   * that was killed had begun to write the same.
   */
  readonly explain: (checkpoint: Checkpoint, place: Place, begin: () => Promise<{ again: boolean }>) => Promise<void>;
  /** Told of a checkpoint that cannot be read, after `patience`. */
  readonly onFailed: (checkpoint: Checkpoint, error: unknown) => void;
  /** Told once, with the first name, when there are files that hold weights without an architecture: they cannot be explained. */
  readonly onOnlyWeights?: (name: string) => void;
  readonly signal: AbortSignal;
  /** End when no new checkpoint has come for so many milliseconds; 0: when all that are there are done. Default: never. */
  readonly idle?: number;
  /** Milliseconds between two looks; default 500. */
  readonly every?: number;
  /** A checkpoint is complete when its files have not changed for so many milliseconds and can be read; default 1000. */
  readonly settle?: number;
  /** How long after its last change a checkpoint that cannot be read is waited for, in milliseconds; default 10000. */
  readonly patience?: number;
}

interface Seen {
  signature: string;
  /** When it was first seen with that signature. */
  since: number;
  /** The failure of the first attempt. */
  failed: boolean;
}

/**
 * Explains each checkpoint as it is completely written, in the order they were written, once; also those that appeared before. Its step
 * and series: `placeOf`.
 * @returns checkpoints explained and given up
 */
export async function watchCheckpoints(options: WatchOptions): Promise<{ explained: number; failed: number }> {
  const { state, signal, every = 500, settle = 1000, patience = 10_000 } = options;
  const seen = new Map<string, Seen>();
  const counts = { explained: 0, failed: 0 };
  let last = Date.now();

  /** Deals with a checkpoint; true when it is done with, one way or the other. */
  const attempt = async (one: Checkpoint, all: readonly Checkpoint[]): Promise<boolean> => {
    const now = Date.now();
    let known = seen.get(one.name);
    if (known?.signature !== one.signature) {
      known = { signature: one.signature, since: now, failed: false };
      seen.set(one.name, known);
    }
    // Clocks of file servers may be ahead: then what was seen here counts.
    const quiet = Math.max(now - known.since, now - one.modified);
    if (quiet < settle || (known.failed && quiet < patience)) return false;
    const begun = state.begunAt(one.name, one.signature);
    const place = begun ?? placeOf(one.name, all, state);
    const begin = async () => {
      await state.begin(one.name, one.signature, place);
      return { again: begun !== undefined };
    };
    try {
      await options.explain(one, place, begin);
    } catch (error) {
      if (signal.aborted) return false;
      const [again] = (await findCheckpoints(options.path)).filter(({ name }) => name === one.name);
      // Deleted, or written anew meanwhile: the next look decides.
      if (again?.signature !== one.signature) return false;
      if (quiet < patience) {
        known.failed = true;
        return false;
      }
      options.onFailed(one, error);
      await state.add(one.name, one.signature);
      counts.failed++;
      return true;
    }
    // A record that cannot be written is no failure of the checkpoint.
    await state.add(one.name, one.signature, place);
    counts.explained++;
    return true;
  };

  let weightsTold = false;
  while (!signal.aborted) {
    const { checkpoints, onlyWeights } = await lookForCheckpoints(options.path);
    if (onlyWeights[0] !== undefined && !weightsTold) {
      weightsTold = true;
      options.onOnlyWeights?.(onlyWeights[0]);
    }
    const open = checkpoints.filter(({ name, signature }) => !state.has(name, signature));
    // One that is not complete yet keeps those behind it waiting: the order stays.
    const done = open.length > 0 && (await attempt(open[0]!, checkpoints));
    if (done) last = Date.now();
    if (done) continue;
    if (open.length === 0 && options.idle !== undefined && Date.now() - last >= options.idle) break;
    await pause(every, signal);
  }
  return counts;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
