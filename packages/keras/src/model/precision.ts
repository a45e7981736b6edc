import { isObject } from '../archive/json.ts';
import type { LayerConfig } from './config.ts';

/**
 * The precision that a layer computes in, where it is not float32: `mixed_float16`, `float16`, `bfloat16`, `float64` … Keras 2 and 3
 * write a text or a policy object.
 */
export function otherPrecision({ config }: LayerConfig): string | undefined {
  const { dtype } = config;
  const policy = isObject(dtype) && isObject(dtype.config) ? dtype.config.name : dtype;
  return typeof policy === 'string' && /float/.test(policy) && policy !== 'float32' ? policy : undefined;
}

/** What is told of layers that Keras computes in another precision. */
export function precisionNotice(policy: string, layers: readonly string[]): string {
  const which = layers.length === 1 ? `the layer '${layers[0]}'` : `${layers.length} layers, '${layers[0]}' first`;
  const away = /float64/.test(policy) ? 'about 1e-7' : /bfloat16/.test(policy) ? 'about 1e-2' : 'about 1e-3';
  return `The file says ${policy} of ${which}; everything is computed in float32 here, so values differ from Keras's own by ${away} of their size.`;
}
