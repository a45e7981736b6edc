import { Tensor } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import type { RawWeight, WeightSpec } from './source.ts';
import { toFloat32 } from './to-float32.ts';

/** True for a weight of 8 bits, as `model.quantize('int8')` leaves it. */
export const isQuantised = ({ type }: RawWeight): boolean => type === 'int8';

/** The scale that Keras stores with a weight of 8 bits, behind the layer's other weights. */
export const scaleOf = ({ shape: _, scaleAxes: __, ...spec }: WeightSpec): WeightSpec => ({
  ...spec,
  name: `${spec.name}_scale`,
  shape: [],
});

/**
 * A weight of 8 bits as the float32 numbers it stands for: w = q/s.
 * @param scale s, with a size of 1 along what it is shared
 * @throws WEIGHT_MISMATCH where the two do not fit
 */
export function dequantised(raw: RawWeight, scale: RawWeight, spec: WeightSpec, label: string): Tensor {
  const rank = scale.dims.length;
  const steps = scale.dims.map((_, axis) => scale.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const axes = spec.scaleAxes!.map((axis) => (axis === null ? -1 : rank + axis));
  const fits =
    axes.length === raw.dims.length &&
    axes.every((axis, at) => axis < 0 || axis >= rank || scale.dims[axis] === 1 || scale.dims[axis] === raw.dims[at]) &&
    scale.dims.every((dim, axis) => dim === 1 || axes.includes(axis));
  if (!fits) throw errors.weightShape(label, `${spec.name}_scale`, scale.dims, raw.dims);
  const scales = toFloat32(scale, label, `${spec.name}_scale`).numbers();
  const along = axes.map((axis) => (axis < 0 || scale.dims[axis] === 1 ? 0 : steps[axis]!));
  const integers = new Tensor('int8', raw.dims, raw.read()).numbers();
  const sizes = raw.dims.map((_, axis) => raw.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const values = Float32Array.from(integers, (integer, at) => {
    let place = 0;
    for (let axis = 0; axis < sizes.length; axis++)
      place += (Math.floor(at / sizes[axis]!) % raw.dims[axis]!) * along[axis]!;
    return integer / scales[place]!;
  });
  return Tensor.of('float32', raw.dims, values);
}
