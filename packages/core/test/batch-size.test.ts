import { describe, expect, it } from 'vitest';
import { BatchSize, CHECK_EVERY } from '../src/sampling/batch-size.ts';

/** Runs `total` samples on a machine whose run of n samples takes `cost(n, run)`; gives the size used at the end and the time spent. */
function walk(batch: BatchSize, total: number, cost: (size: number, run: number) => number) {
  let [at, run, time] = [0, 0, 0];
  while (at < total) {
    const size = batch.next(at, total - at);
    const took = cost(size, run++);
    batch.record(size, took);
    time += took;
    at += size;
  }
  return { size: batch.size, time };
}

/** A fixed cost a run and one a sample: larger is better, less and less. */
const overhead = (size: number) => 1 + 0.3 * size;

describe('the size of a batch', () => {
  it('grows while a sample gets cheaper', () => {
    expect(walk(new BatchSize('auto', 64), 1000, overhead).size).toBe(32);
    expect(walk(new BatchSize('auto', 8), 1000, overhead).size).toBe(8);
  });

  it('stays at one where larger runs gain nothing', () => {
    expect(walk(new BatchSize('auto', 64), 1000, (size) => 10 * size).size).toBe(1);
  });

  it('is what was asked for, within what the model takes', () => {
    expect(new BatchSize(7, 64).next(0, 100)).toBe(7);
    expect(new BatchSize(7, 1).next(0, 100)).toBe(1);
  });

  it('never reaches across a check or beyond the end', () => {
    const batch = new BatchSize(24, 64);
    expect(batch.next(CHECK_EVERY - 5, 100)).toBe(5);
    expect(batch.next(0, 3)).toBe(3);
  });

  it('forgets that the machine was busy while it searched', () => {
    // Some of the first runs are ten times slower: the search sees nothing good in batches.
    const busy = (size: number, run: number) => overhead(size) * (run >= 2 && run < 12 ? 10 : 1);
    const { size, time } = walk(new BatchSize('auto', 64), 2000, busy);
    expect(size).toBeGreaterThanOrEqual(16);
    expect(time).toBeLessThan(2000 * overhead(1) * 0.5);
  });

  it('leaves a size that has become slow', () => {
    const batch = new BatchSize('auto', 64);
    walk(batch, 500, overhead);
    expect(batch.size).toBe(32);
    // From now on memory is short: runs of more than 4 samples take three times as long.
    const { size } = walk(batch, 8000, (count) => overhead(count) * (count > 4 ? 3 : 1));
    expect(size).toBeLessThanOrEqual(8);
  });

  it('does not waver between sizes that are about as good', () => {
    const batch = new BatchSize('auto', 64);
    // A sample in runs of 16 costs 0.92 to 0.98 of one in runs of 8, in turns of some minutes.
    const cost = (size: number, run: number) =>
      overhead(size) * (size > 16 ? 3 : 1) * (size === 16 ? 1.114 + 0.035 * Math.sin(run / 200) : 1);
    const sizes = Array.from({ length: 40 }, (_, i) => walk(batch, 500, (size, run) => cost(size, run + 60 * i)).size);
    expect(sizes.filter((size, i) => i > 0 && size !== sizes[i - 1]).length).toBeLessThanOrEqual(1);
  });

  it('spends little on looking around', () => {
    const steady = walk(new BatchSize('auto', 64), 4000, (size) => 10 * size + (size > 1 ? 3 : 0));
    expect(steady.time).toBeLessThan(4000 * 10 * 1.02);
  });
});
