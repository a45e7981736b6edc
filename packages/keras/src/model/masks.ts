import type { ValueName } from '@seewhy/onnx';
import { isLayerValue, type LayerContext } from '../layer.ts';
import type { LayerConfig } from './config.ts';
import type { Emitter } from './emitter.ts';
import type { LayerValue } from './layer-value.ts';

/** Layers that hand the mask of their first input on to their first result: those of Keras with `supports_masking`. */
const PASSING = new Set([
  ...['Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'Softmax', 'ThresholdedReLU'],
  ...['Dense', 'TimeDistributed', 'MultiHeadAttention', 'GroupedQueryAttention', 'GroupQueryAttention'],
  ...['LayerNormalization', 'BatchNormalization', 'GroupNormalization', 'UnitNormalization'],
  ...['Dropout', 'SpatialDropout1D', 'SpatialDropout2D', 'SpatialDropout3D', 'AlphaDropout', 'GaussianDropout'],
  ...['GaussianNoise', 'ActivityRegularization'],
]);
/** Those that do so in Keras 3 only. */
const PASSING_IN_KERAS_3 = new Set(['Rescaling', 'Normalization', 'Identity']);
/** Masked where all their inputs are, if all have a mask. */
const MERGING = new Set(['Add', 'Subtract', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate']);
/** Modules of `keras.ops`. */
const FUNCTION = /(^|\.)ops(\.|$)/;
/** They use a mask, and there is none behind them. */
const ENDING = new Set(['GlobalAveragePooling1D', 'GlobalAvgPool1D', 'Dot']);

/** The mask `[N, T]` of a layer's input: given with the call, or the one that the input brings. */
export function maskOf(layer: LayerContext, x: LayerValue): ValueName | undefined {
  const given = layer.kwargs.mask;
  return isLayerValue(given) ? given.value : x.mask;
}

/**
 * Results of a layer that does not make masks itself, with the masks that Keras gives them.
 * @returns `lost`: a mask ends here although the layer does not use it, as Keras warns
 */
export function withMasks(
  b: Emitter,
  layer: Pick<LayerConfig, 'className' | 'module' | 'config'>,
  dialect: 2 | 3,
  inputs: readonly LayerValue[],
  results: readonly LayerValue[],
): { readonly results: readonly LayerValue[]; readonly lost: boolean } {
  const bare = results.map(({ mask: _, ...result }): LayerValue => result);
  const masks = inputs.map(({ mask }) => mask);
  if (bare.length === 0 || masks.every((mask) => mask === undefined)) return { results: bare, lost: false };
  const { className, module, config } = layer;
  // A function has no masks in Keras either.
  if (FUNCTION.test(module)) return { results: bare, lost: false };
  if (PASSING.has(className) || (dialect === 3 && PASSING_IN_KERAS_3.has(className)))
    return { results: masked(bare, masks[0]), lost: false };
  if (MERGING.has(className)) {
    const along = className === 'Concatenate' ? config.axis : -1;
    const rank = inputs[0]!.shape.length;
    if (along === 1 && rank > 2)
      return {
        results: masked(
          bare,
          b.concat(
            inputs.map((x) => maskOrOnes(b, x)),
            1,
          ),
        ),
        lost: false,
      };
    const all = masks.every((mask) => mask !== undefined);
    return {
      results: masked(bare, all ? (masks as ValueName[]).reduce((a, c) => b.op('Or', [a, c])) : undefined),
      lost: false,
    };
  }
  return { results: bare, lost: !ENDING.has(className) };
}

function masked([first, ...rest]: readonly LayerValue[], mask: ValueName | undefined): LayerValue[] {
  return [mask === undefined ? first! : { ...first!, mask }, ...rest];
}

/** Of a value without a mask all steps count. */
function maskOrOnes(b: Emitter, x: LayerValue): ValueName {
  if (x.mask !== undefined) return x.mask;
  const size = b.slice(b.shape(b.plain(x)), [0], [2], [0]);
  return b.cast(b.op('Expand', [b.scalar(1), size]), BOOL);
}

/** ONNX's number for bool. */
const BOOL = 9;
