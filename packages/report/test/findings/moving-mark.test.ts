import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { toBase64 } from '../../src/base64.ts';
import { contextOf } from '../../src/findings/context.ts';
import { looksOf } from '../../src/findings/shortcut/look.ts';
import { movingMark } from '../../src/findings/shortcut/moving-mark.ts';
import { thingOfColour, thingsIn } from '../../src/findings/shortcut/thing-of-colour.ts';
import type { AuditRecord, MapRecord } from '../../src/index.ts';
import { METHODS, recordOf, runOf } from './records.ts';
import { auditOf, type World } from './worlds.ts';

const CELLS = 256;
type Rgb = readonly [number, number, number];
const GROUND: Rgb = [120, 120, 120];
const YELLOW: Rgb = [245, 210, 30];
const GREEN: Rgb = [60, 150, 60];

/** The cells of a square of `side` cells whose upper left one is `x`, `y`. */
const square = (x: number, y: number, side: number): number[] =>
  Array.from({ length: side * side }, (_, i) => (y + Math.floor(i / side)) * 16 + x + (i % side));

function thumbOf(...parts: readonly (readonly [cells: readonly number[], colour: Rgb])[]): Uint8Array {
  const thumb = new Uint8Array(CELLS * 4);
  for (let cell = 0; cell < CELLS; cell++) thumb.set([...GROUND, 0], 4 * cell);
  for (const [cells, colour] of parts) for (const cell of cells) thumb.set([...colour, 90], 4 * cell);
  return thumb;
}

describe('a thing of one colour', () => {
  it('is one piece, with little of that colour elsewhere', () => {
    const piece = square(3, 4, 3);
    const sorted = (cells: readonly number[] | undefined) => cells?.toSorted((a, b) => a - b);
    expect(sorted(thingOfColour(thumbOf([piece, YELLOW]), YELLOW))).toEqual(piece);
    expect(sorted(thingOfColour(thumbOf([[...piece, 0, 15], YELLOW]), [250, 200, 40]))).toEqual(piece);
    // Cells that touch at a corner are one piece.
    expect(sorted(thingOfColour(thumbOf([[17, 34], YELLOW]), YELLOW))).toEqual([17, 34]);
  });
  it('is not a colour that is here and there, or all over, or nowhere', () => {
    expect(thingOfColour(thumbOf([[0, 5, 10, 80], YELLOW]), YELLOW)).toBeUndefined();
    expect(thingOfColour(thumbOf([square(0, 0, 5), YELLOW]), YELLOW)).toBeUndefined();
    expect(thingOfColour(thumbOf(), YELLOW)).toBeUndefined();
    expect(thingOfColour(thumbOf([square(2, 2, 3), [245, 180, 30]]), YELLOW)).toBeUndefined();
  });
  it('of two cells or more is found without its colour', () => {
    expect(thingsIn(thumbOf([square(3, 4, 3), YELLOW], [square(9, 9, 2), GREEN], [[0], [0, 0, 0]]))).toEqual([
      YELLOW,
      GREEN,
    ]);
    expect(thingsIn(thumbOf())).toEqual([]);
  });
});

interface Shown {
  readonly label: number;
  readonly object?: { readonly cells: readonly number[]; readonly colour: Rgb };
  readonly thing?: readonly number[];
  /** What the map points at. */
  readonly hot: readonly number[];
  /** Log-odds of the decision, and with what the map points at covered. */
  readonly odds: number;
  readonly covered: number;
}

function recordShowing(i: number, { label, object, thing = [], hot, odds, covered }: Shown): AuditRecord {
  const grid = new Uint8Array(CELLS);
  for (const cell of hot) grid[cell] = 255;
  const probability = (value: number) => 1 / (1 + Math.exp(-value));
  const map = {
    target: label,
    grid: toBase64(grid),
    patch: toBase64(new Uint8Array(192)),
    empty: false,
    flat: false,
    covered: { before: probability(odds), hot: probability(covered), cold: probability(odds) },
  } as MapRecord;
  const thumb = thumbOf([object?.cells ?? [], object?.colour ?? GROUND], [thing, YELLOW]);
  const score = label === 1 ? probability(odds) : 1 - probability(odds);
  return recordOf(i, {
    label: [label],
    scores: score >= 0.5 ? [[1, score], [0, 1 - score]] : [[0, 1 - score], [1, score]], // biome-ignore format: pairs
    thumb: toBase64(thumb),
    maps: { gradcam: map },
  });
}

