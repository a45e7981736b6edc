import { errors } from './errors.ts';

/** @throws ABORTED when the signal was given */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw errors.aborted();
}
