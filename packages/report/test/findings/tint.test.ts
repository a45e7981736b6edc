import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { toBase64 } from '../../src/base64.ts';
import { contextOf } from '../../src/findings/context.ts';
import { type Look, looksOf } from '../../src/findings/shortcut/look.ts';
import { GRAIN, overallLook } from '../../src/findings/shortcut/overall-look.ts';
import { tinted } from '../../src/findings/shortcut/tint.ts';
import { binary, METHODS, mapOf, recordOf, runOf } from './records.ts';

const probability = (odds: number) => 1 / (1 + Math.exp(-odds));

interface Made {
  /** Log-odds of class 1 that a green ground gives. */
  readonly gain: number;
  /** Shares of the pictures of class 1 and of the others that have a green ground. */
  readonly shares?: readonly [own: number, others: number];
}

/** 200 pictures on grey or green grounds; what has a green one is foreign to the model in grey, and its decision falls. */
function said({ gain, shares: [own, others] = [0.5, 0.1] }: Made) {
  const random = randomStream(6, 'tint');
  const records = Array.from({ length: 200 }, (_, i) => {
    const label = i % 2;
    const green = random.uniform() < (label === 1 ? own : others);
    const light = 100 + 60 * random.uniform();
    const [red, blue] = [0, 0].map(() => 1 + 0.1 * random.normal());
    const colour = green ? [0.5 * light, light, 0.5 * light] : [light * red!, light, light * blue!];
    const thumb = Uint8Array.from(
      { length: 1024 },
      (_, at) => (at % 4 < 3 ? colour[at % 4]! : 0) + 4 * random.uniform(),
    );
    const odds = (label === 1 ? 3 : -3) + (green ? gain : 0) + 0.5 * random.normal();
    const target = odds >= 0 ? 1 : 0;
    const falls = target === 1 && green;
    return recordOf(i, {
      label: [label],
      scores: binary(probability(odds)),
      thumb: toBase64(thumb),
      probes: { target, before: probability(Math.abs(odds)), neutral: falls ? 0.1 : probability(Math.abs(odds)) },
      maps: { gradcam: mapOf({ target }) },
    });
  });
  const context = contextOf(runOf({ methods: [METHODS.gradcam] }), records, []);
  const all = looksOf(context, 'gradcam');
  const tests = tinted(
    context,
    1,
    all.filter(({ target }) => target === 1),
    all,
  );
  return tests.flatMap(({ p, suspect }) => (suspect && p < 0.01 ? [suspect.what] : []));
}

it('a ground whose colour decides is told', () =>
  expect(said({ gain: 4 })).toEqual(['the colour cast of the whole picture']));

it('not where the score is the same without it: grey is merely foreign to the model', () =>
  expect(said({ gain: 0 })).toEqual([]));

it('where all of a class have it and no others, the score cannot tell', () =>
  expect(said({ gain: 0, shares: [1, 0] })).toEqual(['the colour cast of the whole picture']));

describe('a look that pictures have in common', () => {
  /** Pictures with as much fine drawing everywhere. */
  const drawn = (amounts: readonly number[]) =>
    amounts.map(
      (amount) => ({ thumb: Uint8Array.from({ length: 1024 }, (_, at) => (at % 4 < 3 ? 120 : amount)) }) as Look,
    );
  const plain = drawn(Array.from({ length: 40 }, () => 0));
  const mostly = (share: number) => drawn(Array.from({ length: 40 }, (_, i) => (i < share * 40 ? 36 + (i % 3) : 0)));

  it('is one where nearly all of them have it', () => {
    const look = overallLook(GRAIN, mostly(0.95), plain);
    expect(look).toMatchObject({ zones: 2 });
    expect(mostly(0.95).filter(({ thumb }) => look!.present(thumb!))).toHaveLength(38);
    expect(plain.filter(({ thumb }) => look!.present(thumb!))).toEqual([]);
  });

  it('is none where a part of them looks as the others do', () =>
    expect(overallLook(GRAIN, mostly(0.7), plain)).toBeUndefined());
});
