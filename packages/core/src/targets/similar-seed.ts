import { DATA_TYPES, type ValueName } from '@seewhy/onnx';
import type { Seed, SeedFacts } from '../seed.ts';
import { perItem } from './per-item.ts';

/** A vector shorter than this has no direction. */
const SHORTEST = 1e-12;

/**
 * Cosine similarity of the explained output's vector v (before the activation) to a given u: s = v·û / |v| with û = u / |u|. Its gradient
 * with respect to v is (û − s · v/|v|) / |v|. Computed in float32 at least.
 * @param vector û, float32 `[M, D]` (M: 1 or N)
 */
export function similarSeed(facts: SeedFacts, vector: ValueName): Seed {
  const { b, logits, shapes, types } = facts;
  const shape = shapes.get(logits)!;
  const type = types.get(logits) ?? 'float32';
  const within = type === 'float16' ? 'float32' : type;
  const cast = (value: ValueName, from: string, to: 'float16' | 'float32' | 'float64') =>
    from === to ? value : b.cast(value, DATA_TYPES[to].code);
  const flat = shape.length === 2 ? logits : b.reshape(logits, [-1, sizeOf(shape.slice(1))]);
  const v = cast(flat, type, within as 'float32');
  const u = cast(vector, 'float32', within as 'float32');
  const length = b.op('Max', [b.reduce('ReduceL2', v, [1]), b.scalar(SHORTEST, within)]);
  const unit = b.div(v, length);
  const similarity = b.reduceSum(b.mul(unit, u), [1]);
  const gradient = cast(b.div(b.sub(u, b.mul(similarity, unit)), length), within, type as 'float32');
  return {
    of: logits,
    seed: shape.length === 2 ? gradient : b.reshape(gradient, b.shape(logits)),
    index: perItem(facts, -1),
    ofClass: false,
    hot: false,
    score: cast(b.reshape(similarity, [-1]), within, type as 'float32'),
  };
}

/** A vector of length 1. */
export function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / length);
}

const sizeOf = (dims: readonly unknown[]): number =>
  (dims as readonly number[]).reduce((product, dim) => product * dim, 1);
