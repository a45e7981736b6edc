import type { Tensor } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import type { LayerOptions } from '../layer.ts';
import { dequantised, isQuantised, scaleOf } from '../weights/dequantised.ts';
import type { LayerPlace, RawWeight, WeightSource, WeightSpec } from '../weights/source.ts';
import { toFloat32 } from '../weights/to-float32.ts';
import { lowRankSpecs, withLowRank } from '../weights/with-low-rank.ts';

/** What is told while weights are fetched. */
interface Told {
  /** Some of the layer's weights are int8 with a scale. */
  quantised(): void;
  notice(text: string): void;
}

/** A layer's weights as float32, by {@link weightKey}. */
export function fetchWeights(
  source: WeightSource,
  specs: readonly WeightSpec[],
  options: LayerOptions,
  where: LayerPlace,
  told: Told,
): ReadonlyMap<string, Tensor> {
  const found = specs.length === 0 ? [] : source.find(where, specs);
  const weights = new Map<string, Tensor>();
  // Scales lie behind all other weights of their owner.
  const small = specs.filter((spec, index) => spec.scaleAxes && isQuantised(found[index]!));
  const scales = small.length === 0 ? [] : source.find(where, [...specs, ...small.map(scaleOf)]);
  if (small.length > 0) told.quantised();
  for (const [index, spec] of specs.entries()) {
    const scale = small.includes(spec) ? scales[specs.length + small.indexOf(spec)] : undefined;
    const tensor = asTensor(found[index]!, spec, where.label, told, scale);
    weights.set(weightKey(spec), adapted(source, tensor, spec, options, where));
  }
  return weights;
}

function asTensor(raw: RawWeight, spec: WeightSpec, label: string, told: Told, scale?: RawWeight): Tensor {
  const name = weightKey(spec);
  const fits =
    raw.dims.length === spec.shape.length &&
    raw.dims.every((dim, axis) => spec.shape[axis] === null || spec.shape[axis] === dim);
  if (!fits) throw errors.weightShape(label, name, raw.dims, spec.shape);
  if (scale) return dequantised(raw, scale, spec, label);
  // Without its scale such a weight means nothing.
  if (isQuantised(raw)) throw errors.weightType(label, name, raw.type);
  if (raw.type === 'float64') told.notice('Weights in double precision (float64) are used as float32.');
  return toFloat32(raw, label, name);
}

/** A weight with its LoRA, where the file keeps the two apart. */
function adapted(
  source: WeightSource,
  weight: Tensor,
  spec: WeightSpec,
  options: LayerOptions,
  where: LayerPlace,
): Tensor {
  const [a, b] = lowRankSpecs(spec).map((factor) => source.beside?.(where, factor));
  if (!a || !b) return weight;
  // Of layers inside a layer Keras does not write α.
  if (spec.owner !== undefined)
    throw errors.unsupported(
      where.label,
      `LoRA of its '${spec.owner}', whose alpha an .h5 file does not tell`,
      "Save the model as .keras, which adds up both: model.save('model.keras').",
    );
  return withLowRank(weight, [a, b], options.number('lora_alpha', b.dims[0]), spec, where.label);
}

const weightKey = (spec: WeightSpec): string => (spec.owner ? `${spec.owner}/${spec.name}` : spec.name);
