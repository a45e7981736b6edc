import { isObject } from '../archive/json.ts';
import { errors } from '../errors.ts';
import type { LayerImporter, LayerTable } from '../layer.ts';
import { functionImporter } from '../layers/functions.ts';
import { LAYERS } from '../layers/table.ts';
import type { LayerConfig } from './config.ts';
import { unfitClass } from './unfit-classes.ts';

/**
 * What builds a layer's nodes: the caller's own, by class and name or by class, before Keras's. @throws LAYER_LAMBDA, LAYER_UNSUPPORTED,
 * MODEL_SUBCLASSED, LAYER_UNKNOWN, FUNCTION_UNKNOWN
 */
export function findImporter(layer: LayerConfig, label: string, dialect: 2 | 3, custom: LayerTable): LayerImporter {
  const { className } = layer;
  for (const key of [`${className}:${layer.name}`, className]) if (Object.hasOwn(custom, key)) return custom[key]!;
  if (className === 'Lambda') throw errors.lambda(label, lambdaKind(layer.config.function));
  const known = functionImporter(layer, label, dialect, custom);
  if (known) return known;
  if (Object.hasOwn(LAYERS, className)) return LAYERS[className]!;
  const unfit = unfitClass(className);
  if (unfit) throw errors.unsupported(label, unfit.why, unfit.cure);
  if ('layers' in layer.config) throw errors.subclassed(className);
  throw errors.unknownLayer(label, className, [...Object.keys(custom), ...Object.keys(LAYERS)]);
}

function lambdaKind(value: unknown): string {
  if (typeof value === 'string') return `function '${value}'`;
  if (isObject(value) && value.class_name === 'function') return `function '${String(value.config)}'`;
  return 'byte code';
}
