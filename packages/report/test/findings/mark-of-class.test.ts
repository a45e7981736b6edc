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

/**
 * An object on a ground of any colour. Covering the lower quarter makes a decision for class 1 fall. With letters, its pictures show more drawing there, of
 * another colour every time. Objects lie in the middle, or those of class 1 at the bottom and the others at the top.
 */
function accusedOf({ letters = false, apart = false }) {
  const { run, records } = auditOf({ seed: 3, pictures: 120 });
  const context = { run, records, clusters: [] } as unknown as Context;
  const looks = looksOf(context, run.methods[0]!.name).map((look, i) => {
    const random = randomStream(4, 'letters', i);
    const own = look.target === 1;
    const ground = [0, 1, 2].map(() => 40 + random.uniformInt(170));
    const object = [0, 1, 2].map(() => 40 + random.uniformInt(170));
    const thumb = Uint8Array.from({ length: 4 * SIDE * SIDE }, (_, at) => {
      const [cell, channel] = [at >> 2, at % 4];
      const [x, y] = [cell % SIDE, cell >> 4];
      const top = apart ? (own ? 12 : 0) : 5;
      const inside = x > 4 && x < 11 && y >= top && y < top + (apart ? 4 : 6);
      if (channel === 3) {
        const written = own && letters && y >= 14 && x >= 6 && random.uniform() < 0.95;
        return written ? 60 + random.uniformInt(100) : (inside ? 50 : 10) + random.uniformInt(30);
      }
      return (inside ? object : ground)[channel]! + random.uniformInt(35);
    });
    const probes = { target: look.target, before: 0.9, frame: 0.9, top: 0.9, left: 0.9, right: 0.9 };
    return { ...look, thumb, record: { ...look.record, probes: { ...probes, bottom: own ? 0.2 : 0.9 } } };
  });
  const own = looks.filter(({ target }) => target === 1);
  return markOfClass(1, own, looks as never).flatMap(({ suspect }) => suspect ?? []);
}

it('letters that read differently every time, on grounds of any colour, are a mark; the same pictures without them have none', () => {
  const [suspect] = accusedOf({ letters: true });
  expect(suspect).toMatchObject({ target: 1, strong: true });
  expect(suspect!.what).toContain('drawn every time');
  expect(suspect!.evidence[0]).toContain('letters or lines');
  expect(suspect!.figures.drawn).toBeGreaterThan(0.9);
  expect(accusedOf({})).toEqual([]);
});

it('a class whose objects always lie at the bottom, the others at the top, has no mark', () => {
  expect(accusedOf({ apart: true })).toEqual([]);
});

it('the ground beside a narrower object is no mark, however alike it is in all pictures', () => {
  expect(accusedIn(false)).toBe(false);
});

it('a tag on such pictures is one', () => {
  expect(accusedIn(true)).toBe(true);
});
