import { DATA_TYPES, Tensor, type ValueName } from '@seewhy/onnx';
import type { Seed, SeedFacts } from '../seed.ts';
import { perItem } from './per-item.ts';

/**
 * One number of a value: 1 at its place, 0 elsewhere.
 * @param place int64 `[M, axes without the batch]` (M: 1 or N)
 */
export function elementSeed(facts: SeedFacts, value: ValueName, place: ValueName): Seed {
  const { b, shapes, types } = facts;
  const shape = shapes.get(value)!;
  const type = types.get(value) ?? 'float32';
  const axes = shape.slice(1).map((_, axis) => axis + 1);
  const hots = axes.map((axis) => {
    const size = shape[axis] as number;
    const numbers = Tensor.int64(
      Array.from({ length: size }, (_, i) => i),
      shape.map((_, at) => (at === axis ? size : 1)),
    );
    const wanted = b.reshape(
      b.slice(place, [axis - 1], [axis], [1]),
      shape.map((_, at) => (at === 0 ? -1 : 1)),
    );
    return b.cast(b.equal(wanted, b.constant(numbers, 'places')), DATA_TYPES[type].code);
  });
  const one = b.constant(
    Tensor.floats(
      [1],
      shape.map(() => 1),
      type,
    ),
  );
  const hot = hots.reduce((product, next) => b.mul(product, next), one);
  const seed = shape[0] === 1 ? hot : b.expand(hot, b.shape(value));
  const score = axes.length === 0 ? value : b.reduceSum(b.mul(seed, value), axes, false);
  return { of: value, seed, index: perItem(facts, -1), ofClass: false, hot: false, score };
}
