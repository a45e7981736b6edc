import type { LayerTable } from '../layer.ts';
import { ACTIVATION_LAYERS } from './activation.ts';
import { ATTENTION_LAYERS } from './attention.ts';
import { CATEGORY_LAYERS } from './categories.ts';
import { CONVOLUTION_LAYERS } from './convolution.ts';
import { DENSE_LAYERS } from './dense.ts';
import { LOCAL_LAYERS } from './locally-connected.ts';
import { MASKING_LAYERS } from './masking.ts';
import { MERGING_LAYERS } from './merging.ts';
import { NORMALIZATION_LAYERS } from './normalization.ts';
import { POOLING_LAYERS } from './pooling.ts';
import { PREPROCESSING_LAYERS } from './preprocessing.ts';
import { RECURRENT_LAYERS } from './recurrent.ts';
import { REGULARIZATION_LAYERS } from './regularization.ts';
import { RESHAPING_LAYERS } from './reshaping.ts';

/** Every layer class that can be imported, by its name in Keras. */
export const LAYERS: LayerTable = {
  ...CONVOLUTION_LAYERS,
  ...LOCAL_LAYERS,
  ...POOLING_LAYERS,
  ...NORMALIZATION_LAYERS,
  ...ACTIVATION_LAYERS,
  ...DENSE_LAYERS,
  ...MERGING_LAYERS,
  ...RESHAPING_LAYERS,
  ...PREPROCESSING_LAYERS,
  ...REGULARIZATION_LAYERS,
  ...ATTENTION_LAYERS,
  ...RECURRENT_LAYERS,
  ...MASKING_LAYERS,
  ...CATEGORY_LAYERS,
};
