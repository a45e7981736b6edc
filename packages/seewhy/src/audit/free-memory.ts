import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Collects garbage now. Pictures that libvips made hang on objects of a few bytes, so that V8 sees no need to: ten thousand pictures on, the
 * process would hold a hundred megabytes of them. Costs some 30 ms: for once in a thousand pictures, or between two stages.
 */
export function freeMemory(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('typeof gc === "function" ? gc : () => undefined') as () => void;
  }
  collect();
}

/**
 * Lets V8 collect garbage before it has several times what is alive, for as long as some work takes: with half a million pictures findings take
 * 0.4 GB instead of 0.65 then. Slower, so for large work only.
 */
export async function sparingly<T>(work: () => Promise<T>): Promise<T> {
  setFlagsFromString('--optimize-for-size');
  try {
    return await work();
  } finally {
    setFlagsFromString('--no-optimize-for-size');
  }
}
