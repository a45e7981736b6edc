import { type AttributeInput, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import type { OpCase } from './harness.ts';

/** Opsets at which rules are tried: the oldest, those where forms changed, the runtime's newest. */
export const OPSETS = [13, 14, 16, 17, 18, 19, 20, 21, 23, 24, 26] as const;

/** An opset from `oldest` to `newest`. */
export const opset = (oldest = 13, newest = 26) =>
  fc.constantFrom(...OPSETS.filter((version) => version >= oldest && version <= newest));

export const profile = fc.constantFrom('native', 'wasm', 'webgpu' as const) as fc.Arbitrary<
  'native' | 'wasm' | 'webgpu'
>;

/** Dimensions of 1 to `largest`. */
export const shape = (ranks: { min?: number; max?: number } = {}, largest = 4) =>
  fc.array(fc.integer({ min: 1, max: largest }), { minLength: ranks.min ?? 0, maxLength: ranks.max ?? 4 });

/** Several shapes that broadcast to one: each a tail of the whole with some dimensions 1. */
export const broadcastable = (count: number) =>
  shape({ min: 1, max: 4 }).chain((whole) =>
    fc.tuple(
      fc.constant(whole),
      ...Array.from({ length: count - 1 }, () =>
        fc
          .tuple(fc.integer({ min: 0, max: whole.length }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
          .map(([skipped, ones]) => whole.slice(skipped).map((dim, axis) => (ones[axis] ? 1 : dim))),
      ),
    ),
  );

export const variable = (dims: readonly number[], low = -1, high = 1) => ({ variable: dims, low, high });
export const exactly = (dims: readonly number[], values: readonly number[]) => ({ variable: dims, values });
export const ints = (values: readonly number[], dims?: readonly number[]) => ({ constant: Tensor.int64(values, dims) });
export const floats = (values: readonly number[], dims?: readonly number[]) => ({
  constant: Tensor.floats(values, dims),
});

/** A case of one op on one variable. */
export const unary = (
  op: string,
  dims: readonly number[],
  range: readonly [number, number],
  attributes: Record<string, AttributeInput> = {},
  rest: Partial<OpCase> = {},
): OpCase => ({ op, attributes, inputs: [variable(dims, ...range)], ...rest });

/** Runs a property a few times, the same ones each time. */
export async function forAll<T>(
  values: fc.Arbitrary<T>,
  check: (value: T) => Promise<unknown>,
  runs = 12,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      await check(value);
    }),
    { seed: 20260, numRuns: runs, endOnFailure: false },
  );
}

/** Well-separated values in a shuffled order, none at 0: for ops with kinks. */
export function separated(size: number, seed = 1): number[] {
  const values = Array.from({ length: size }, (_, index) => (index - (size - 1) / 2) * 0.3 + 0.11);
  for (let index = size - 1; index > 0; index--) {
    const other = (index * 7919 + seed * 104729) % (index + 1);
    [values[index], values[other]] = [values[other]!, values[index]!];
  }
  return values;
}
