import { errors } from '../errors.ts';
import { imageDims } from '../image-input.ts';
import type { Model } from '../model.ts';
import { fillTensor } from '../perturbation/fill.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { toFloat32 } from '../tensors.ts';
import type { Baseline } from './options.ts';

/**
 * The baselines of a picture tensor, as floats in its own layout: one, or several to average over.
 * @param image `[1, …]`, as the model takes it
 * @throws BASELINE_SHAPE
 */
export function baselinesOf(baseline: Baseline, image: RunTensor, model: Pick<Model, 'image'>): Float32Array[] {
  if (typeof baseline !== 'string') {
    const given = Array.isArray(baseline) ? (baseline as readonly RunTensor[]) : [baseline as RunTensor];
    if (given.length === 0) throw errors.baselineShape([], imageDims(model.image));
    return given.map((tensor) => {
      const dims = imageDims(model.image);
      if (tensor.dims.join() !== dims.join()) throw errors.baselineShape(tensor.dims, dims);
      return toFloat32(tensor);
    });
  }
  const pixels = toFloat32(image);
  if (baseline === 'zero') return [new Float32Array(pixels.length)];
  return [fillTensor({ data: pixels, dims: image.dims }, model.image.layout, { kind: baseline }).data];
}
