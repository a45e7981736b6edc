import { Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { forAll } from '../arbitrary.ts';
import { checkRule, type OpCase } from '../harness.ts';
import { checkBatched } from '../variants.ts';

const setting = fc.record({
  opset: fc.constantFrom(17, 19, 20),
  size: fc.integer({ min: 2, max: 6 }),
  other: fc.integer({ min: 1, max: 3 }),
  longer: fc.constantFrom(undefined, -1, 0, 2),
  first: fc.boolean(),
  kind: fc.constantFrom('real', 'complex', 'inverse', 'onesided'),
});
type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;

function caseOf({ opset, size, other, longer, first, kind }: Setting): OpCase {
  const pair = kind === 'real' || kind === 'onesided' ? 1 : 2;
  const axis = first ? 1 : 2;
  const length = longer === undefined ? null : { constant: Tensor.int64([size + longer], []) };
  const attributes = { inverse: kind === 'inverse' ? 1 : 0, onesided: kind === 'onesided' ? 1 : 0 };
  const dims = first ? [2, size, other, pair] : [2, other, size, pair];
  return opset >= 20
    ? { op: 'DFT', opset, attributes, inputs: [{ variable: dims }, length, { constant: Tensor.int64([axis], []) }] }
    : { op: 'DFT', opset, attributes: { ...attributes, axis }, inputs: [{ variable: dims }, length] };
}

describe('DFT', () => {
  it('has the transform back as its adjoint: real, complex, inverse, half a spectrum, padded and cut', () =>
    forAll(setting, async (s) => {
      await checkRule(caseOf(s), { linear: true });
    }));

  it('works for any batch', async () => {
    await checkBatched(caseOf({ opset: 20, size: 4, other: 3, longer: undefined, first: true, kind: 'onesided' }));
  });

  it.each([4, 5])('half a spectrum back to a signal of %i values', async (length) => {
    const attributes = { inverse: 1, onesided: 1 };
    const spectrum = { variable: [2, 3, Math.floor(length / 2) + 1, 2] };
    const inputs = [spectrum, { constant: Tensor.int64([length], []) }, { constant: Tensor.int64([2], []) }];
    await checkRule({ op: 'DFT', opset: 20, attributes, inputs }, { linear: true });
  });
});
