import type { LayerImporter, LayerTable } from '../layer.ts';

/** Does something in training only. */
const identity: LayerImporter = { build: (layer) => layer.x };

export const REGULARIZATION_LAYERS: LayerTable = Object.fromEntries(
  [
    'Identity',
    'Dropout',
    'SpatialDropout1D',
    'SpatialDropout2D',
    'SpatialDropout3D',
    'AlphaDropout',
    'GaussianDropout',
    'GaussianNoise',
    'ActivityRegularization',
    // Parts of keras.applications: EfficientNet's and ConvNeXt's dropped branches.
    'FixedDropout',
    'StochasticDepth',
  ].map((name) => [name, identity]),
);
