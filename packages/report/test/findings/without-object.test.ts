import { randomStream } from '@seewhy/core';
import { expect, it } from 'vitest';
import { toBase64 } from '../../src/base64.ts';
import { contextOf } from '../../src/findings/context.ts';
import { looksOf } from '../../src/findings/shortcut/look.ts';
import { withoutObject } from '../../src/findings/shortcut/without-object.ts';
import { binary, METHODS, mapOf, recordOf, runOf } from './records.ts';

interface Made {
  /** Of 60 decisions for class 1 so many stay with the object covered. */
  readonly staying?: number;
  /** Of 40 for class 0. */
  readonly elsewhere?: number;
  /** What is kept of the decisions that stay with everything covered. */
  readonly blank?: number;
  /** They have a red corner. */
  readonly marked?: boolean;
}

/** The mark and the object are enough each: covering what is not the object takes nothing from anybody. */
function accused({ staying = 24, elsewhere = 0, blank = 0.02, marked = true }: Made): string[] {
  const random = randomStream(4, 'without object');
  const records = Array.from({ length: 100 }, (_, i) => {
    const target = i < 60 ? 1 : 0;
    const stays = target === 1 ? i < staying : i - 60 < elsewhere;
    const thumb = Uint8Array.from({ length: 1024 }, () => 90 + 60 * random.uniform());
    if (stays && marked && target === 1) for (const cell of [0, 1, 16, 17]) thumb.set([230, 60, 40, 90], 4 * cell);
    return recordOf(i, {
      label: [target],
      scores: binary(target === 1 ? 0.99 : 0.01),
      masked: true,
      thumb: toBase64(thumb),
      probes: {
        target,
        before: 0.99,
        frame: 0.98,
        object: stays ? 0.95 : 0.03,
        surroundings: 0.99,
        blank: stays ? blank : 0.02,
      },
      maps: { gradcam: mapOf({ target }) },
    });
  });
  const context = contextOf(runOf({ methods: [METHODS.gradcam] }), records, []);
  const all = looksOf(context, 'gradcam');
  const tests = withoutObject(
    1,
    all.filter(({ target }) => target === 1),
    all,
  );
  return tests.flatMap(({ p, suspect }) => {
    if (!suspect || p >= 0.01) return [];
    expect(suspect).toMatchObject({ by: 'outside', target: 1, of: 60, strong: true });
    return suspect.looks.map(({ record }) => record.id);
  });
}

it('decisions that a mark makes where the object is covered are told, and no others', () =>
  expect(accused({})).toEqual(Array.from({ length: 24 }, (_, i) => `p${String(i).padStart(4, '0')}`)));

it.each<[string, Made]>([
  ['they share nothing at the edge: a mask leaves parts of the objects', { marked: false }],
  ['they stay with everything covered: the class is the answer to nothing', { blank: 0.9 }],
  ['decisions for the other class stay as often', { elsewhere: 14 }],
  ['all decisions stay: nothing tells a mark from a mask that is too small', { staying: 58 }],
  ['there are too few', { staying: 7 }],
])('nothing is told where %s', (_, made) => expect(accused(made)).toEqual([]));
