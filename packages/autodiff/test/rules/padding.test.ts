import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floats, forAll, ints, opset, profile, shape, variable } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase } from '../harness.ts';
import { atRunTime, checkBatched, checkEntries, checkHalf } from '../variants.ts';

const linear = { linear: true };
const one = (op: string, dims: readonly number[], rest: Partial<OpCase> = {}, ...more: OpCase['inputs']): OpCase => ({
  op,
  ...rest,
  inputs: [variable(dims), ...more],
});
/** A case is right by differences, entry by entry, with a free batch and in float16. */
async function everyWay(c: OpCase, ways: { batch?: boolean; half?: boolean } = {}) {
  await checkRule(c, linear);
  await checkEntries(c);
  if (ways.batch ?? true) await checkBatched(c);
  if (ways.half ?? true) await checkHalf(c, 1e-2);
}

describe('Pad', () => {
  const margins = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 });
  it('constant borders, also negative', async () => {
    await forAll(
      fc.record({
        dims: shape({ min: 1, max: 4 }, 5),
        pads: fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 8, maxLength: 8 }),
        version: opset(),
      }),
      ({ dims, pads, version }) => {
        const rank = dims.length;
        const kept = dims.map((dim, axis) =>
          dim > 2 ? [pads[axis]!, pads[axis + 4]!] : [Math.abs(pads[axis]!), Math.abs(pads[axis + 4]!)],
        );
        const all = [...kept.map(([begin]) => begin!), ...kept.map(([, end]) => end!)];
        expect(all.length).toBe(2 * rank);
        return checkRule(one('Pad', dims, { opset: version }, ints(all), floats([0.7], [])), linear);
      },
      25,
    );
    await everyWay(one('Pad', [1, 3, 3], {}, ints([0, 1, -1, 0, 2, 0])));
  });
  for (const mode of ['reflect', 'edge', 'wrap'])
    it(`${mode} borders`, async () => {
      await forAll(
        fc.record({
          dims: shape({ min: 1, max: 4 }, 5),
          pads: margins,
          version: opset(mode === 'wrap' ? 19 : 13),
          profile,
        }),
        ({ dims, pads, version, profile }) => {
          const most = (dim: number) => (mode === 'reflect' ? dim - 1 : mode === 'wrap' ? dim : 3);
          const kept = dims.map((dim, axis) => [pads[axis]!, pads[axis + 4]!].map((pad) => Math.min(pad, most(dim))));
          const all = [...kept.map(([begin]) => begin!), ...kept.map(([, end]) => end!)];
          return checkRule(one('Pad', dims, { opset: version, profile, attributes: { mode } }, ints(all)), linear);
        },
        20,
      );
      const rest = { opset: 19, attributes: { mode } };
      await everyWay(one('Pad', [1, 3, 3], rest, ints([0, 1, 1, 0, 2, 0])), { half: false });
      await checkBatched(one('Pad', [1, 3, 3, 2], rest, ints([0, 1, 1, 0, 0, 2, 0, 0])));
      await checkHalf(one('Pad', [1, 3, 3, 2], rest, ints([0, 1, 1, 0, 0, 2, 0, 0])), 1e-2);
    });
  it('axes as an input, from opset 18 on', async () => {
    await checkRule(one('Pad', [2, 3, 4], { opset: 18 }, ints([1, 2, 3, 0]), null, ints([2, -2])), linear);
    await checkRule(
      one('Pad', [2, 3, 4], { opset: 18, attributes: { mode: 'reflect' } }, ints([1, 2, 3, 0]), null, ints([2, -2])),
      linear,
    );
  });
  it('pads computed at run time', async () => {
    for (const c of [
      one('Pad', [1, 3, 3], {}, ints([0, 1, 2, 0, 2, 0])),
      one('Pad', [1, 3, 4], {}, ints([0, -1, 1, 0, 1, -2])),
      one('Pad', [1, 3, 4], { opset: 18 }, ints([1, 2, 3, 0]), null, ints([1, -1])),
    ]) {
      await checkRule(atRunTime(c), linear);
      await checkBatched(atRunTime(c));
    }
    const reflected = one('Pad', [1, 3], { attributes: { mode: 'reflect' } }, ints([0, 1, 0, 1]));
    await expect(emitted(atRunTime(reflected))).rejects.toMatchObject({ code: 'GRADIENT_REFUSED' });
  });
  it('emits a Slice for constant borders', async () => {
    expect(await emitted(one('Pad', [1, 3, 4, 4], {}, ints([0, 0, 1, 1, 0, 0, 2, 2])))).toMatchInlineSnapshot(
      `"g/Slice = Slice(seed, [1, 1], [5, 5], [2, 3])"`,
    );
  });
});
