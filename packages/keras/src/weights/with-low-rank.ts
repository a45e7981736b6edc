import { Tensor } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import type { RawWeight, WeightSpec } from './source.ts';
import { toFloat32 } from './to-float32.ts';

/** The two factors that a layer with LoRA keeps beside a weight: `lora_kernel_a`, `lora_kernel_b`. */
export const lowRankSpecs = (spec: WeightSpec): readonly WeightSpec[] =>
  ['a', 'b'].map((side) => ({ ...spec, name: `lora_${spec.name}_${side}`, shape: [] }));

/**
 * A weight with what LoRA has learned beside it: W + (α/r) · A B, A `[…, r]`, B `[r, n]`. Keras adds them up itself when it writes a `.keras` file,
 * not in an HDF5 file of the older layout.
 * @param alpha α, from the layer's options
 * @throws WEIGHT_MISMATCH where the three do not fit
 */
export function withLowRank(
  weight: Tensor,
  [a, b]: readonly [RawWeight, RawWeight],
  alpha: number,
  spec: WeightSpec,
  label: string,
): Tensor {
  const [nameA, nameB] = lowRankSpecs(spec).map(({ name }) => name) as [string, string];
  const rank = b.dims[0] ?? 0;
  const columns = weight.dims.at(-1)!;
  const wantedA = [...weight.dims.slice(0, -1), rank];
  if (!(rank > 0) || b.dims.join() !== [rank, columns].join())
    throw errors.weightShape(label, nameB, b.dims, [null, columns]);
  if (a.dims.join() !== wantedA.join()) throw errors.weightShape(label, nameA, a.dims, wantedA);
  const [left, right] = [toFloat32(a, label, nameA).numbers(), toFloat32(b, label, nameB).numbers()];
  const values = Float32Array.from(weight.numbers(), (value, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += left[row * rank + k]! * right[k * columns + column]!;
    return value + (alpha / rank) * sum;
  });
  return Tensor.of('float32', weight.dims, values);
}
