import { randomStream } from '@seewhy/core';
import { expect, it } from 'vitest';
import { toBase64 } from '../../src/base64.ts';
import { contextOf } from '../../src/findings/context.ts';
import { looksOf } from '../../src/findings/shortcut/look.ts';
import type { Test } from '../../src/findings/shortcut/suspect.ts';
import { traitOfClass } from '../../src/findings/shortcut/trait-of-class.ts';
import type { AuditRecord } from '../../src/index.ts';
import { binary, METHODS, mapOf, recordOf, runOf } from './records.ts';

const CELLS = 256;
const probability = (odds: number) => 1 / (1 + Math.exp(-odds));

interface Made {
  readonly trait: 'dark' | 'noise' | 'blur';
  /** How much the trait counts in log-odds; how much of that the changed picture shows. */
  readonly gain: number;
  readonly proof: number;
  /** `object`: the picture's ground is black, and what lies on it is larger where there is more of the trait. */
  readonly where?: 'all' | 'middle' | 'object';
  readonly labels?: boolean;
  /** The class's objects are dark in the middle, whatever the light. */
  readonly darkObject?: boolean;
  /** The least log-odds of the class for a mean colour: it is the answer to no colour. */
  readonly blankBelow?: number;
  /** The model cares for what the few have, and not for what lights the others. */
  readonly rare?: boolean;
}

/** 160 pictures of grounds of any light and drawing, of two classes; half of class 1 has the trait, and a few others. */
function recordsWith(
  seed: number,
  { trait, gain, proof, where = 'all', labels = true, darkObject = false, blankBelow = 0, rare = false }: Made,
): AuditRecord[] {
  const random = randomStream(seed, 'trait of class');
  return Array.from({ length: 160 }, (_, i) => {
    const label = i % 2;
    const has = random.uniform() < (label === 1 ? 0.5 : 0.05);
    const light = Math.exp(4.4 + 0.5 * random.uniform() - (has && trait === 'dark' ? 0.6 : 0));
    const drawn = Math.exp(3 + 0.4 * random.normal() + (has ? { dark: -0.6, noise: 0.9, blur: -0.9 }[trait] : 0));
    const thumb = new Uint8Array(CELLS * 4);
    const reach = 16 * Math.sqrt((trait === 'dark' ? light : 4 * drawn) / 180);
    for (let cell = 0; cell < CELLS; cell++) {
      const edge = [cell % 16, Math.floor(cell / 16)].some((place) => place < 2 || place > 13);
      const hidden = where === 'middle' && edge;
      const beside = Math.max(cell % 16, Math.floor(cell / 16)) >= reach;
      if (where === 'object' && beside) continue;
      const own = darkObject && label === 0 && !edge ? 0.2 : 1;
      thumb.fill((hidden ? 100 : own * light) + 4 * random.normal(), 4 * cell, 4 * cell + 3);
      thumb[4 * cell + 3] = Math.min(255, (hidden ? 20 : drawn) * (1 + 0.1 * random.uniform()));
    }
    const amount = trait === 'dark' ? 4.65 - Math.log(light) : (Math.log(drawn) - 3) * (trait === 'blur' ? -1 : 1);
    const counts = rare ? (has ? 0.6 : -0.13 * amount) : amount;
    const toward = (label === 1 ? 2 : -2.5) + gain * counts + 0.5 * random.normal();
    const target = toward >= 0 ? 1 : 0;
    const sign = target === 1 ? 1 : -1;
    // Blank: nothing but the light speaks. Smooth: as if there were little fine drawing everywhere.
    const blank = sign * (proof * (amount - 0.3) + 0.2 * random.normal()) - blankBelow;
    const smoothed = sign * (toward + (trait === 'blur' ? proof * Math.max(0, 0.9 - amount) : -proof * amount));
    return recordOf(i, {
      label: labels ? [label] : undefined,
      scores: binary(probability(toward)),
      thumb: toBase64(thumb),
      probes: {
        target,
        before: probability(Math.abs(toward)),
        blank: probability(trait === 'dark' ? blank : -1),
        smooth: probability(trait === 'dark' ? Math.abs(toward) : smoothed),
      },
      maps: { gradcam: mapOf({ target }) },
    });
  });
}

