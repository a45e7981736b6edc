import { isObject, type Json } from '../archive/json.ts';
import type { LayerConfig } from './config.ts';

/** The dtype policy of a layer: Keras 2 and 3 write a text or an object. */
function policyOf({ config }: LayerConfig): unknown {
  const { dtype } = config;
  if (!isObject(dtype)) return dtype;
  const inner: Json = isObject(dtype.config) ? dtype.config : {};
  return inner.name ?? inner.mode;
}

/** The precision that a layer computes in, where it is not float32: `mixed_float16`, `float16`, `bfloat16`, `float64`, `float8` … */
export function otherPrecision(layer: LayerConfig): string | undefined {
  const policy = policyOf(layer);
  return typeof policy === 'string' && /float/.test(policy) && policy !== 'float32' ? policy : undefined;
}

/** How a layer's weights are packed, where several of them share a byte: `int4/128`, `gptq/4/128`. */
export function packedBits(layer: LayerConfig): string | undefined {
  const policy = policyOf(layer);
  return typeof policy === 'string' && /^(int4|gptq|awq)/.test(policy) ? policy : undefined;
}

/** How far a precision is from float32, relative to the values: what is told of it. */
const AWAY: readonly (readonly [RegExp, string])[] = [
  [/float64/, 'about 1e-7'],
  [/bfloat16|int8/, 'about 1e-2'],
  [/float8/, 'up to 1e-1'],
  [/./, 'about 1e-3'],
];

/** What is told of layers that Keras computes in another precision. */
export function precisionNotice(policy: string, layers: readonly string[]): string {
  const which = layers.length === 1 ? `the layer '${layers[0]}'` : `${layers.length} layers, '${layers[0]}' first`;
  const [, away] = AWAY.find(([pattern]) => pattern.test(policy))!;
  return `The file says ${policy} of ${which}; everything is computed in float32 here, so values differ from Keras's own by ${away} of their size.`;
}
