import { errors } from '../errors.ts';
import type { Method } from '../methods/method.ts';
import { augmented } from './augment.ts';
import { withRandomWeights } from './random-weights.ts';
import { smoothed } from './smooth.ts';

/** What can be done to any method. */
export interface WrapOptions {
  /** Average over noisy pictures: the mean of the maps, of their squares, or their variance; brings the options samples, noise and noiseAbsolute. */
  readonly smooth?: 'mean' | 'square' | 'variance';
  /** Average over the picture and its mirror image at three contrasts. */
  readonly augment?: boolean;
  /** `random`: the map of the same network with shuffled weights, as a control; default `trained`. */
  readonly weights?: 'trained' | 'random';
}

const SMOOTH = ['mean', 'square', 'variance'];
const WEIGHTS = ['trained', 'random'];

/** Methods with what is to be done to each. @throws OPTION_INVALID, SMOOTH_TWICE */
export function wrapMethods(methods: readonly Method[], options: WrapOptions, preset: string): readonly Method[] {
  const { smooth, augment, weights } = options;
  if (smooth !== undefined && !SMOOTH.includes(smooth))
    throw errors.optionInvalid('--smooth', smooth, `one of ${SMOOTH.join(', ')}`, SMOOTH);
  if (weights !== undefined && !WEIGHTS.includes(weights))
    throw errors.optionInvalid('--weights', weights, `one of ${WEIGHTS.join(', ')}`, WEIGHTS);
  return methods.map((method) => {
    let wrapped = method;
    if (smooth !== undefined) wrapped = smoothed(wrapped, smooth);
    if (augment) wrapped = augmented(wrapped, preset);
    if (weights === 'random') wrapped = withRandomWeights(wrapped);
    return wrapped;
  });
}
