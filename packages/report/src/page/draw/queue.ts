/** Milliseconds of a frame that may go into drawing maps: the slider stays smooth while many come into view. */
const BUDGET = 5;
const waiting = new Set<() => void>();
let running = false;
let emptied: (() => void)[] = [];

/** Does a job as soon as a frame has time for it. @returns a function that takes it back */
export function whenFree(job: () => void): () => void {
  waiting.add(job);
  if (!running) {
    running = true;
    requestAnimationFrame(work);
  }
  return () => waiting.delete(job);
}

/** Fulfilled when nothing waits any more. */
export const allDone = (): Promise<void> =>
  waiting.size === 0 ? Promise.resolve() : new Promise((done) => emptied.push(done));

function work(): void {
  const end = performance.now() + BUDGET;
  for (const job of waiting) {
    waiting.delete(job);
    job();
    if (performance.now() > end) break;
  }
  if (waiting.size > 0) {
    requestAnimationFrame(work);
    return;
  }
  running = false;
  for (const done of emptied) done();
  emptied = [];
}
