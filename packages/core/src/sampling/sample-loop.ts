import { type BatchSize, CHECK_EVERY } from './batch-size.ts';
import type { RunControl } from './sampler.ts';
import { turn } from './turn.ts';

export interface SampleLoop {
  /** Samples to be taken. */
  readonly total: number;
  readonly batch: BatchSize;
  readonly control: RunControl;
  /** Evaluates samples `from … from + count − 1`. What a sample is may depend on its number only. */
  readonly run: (from: number, count: number) => Promise<void>;
  /** Relative uncertainty of the estimate so far; undefined while it cannot be told. */
  readonly convergence?: () => number | undefined;
  /** Stop when the convergence is at most this. */
  readonly until?: number | undefined;
}

export interface SampleLoopResult {
  /** Samples taken. */
  readonly samples: number;
  /** Stopped by the signal before all were taken. */
  readonly interrupted: boolean;
  readonly convergence: number | undefined;
}

/** The event loop gets a turn at least this often, in milliseconds: signals, timers and pages stay alive. */
const TURN = 50;

/**
 * The host loop of every sampling method: batches, progress, interruption, convergence. Samples are numbered, and convergence is looked
 * at only after every {@link CHECK_EVERY} of them, so that the batch size changes nothing but the time.
 */
export async function sampleLoop(loop: SampleLoop): Promise<SampleLoopResult> {
  const { total, batch, control, until } = loop;
  let at = 0;
  let turned = performance.now();
  const result = (interrupted: boolean): SampleLoopResult => ({
    samples: at,
    interrupted,
    convergence: loop.convergence?.(),
  });
  while (at < total) {
    if (control.signal?.aborted) return result(true);
    const count = batch.next(at, total - at);
    const start = performance.now();
    await loop.run(at, count);
    const end = performance.now();
    batch.record(count, end - start);
    at += count;
    control.progress?.(at, total);
    if (end - turned > TURN) {
      await turn();
      turned = performance.now();
    }
    if (until !== undefined && at < total && at % CHECK_EVERY === 0) {
      const convergence = loop.convergence?.();
      if (convergence !== undefined && convergence <= until) break;
    }
  }
  return result(false);
}
