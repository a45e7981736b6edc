import { Tensor } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { checkRule, emitted, type OpCase, weights } from '../harness.ts';
import { checkBatched } from '../variants.ts';

const size = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** Movements of up to 1.6 pixels, each at least an eighth off a whole number, so that no step crosses a pixel. */
const movements = (dims: readonly number[]) =>
  Float32Array.from({ length: size(dims) }, (_, k) => Math.floor(3 * Math.sin(2.3 * k)) / 2 + 0.2 + 0.05 * Math.sin(k));

const masks = (dims: readonly number[]) =>
  Float32Array.from({ length: size(dims) }, (_, k) => 0.6 + 0.4 * Math.cos(1.9 * k));

interface Setting {
  readonly name: string;
  readonly picture: readonly number[];
  readonly weight: readonly number[];
  readonly cells: readonly [number, number];
  readonly groups?: number;
  readonly attributes?: Record<string, number | number[]>;
  readonly masked?: boolean;
}

const SETTINGS: readonly Setting[] = [
  { name: 'plain', picture: [1, 2, 4, 5], weight: [3, 2, 2, 2], cells: [3, 4] },
  {
    name: 'padded, with strides and masks',
    picture: [2, 2, 5, 4],
    weight: [2, 2, 3, 3],
    cells: [3, 2],
    attributes: { pads: [1, 1, 1, 1], strides: [2, 2] },
    masked: true,
  },
  {
    name: 'groups of channels and of movements, dilated, padded unevenly',
    picture: [1, 4, 5, 4],
    weight: [2, 2, 2, 3],
    cells: [5, 2],
    groups: 2,
    attributes: { group: 2, offset_group: 2, dilations: [2, 1], pads: [1, 0, 1, 0] },
    masked: true,
  },
];

/** The operator with one input open and the others constant; all open for `all`. */
function caseOf(s: Setting, open: 'picture' | 'movements' | 'masks' | 'all', opset = 19): OpCase {
  const taps = s.weight[2]! * s.weight[3]!;
  const moved = [s.picture[0]!, (s.groups ?? 1) * taps * 2, ...s.cells];
  const masked = [s.picture[0]!, (s.groups ?? 1) * taps, ...s.cells];
  const input = (name: typeof open, dims: readonly number[], values: Float32Array) =>
    open === name || open === 'all' ? { variable: dims, values } : { constant: Tensor.floats(values, dims) };
  const picture = Float32Array.from({ length: size(s.picture) }, (_, k) => Math.sin(1.7 * k + 0.3));
  return {
    op: 'DeformConv',
    opset,
    attributes: s.attributes ?? {},
    inputs: [
      input('picture', s.picture, picture),
      { constant: weights(3, ...s.weight) },
      input('movements', moved, movements(moved)),
      { constant: weights(4, s.weight[0]!) },
      ...(s.masked ? [input('masks', masked, masks(masked))] : []),
    ],
  };
}

describe('DeformConv', () => {
  it.each(SETTINGS)('$name: the picture', async (s) => {
    for (const opset of [19, 22]) await checkRule(caseOf(s, 'picture', opset), { linear: true });
  });

  it.each(SETTINGS)('$name: the movements', async (s) => {
    await checkRule(caseOf(s, 'movements'), { step: 1e-2, tolerance: 2e-3 });
  });

  it.each(SETTINGS.filter(({ masked }) => masked))('$name: the masks', async (s) => {
    await checkRule(caseOf(s, 'masks'), { linear: true });
  });

  it('works for any batch', async () => {
    await checkBatched(caseOf({ ...SETTINGS[2]!, picture: [1, 4, 5, 4] }, 'all'));
  });

  it('without movements is a convolution', async () => {
    const s = SETTINGS[0]!;
    const still = caseOf(s, 'picture');
    const zero = { constant: Tensor.floats(new Float32Array(8 * 12), [1, 8, 3, 4]) };
    await checkRule({ ...still, inputs: still.inputs.with(2, zero) }, { linear: true });
  });

  it('refuses a weight that is computed from the picture', async () => {
    const c = caseOf(SETTINGS[0]!, 'picture');
    await expect(emitted({ ...c, inputs: c.inputs.with(1, { variable: [3, 2, 2, 2] }) })).rejects.toMatchObject({
      code: 'GRADIENT_REFUSED',
    });
  });
});
