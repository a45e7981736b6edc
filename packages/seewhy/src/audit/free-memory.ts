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
