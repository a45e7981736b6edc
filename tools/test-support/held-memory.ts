import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * What this process holds once everything that nobody refers to any more is gone, in MB: `objects` (JavaScript's values with
 * the bytes of their arrays: no noise) and `resident` (all pages, ONNX Runtime's too: breathes by some 10 MB).
 */
export async function heldMemory(): Promise<{ objects: number; resident: number }> {
  // Finalisers, which free what lies outside the heap, run between two turns of the event loop.
  for (let round = 0; round < 2; round++) {
    collect();
    await new Promise((done) => setImmediate(done));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { objects: (heapUsed + external) / 2 ** 20, resident: rss / 2 ** 20 };
}