const run = runOf({ methods: [METHODS.gradcam] });

function testsOf(made: Made, seed = 1): Test[] {
  const context = contextOf(run, recordsWith(seed, made), []);
  const all = looksOf(context, 'gradcam');
  return traitOfClass(
    context,
    1,
    all.filter(({ target }) => target === 1),
    all,
  );
}

const said = (made: Made, seed = 1) =>
  testsOf(made, seed)
    .filter(({ suspect, p }) => suspect && p < 0.01)
    .map(({ suspect }) => suspect!);

it.each([
  ['dark', 'light', 'how dark the whole picture is'],
  ['noise', 'grain', 'fine drawing all over'],
  ['blur', 'grain', 'how little fine drawing'],
] as const)('%s pictures of a class that decide are told', (trait, by, what) => {
  const [suspect] = said({ trait, gain: 4, proof: 4 });
  expect(suspect).toMatchObject({ target: 1, by, strong: false });
  expect(suspect!.what).toContain(what);
  expect(suspect!.looks.length).toBeGreaterThanOrEqual(10);
  expect(suspect!.figures.ownCorrelation).toBeGreaterThan(0.4);
});

it('also where the objects of the classes are of other lights themselves', () => {
  const [suspect] = said({ trait: 'dark', gain: 6, proof: 6, darkObject: true });
  expect(suspect).toMatchObject({ target: 1, by: 'light' });
  expect(said({ trait: 'dark', gain: 0, proof: 0, darkObject: true })).toEqual([]);
});

it('also where few of the others have it, and their light counts for nothing', () => {
  const [suspect] = said({ trait: 'dark', gain: 6, proof: 6, rare: true }, 4);
  expect(suspect).toMatchObject({ target: 1, by: 'light' });
});

it('also where the class is the answer to no mean colour', () => {
  const [suspect] = said({ trait: 'dark', gain: 4, proof: 4, blankBelow: 5 });
  expect(suspect).toMatchObject({ target: 1, by: 'light' });
  expect(suspect!.looks.length).toBeGreaterThanOrEqual(10);
  expect(suspect!.evidence.join(' ')).toContain('keep 2.7 times the odds');
});

it.each<[string, Partial<Made>]>([
  ['the model does not care', { gain: 0, proof: 0 }],
  ['the changed picture proves nothing', { proof: 0 }],
  ['scores do not go with it', { gain: 0 }],
  ['scores go the other way', { gain: -3, proof: -3 }],
  ['only the middle has it, as an object would', { where: 'middle' }],
  ['there are no labels', { labels: false }],
])('nothing is told where %s', (_, made) => {
  for (const trait of ['dark', 'noise', 'blur'] as const)
    for (const seed of [1, 2]) expect(said({ trait, gain: 4, proof: 4, ...made }, seed)).toEqual([]);
});

it('an object that fills less of a black picture does not make the picture dark', () => {
  const tried = [1, 2, 3].flatMap((seed) => testsOf({ trait: 'dark', gain: 4, proof: 4, where: 'object' }, seed));
  expect(tried.flatMap(({ suspect }) => suspect ?? [])).toEqual([]);
});

it('p-values are no smaller than chance makes them where the trait goes with the class and not with the score', () => {
  const values = Array.from(
    { length: 40 },
    (_, seed) => testsOf({ trait: 'dark', gain: 0, proof: 0 }, seed).map(({ p }) => p)[0],
  ).flatMap((p) => p ?? []);
  expect(values.length).toBeGreaterThanOrEqual(36);
  // Binomial: 8 of 40 or more at 5 % have a chance of one in a thousand.
  expect(values.filter((p) => p <= 0.05).length).toBeLessThan(8);
  expect(Math.min(...values)).toBeGreaterThan(1e-4);
});
