import { randomStream } from '@seewhy/core';
import { expect, it } from 'vitest';
import { toBase64 } from '../../src/base64.ts';
import { contextOf } from '../../src/findings/context.ts';
import { looksOf } from '../../src/findings/shortcut/look.ts';
import type { Test } from '../../src/findings/shortcut/suspect.ts';
import { tintOfClass } from '../../src/findings/shortcut/tint-of-class.ts';
import type { AuditRecord, AuditRun } from '../../src/index.ts';
import { binary, METHODS, mapOf, recordOf, runOf } from './records.ts';
import { auditOf } from './worlds.ts';

const CELLS = 256;
const probability = (odds: number) => 1 / (1 + Math.exp(-odds));

interface Made {
  /** How much the tint counts in log-odds; how much of that goes when it is taken out. */
  readonly gain: number;
  readonly taken: number;
  /** Cells that a cast changes: 0 none … */
  readonly where?: 'all' | 'middle' | 'frame';
  readonly light?: 'black';
  readonly labels?: boolean;
}

/** 160 pictures of grounds of all colours, of two classes; half of class 1 has a warm cast, and a few others. */
function recordsWith(seed: number, { gain, taken, where = 'all', light, labels = true }: Made): AuditRecord[] {
  const random = randomStream(seed, 'tint of class');
  return Array.from({ length: 160 }, (_, i) => {
    const label = i % 2;
    const has = random.uniform() < (label === 1 ? 0.5 : 0.05);
    const ground = [0, 1, 2].map(() => 90 + 80 * random.uniform());
    const thumb = new Uint8Array(CELLS * 4);
    for (let cell = 0; cell < CELLS; cell++) {
      const edge = [cell % 16, Math.floor(cell / 16)].some((place) => place < 2 || place > 13);
      const cast = has && (where === 'all' || (where === 'frame') === edge) ? [1.25, 1, 0.65] : [1, 1, 1];
      for (let c = 0; c < 3; c++)
        thumb[4 * cell + c] =
          light === 'black' ? 2 : Math.max(0, Math.min(255, ground[c]! * cast[c]! + 8 * random.normal()));
    }
    // The more of the tint there is, the more it counts.
    const warmth = Math.log(ground[0]! / ground[2]!) + (has ? 0.65 : 0);
    const toward = (label === 1 ? 2.5 : -2.5) + gain * warmth + 0.5 * random.normal();
    const target = toward >= 0 ? 1 : 0;
    const odds = Math.abs(toward);
    const without = target === 1 ? odds - taken * warmth : odds + taken * warmth;
    return recordOf(i, {
      label: labels ? [label] : undefined,
      scores: binary(probability(toward)),
      thumb: toBase64(thumb),
      probes: { target, before: probability(odds), neutral: probability(without + 0.2 * random.normal()) },
      maps: { gradcam: mapOf({ target }) },
    });
  });
}

function testsOf(run: AuditRun, records: readonly AuditRecord[]): Test[] {
  const context = contextOf(run, records, []);
  const all = looksOf(context, 'gradcam');
  return [0, 1].flatMap((target) =>
    tintOfClass(
      context,
      target,
      all.filter((look) => look.target === target),
    ),
  );
}

const run = runOf({ methods: [METHODS.gradcam] });
const said = (made: Made, seed = 1) =>
  testsOf(run, recordsWith(seed, made)).filter(({ suspect, p }) => suspect && p < 0.01);

it('a colour cast that goes with a class and decides is told, with its direction and the pictures that fall', () => {
  const found = said({ gain: 3, taken: 3 });
  const [{ suspect, p }] = found as [Test];
  expect(p).toBeLessThan(1e-6);
  expect(suspect).toMatchObject({ target: 1, by: 'tint', strong: false });
  expect(suspect!.what).toContain('more red, less blue');
  expect(suspect!.looks.length).toBeGreaterThanOrEqual(10);
  expect(suspect!.figures.shiftRed).toBeGreaterThan(0.02);
  expect(suspect!.figures.shiftBlue).toBeLessThan(-0.02);
  expect(suspect!.figures.ownCorrelation).toBeGreaterThan(0.5);
});

it.each<[string, Made]>([
  ['the model does not care', { gain: 0, taken: 0 }],
  ['taking it out takes nothing', { gain: 3, taken: 0 }],
  ['scores do not go with it', { gain: 0, taken: 3 }],
  ['scores go the other way', { gain: -2, taken: -2 }],
  ['only the middle has it, as an object would', { gain: 3, taken: 3, where: 'middle' }],
  ['only the frame has it', { gain: 3, taken: 3, where: 'frame' }],
])('nothing is told where %s', (_, made) => {
  for (const seed of [1, 2, 3]) {
    expect(said({ gain: 3, taken: 3 }, seed)).toHaveLength(1);
    expect(said(made, seed)).toEqual([]);
  }
});

it('p-values are no smaller than chance makes them where the tint goes with the class and not with the score', () => {
  const values = Array.from({ length: 40 }, (_, seed) =>
    testsOf(run, recordsWith(seed, { gain: 0, taken: 0 })),
  ).flatMap((tests) => tests.slice(0, 1).map(({ p }) => p));
  expect(values.length).toBeGreaterThanOrEqual(36);
  // Binomial: 8 of 40 or more at 5 % have a chance of one in a thousand.
  expect(values.filter((p) => p <= 0.05).length).toBeLessThan(8);
  expect(Math.min(...values)).toBeGreaterThan(1e-4);
});

it('black pictures, no labels, no pictures, no probes: nothing is said', () => {
  expect(testsOf(run, [])).toEqual([]);
  expect(testsOf(run, recordsWith(1, { gain: 3, taken: 3, light: 'black' }))).toEqual([]);
  expect(testsOf(run, recordsWith(1, { gain: 3, taken: 3, labels: false }))).toEqual([]);
  const made = auditOf({ seed: 1, shortcut: 'tint', share: 0.5, bare: true, pictures: 60 });
  expect(testsOf(made.run, made.records)).toEqual([]);
  // All of one colour: tints do not vary.
  const [first] = recordsWith(1, { gain: 3, taken: 3 }) as [AuditRecord];
  const alike = recordsWith(1, { gain: 3, taken: 3 }).map((record) => ({ ...record, thumb: first.thumb! }));
  expect(testsOf(run, alike)).toEqual([]);
});
