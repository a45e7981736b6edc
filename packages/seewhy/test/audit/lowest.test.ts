import { randomStream } from '@seewhy/core';
import { expect, it } from 'vitest';
import { Lowest } from '../../src/audit/lowest.ts';

it('keeps the items of the lowest keys, whatever order they come in, and makes few others', () => {
  const random = randomStream(1, 'keys');
  const keys = Array.from({ length: 5000 }, () => random.uniform());
  const wanted = keys.toSorted((a, b) => a - b).slice(0, 100);
  for (const list of [keys, keys.toReversed()]) {
    const lowest = new Lowest<number>(100);
    let made = 0;
    for (const key of list)
      lowest.add(key, () => {
        made++;
        return key;
      });
    expect(lowest.items().toSorted((a, b) => a - b)).toEqual(wanted);
    expect(made).toBeLessThan(1000);
    expect(lowest.added).toBe(5000);
  }
});

it('keeps all where there are no more than asked for, in their order', () => {
  const lowest = new Lowest<string>(3);
  for (const [key, item] of [
    [0.9, 'a'],
    [0.1, 'b'],
    [0.5, 'c'],
  ] as const)
    lowest.add(key, () => item);
  expect(lowest.items()).toEqual(['a', 'b', 'c']);
});
