import { isObject, type Json } from '../archive/json.ts';
import type { LayerConfig, ModelConfig } from './config.ts';

/**
 * A model that TensorFlow.js made and wrote, with that said in its options which TensorFlow.js leaves out or does otherwise than Keras:
 * its SeparableConv2D does not write `depth_multiplier`, which its weights tell; its bilinear UpSampling2D takes the corner of a pixel for
 * its place, Keras the centre.
 */
export function tfjsConfig(model: ModelConfig): ModelConfig {
  return { ...model, layers: model.layers.map(tfjsLayer) };
}

function tfjsLayer(layer: LayerConfig): LayerConfig {
  const config = tfjsOptions(layer.className, layer.config);
  return { ...layer, config, ...(layer.model ? { model: tfjsConfig(layer.model) } : {}) };
}

function tfjsOptions(className: string, config: Json): Json {
  const { layer } = config;
  if (isObject(layer) && isObject(layer.config))
    return { ...config, layer: { ...layer, config: tfjsOptions(String(layer.class_name), layer.config) } };
  if (className === 'SeparableConv2D' && config.depth_multiplier === undefined)
    return { ...config, depth_multiplier: 'of the weights' };
  return className === 'UpSampling2D' ? { ...config, half_pixel_centers: false } : config;
}

/** Layers of a Keras model that TensorFlow.js would run otherwise than Keras, by name. */
export function otherInTfjs(model: ModelConfig): string[] {
  return model.layers.flatMap((layer) => {
    if (layer.model) return otherInTfjs(layer.model).map((name) => `${layer.name}/${name}`);
    return layer.className === 'UpSampling2D' && layer.config.interpolation === 'bilinear' ? [layer.name] : [];
  });
}
