import { Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactly, forAll, ints, opset, profile, separated, shape, variable } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase } from '../harness.ts';
import { checkBatched, checkHalf } from '../variants.ts';

const size = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const PROFILES = ['native', 'wasm', 'webgpu'] as const;

describe('TopK', () => {
  it('largest and smallest, every axis, in every profile', async () => {
    await forAll(
      fc.record({
        dims: shape({ min: 1, max: 3 }, 5),
        pick: fc.nat(),
        count: fc.nat(),
        largest: fc.constantFrom(0, 1),
        version: opset(),
        profile,
      }),
      ({ dims, pick, count, largest, version, profile }) => {
        const axis = pick % dims.length;
        const k = 1 + (count % dims[axis]!);
        const c: OpCase = {
          op: 'TopK',
          opset: version,
          profile,
          outputs: 2,
          attributes: { axis, largest },
          inputs: [exactly(dims, separated(size(dims), k)), ints([k])],
        };
        return checkRule(c);
      },
      24,
    );
    for (const profile of PROFILES) {
      const c: OpCase = { op: 'TopK', profile, outputs: 2, inputs: [variable([1, 4]), ints([2])] };
      await checkBatched(c);
      await checkHalf(c, 1e-2);
    }
  });
});

describe('what stops and what is refused', () => {
  it('Compress and Unique', async () => {
    const compress: OpCase = {
      op: 'Compress',
      inputs: [variable([4]), { constant: Tensor.of('bool', [4], Uint8Array.of(1, 0, 1, 1)) }],
    };
    await expect(emitted(compress)).rejects.toMatchObject({ code: 'GRADIENT_REFUSED' });
    await expect(emitted({ op: 'Unique', inputs: [variable([4])] })).rejects.toMatchObject({
      code: 'GRADIENT_REFUSED',
    });
    await expect(emitted({ op: 'NonZero', inputs: [variable([4])] })).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });
});
