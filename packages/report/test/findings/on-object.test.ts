import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import type { AuditRecord, MapRecord } from '../../src/audit-record.ts';
import type { Context } from '../../src/findings/context.ts';
import { byEdge } from '../../src/findings/shortcut/edge-decides.ts';
import { edgeLook } from '../../src/findings/shortcut/edge-look.ts';
import type { Look } from '../../src/findings/shortcut/look.ts';
import { onGround } from '../../src/findings/shortcut/on-ground.ts';
import { bySurroundings, outsideObject, surroundingsAdd } from '../../src/findings/shortcut/outside-object.ts';
import { recordOf, runOf } from './records.ts';

const GRID = 16;
type Rgb = readonly [number, number, number];

interface Shown {
  readonly target?: number;
  readonly thumb?: Uint8Array;
  readonly probes?: Partial<NonNullable<AuditRecord['probes']>>;
  readonly covered?: MapRecord['covered'];
}

function lookOf(i: number, { target = 1, thumb, probes, covered }: Shown): Look {
  const record = recordOf(i, {
    masked: true,
    ...(probes && { probes: { target, before: 0.98, ...probes } }),
  });
  const cells = GRID * GRID;
  return {
    record,
    map: { target, covered: covered ?? { before: 0.98, hot: 0.9, cold: 0.98, outside: 0.98 } } as MapRecord,
    target,
    mass: new Float64Array(cells).fill(1 / cells),
    hot: new Uint8Array(cells),
    patch: new Uint8Array(192),
    ...(thumb && { thumb }),
  };
}

/** A square of some colour on a ground. */
function thumbOf(
  random: ReturnType<typeof randomStream>,
  ...squares: readonly (readonly [number, number, number, Rgb])[]
) {
  const thumb = new Uint8Array(GRID * GRID * 4);
  for (let i = 0; i < thumb.length; i++) thumb[i] = i % 4 === 3 ? 20 : 120 + 12 * random.normal();
  for (const [x, y, side, colour] of squares)
    for (let row = y; row < Math.min(GRID, y + side); row++)
      for (let column = x; column < Math.min(GRID, x + side); column++)
        thumb.set([...colour, 120], 4 * (row * GRID + column));
  return thumb;
}

const cellsOf = (x: number, y: number, side: number) =>
  Array.from({ length: side * side }, (_, i) => (y + Math.floor(i / side)) * GRID + x + (i % side));

describe('a thing', () => {
  const random = randomStream(1, 'on ground');
  const GREEN: Rgb = [40, 200, 40];
  const YELLOW: Rgb = [245, 210, 30];
  const made = (within: boolean) => {
    const place = () => [random.uniformInt(8), random.uniformInt(8)] as const;
    const members = Array.from({ length: 30 }, (_, i) => {
      const [x, y] = place();
      const [left, top] = within ? [x + 3, y + 3] : [random.uniformInt(13), random.uniformInt(13)];
      const thumb = thumbOf(random, [x, y, 8, GREEN], [left, top, 2, YELLOW]);
      return { look: lookOf(i, { thumb }), thumb, cells: cellsOf(left, top, 2) };
    });
    const others = Array.from({ length: 30 }, (_, i) =>
      lookOf(100 + i, { thumb: thumbOf(random, [...place(), 8, GREEN]) }),
    );
    return onGround(members, others);
  };
  it('that lies anywhere lies on the ground', () => expect(made(false)).toBe(true));
  it('with an object around it every time is a part of that', () => expect(made(true)).toBe(false));
});