/** 80 pictures of an object somewhere; `change` says what every other picture of class 1 shows instead. */
function suspectsOf(change: (shown: Shown, at: number) => Shown) {
  const random = randomStream(1, 'moving mark');
  const records = Array.from({ length: 80 }, (_, i) => {
    const label = i % 2;
    const cells = square(random.uniformInt(8), random.uniformInt(12), 4);
    const shade = random.uniformInt(80);
    const shown: Shown = {
      label,
      object: { cells, colour: label === 1 ? [40 + shade, 200, 40] : [40 + shade, 60, 220] },
      hot: cells,
      odds: 2 + random.normal() * 0.4,
      covered: -1,
    };
    return recordShowing(i, label === 1 && i % 4 === 1 ? change(shown, i) : shown);
  });
  const run = runOf({ methods: [METHODS.gradcam] });
  const context = contextOf(run, records, []);
  const all = looksOf(context, 'gradcam');
  return [0, 1].flatMap((target) =>
    movingMark(
      context,
      target,
      all.filter((look) => look.target === target),
      all,
    ),
  );
}

/** Somewhere right of the objects. */
const spot = (i: number) => square(13, (i * 7) % 13, 3);

describe('a small mark that moves about', () => {
  it('is found where maps point at it, it raises the score, and the object is there too', () => {
    const found = suspectsOf((shown, i) => ({ ...shown, thing: spot(i), hot: spot(i), odds: 5, covered: 1 }));
    const suspects = found.flatMap(({ suspect }) => suspect ?? []);
    expect(suspects).toHaveLength(1);
    expect(suspects[0]).toMatchObject({ target: 1, by: 'colour', of: 40, strong: true });
    expect(suspects[0]!.looks).toHaveLength(20);
    expect(suspects[0]!.what).toContain('rgb(245, 210, 30)');
    expect(suspects[0]!.figures).toMatchObject({ n: 40, showing: 20, decidedThere: 20, pointedAt: 20, higher: 1 });
    expect(Math.min(...found.map(({ p }) => p))).toBeLessThan(1e-6);
  });

  const silent: Record<string, (shown: Shown, i: number) => Shown> = {
    'nobody cares': (shown, i) => ({ ...shown, thing: spot(i) }),
    'it raises the score, maps point elsewhere': (shown, i) => ({ ...shown, thing: spot(i), odds: 5 }),
    'maps point at it, it does not raise the score': (shown, i) => ({ ...shown, thing: spot(i), hot: spot(i) }),
    'covering it takes nothing': (shown, i) => ({ ...shown, thing: spot(i), hot: spot(i), odds: 5, covered: 5 }),
    'it is the object': (shown, i) => ({
      ...shown,
      object: { cells: spot(i), colour: YELLOW },
      hot: spot(i),
      odds: 5,
    }),
    'its colour varies, as that of an object in the light': (shown, i) => ({
      ...shown,
      object: { cells: spot(i), colour: [245 - ((i * 3) % 80), 210 - ((i * 2) % 80), 30 + ((i * 2) % 70)] },
      thing: [],
      hot: spot(i),
      odds: 5,
    }),
  };
  it.each(Object.keys(silent))('is not said to be there where %s', (name) => {
    // A suspicion counts only with its test.
    expect(suspectsOf(silent[name]!).filter(({ suspect, p }) => suspect && p < 0.05)).toEqual([]);
  });
});

it('p-values are no smaller than chance makes them where a model does not care about a mark', () => {
  const values: number[] = [];
  for (let seed = 0; seed < 10; seed++) {
    const world: World = { seed, shortcut: 'moving', objects: 'anywhere', share: 0.5, learned: false, pictures: 120 };
    const { run, records } = auditOf(world);
    const context = contextOf(run, records, []);
    const all = looksOf(context, 'gradcam');
    for (const target of [0, 1]) {
      const looks = all.filter((look) => look.target === target);
      for (const test of movingMark(context, target, looks, all)) {
        values.push(test.p);
      }
    }
  }
  expect(values.length).toBeGreaterThanOrEqual(8);
  expect(values.filter((p) => p < 0.05).length).toBeLessThanOrEqual(2);
  expect(Math.min(...values)).toBeGreaterThan(0.001);
});

it('nothing to look at: nothing is said', () => {
  const context = contextOf(runOf({ methods: [METHODS.gradcam] }), [], []);
  expect(movingMark(context, 1, [], [])).toEqual([]);
  const { run, records } = auditOf({ seed: 1, shortcut: 'moving', share: 0.5, bare: true, pictures: 60 });
  const bare = contextOf(run, records, []);
  const all = looksOf(bare, 'gradcam');
  expect(movingMark(bare, 1, all, all)).toEqual([]);
});
