import { Tensor, type ValueName } from '@seewhy/onnx';
import type { SeedFacts } from '../seed.ts';

/** A constant int64 for every item, `[N]`. */
export function perItem({ b, shape, of }: Pick<SeedFacts, 'b' | 'shape' | 'of'>, value: number): ValueName {
  const one = b.constant(Tensor.int64([value]), 'class');
  if (typeof shape[0] === 'number') return shape[0] === 1 ? one : b.expand(one, [shape[0]]);
  return b.expand(one, b.slice(b.shape(of), [0], [1], [0]));
}