describe('with masks', () => {
  const others = Array.from({ length: 40 }, (_, i) =>
    lookOf(200 + i, { target: 0, probes: { object: 0.1, surroundings: 0.97, frame: 0.97, centre: 0.2 } }),
  );
  /** Half of 40 fall without their surroundings; `rest`: the others with the object covered. */
  const added = (rest: number) => {
    const looks = Array.from({ length: 40 }, (_, i) =>
      lookOf(i, { probes: i % 2 ? { object: 0.9, surroundings: 0.3 } : { object: rest, surroundings: 0.97 } }),
    );
    return [
      ...surroundingsAdd(1, looks, [...looks, ...others]),
      ...bySurroundings(
        new Map([
          [0, others],
          [1, looks],
        ]),
        undefined,
      ),
    ].filter(({ suspect, p }) => suspect && p < 0.01);
  };
  it('decisions that need what is around the object are told', () =>
    expect(added(0.1).map(({ suspect }) => suspect!.by)).toContain('outside'));
  it('a class that is the answer to nothing is not accused for standing without its object', () =>
    expect(added(0.9)).toEqual([]));

  /** All decided by the frame; `surroundings`: with everything but the object covered. */
  const framed = (surroundings: number) =>
    outsideObject(
      1,
      Array.from({ length: 20 }, (_, i) =>
        lookOf(i, { probes: { object: 0.9, frame: 0.1, centre: 0.97, surroundings } }),
      ),
    ).filter(({ suspect, p }) => suspect && p < 0.01);
  it('a frame that decides is told where it is around the object', () => expect(framed(0.2)).toHaveLength(1));
  it('and is the end of an object where covering all around that object changes nothing', () =>
    expect(framed(0.97)).toEqual([]));

  /** All 60 stand without their object; a third is decided by the frame, the others lose `rest` by it. */
  const small = (rest: (i: number) => number) =>
    outsideObject(
      1,
      Array.from({ length: 60 }, (_, i) =>
        lookOf(i, {
          probes: {
            object: 0.99,
            centre: 0.97,
            ...(i % 3 ? { frame: rest(i), surroundings: 0.97 } : { frame: 0.02, surroundings: 0.2 }),
          },
        }),
      ),
    ).filter(({ suspect, p }) => suspect && p < 0.01);
  it('a class that is the answer to nothing may have a frame in some pictures', () =>
    expect(small(() => 0.975)).toHaveLength(1));
  it('and is not accused for the empty ground around its objects, which a cover fills a little or more', () =>
    expect(small((i) => 0.4 + 0.008 * i)).toEqual([]));

  /** Decisions that fall without their surroundings, `count` of 60, and keep `own` with the object covered; the others of the class keep 0.05. */
  const around = (count: number, own: number) => {
    const looks = Array.from({ length: 60 }, (_, i) =>
      lookOf(i, {
        probes: i < count ? { object: own + 0.0005 * i, surroundings: 0.3 } : { object: 0.05, surroundings: 0.97 },
      }),
    );
    return surroundingsAdd(1, looks, [...looks, ...others]).flatMap(({ suspect }) => suspect ?? []);
  };
  it('what lies around an object speaks by itself: with the object covered it is left', () => {
    expect(around(15, 0.3)).toMatchObject([{ strong: true }]);
    expect(around(15, 0.05)).toEqual([]);
  });
  it('where all decisions stand without their object it is told with a doubt', () => {
    const [found] = around(60, 0.9);
    expect(found).toMatchObject({ strong: false });
    expect(found!.evidence.join(' ')).toContain('all of 60 decisions for it stay: it may also be what the model says');
    expect(around(60, 0.3)).toMatchObject([{ strong: true }]);
  });
});

describe('decisions that depend on the edge', () => {
  /** Of 34 decisions 24 fall with the frame covered, and have something in a corner; of 20 decisions for another class `elsewhere` fall. */
  const accused = (elsewhere: number) => {
    const random = randomStream(5, 'edge');
    const look = (i: number, target: number, falls: boolean, marked: boolean) =>
      lookOf(i, {
        target,
        thumb: thumbOf(random, [5, 5, 6, [30, 30, 30]], ...(marked ? [[0, 0, 3, [240, 20, 20]] as const] : [])),
        probes: { frame: falls ? 0.3 : 0.98 },
      });
    const own = Array.from({ length: 34 }, (_, i) => look(i, 1, i < 24, i < 24));
    const others = Array.from({ length: 20 }, (_, i) => look(100 + i, 0, i < elsewhere, false));
    return byEdge({ run: runOf(), records: [], clusters: [] } as unknown as Context, 1, own, [
      ...own,
      ...others,
    ]).flatMap(({ suspect }) => suspect ?? []);
  };
  it('and look so are told', () => expect(accused(2)[0]).toMatchObject({ of: 34, strong: true }));
  it('with a doubt where others depend on it nearly as often', () =>
    expect(accused(9)[0]).toMatchObject({ strong: false }));
  it('and not at all where half of the others do: objects reach the edge', () => expect(accused(10)).toEqual([]));
});

describe('a look at the edge', () => {
  const random = randomStream(2, 'edge look');
  const plain = (count: number) => Array.from({ length: count }, (_, i) => lookOf(500 + i, { thumb: thumbOf(random) }));
  it('finds what lies in one corner or another', () => {
    const marked = Array.from({ length: 24 }, (_, i) =>
      lookOf(i, { thumb: thumbOf(random, [i % 2 ? 1 : 12, i % 4 < 2 ? 1 : 12, 3, [230, 230, 230]]) }),
    );
    const seen = edgeLook(marked, plain(24));
    expect(seen.share).toBeGreaterThan(0.95);
    expect(seen.p).toBeLessThan(1e-6);
  });
  it('of few pictures is found by how far they are apart, not by chance', () => {
    // Among four pictures of one kind some hundred features tell by chance; one tells by 110 of 255.
    const marked = Array.from({ length: 30 }, (_, i) =>
      lookOf(i, { thumb: thumbOf(random, [12, 1, 3, [230, 60, 40]]) }),
    );
    expect(edgeLook(marked, plain(8))).toMatchObject({ share: 1 });
  });
  it('tells nothing where there is nothing, with p-values as chance makes them', () => {
    const values = Array.from({ length: 20 }, () => edgeLook(plain(16), plain(16)).p);
    expect(values.filter((p) => p < 0.05).length).toBeLessThanOrEqual(4);
    expect(Math.min(...values)).toBeGreaterThan(0.0005);
  });
});
