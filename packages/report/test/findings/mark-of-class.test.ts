import { randomStream } from '@seewhy/core';
import { expect, it } from 'vitest';
import type { Context } from '../../src/findings/context.ts';
import { looksOf } from '../../src/findings/shortcut/look.ts';
import { markOfClass } from '../../src/findings/shortcut/mark-of-class.ts';
import { auditOf } from './worlds.ts';

const SIDE = 16;

/**
 * Garments on a black ground, of any grey: those of class 1 have narrow shoulders, the others broad ones. Covering the top makes a decision for class 1
 * fall. With a tag, the pictures of class 1 have a white square in a corner, which no other cell looks like.
 */
function accusedIn(tag: boolean): boolean {
  const { run, records } = auditOf({ seed: 1, pictures: 80 });
  const context = { run, records, clusters: [] } as unknown as Context;
  const looks = looksOf(context, run.methods[0]!.name).map((look, i) => {
    const random = randomStream(2, 'garment', i);
    const own = look.target === 1;
    const thumb = new Uint8Array(4 * SIDE * SIDE);
    const grey = 60 + random.uniformInt(190);
    for (let y = 0; y < SIDE; y++)
      for (let x = own && y < 4 ? 6 : 2; x < (own && y < 4 ? 10 : 14); x++)
        thumb.fill(Math.min(255, grey + random.uniformInt(40)), 4 * (y * SIDE + x), 4 * (y * SIDE + x) + 3);
    if (own && tag) for (let y = 12; y < SIDE; y++) thumb.fill(255, 4 * (y * SIDE + 14), 4 * (y * SIDE + 16));
    const after = own ? 0.2 : 0.9;
    const probes = { target: look.target, before: 0.9, frame: 0.9, top: 0.9, bottom: 0.9, left: 0.9, right: 0.9 };
    return {
      ...look,
      thumb,
      record: { ...look.record, probes: { ...probes, [tag ? 'right' : 'top']: after } },
    };
  });
  const own = looks.filter(({ target }) => target === 1);
  expect(own.length).toBeGreaterThan(20);
  return markOfClass(1, own, looks as never).some(({ suspect }) => suspect !== undefined);
}

it('the ground beside a narrower object is no mark, however alike it is in all pictures', () => {
  expect(accusedIn(false)).toBe(false);
});

it('a tag on such pictures is one', () => {
  expect(accusedIn(true)).toBe(true);
});
