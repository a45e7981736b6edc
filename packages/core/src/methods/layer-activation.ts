import type { GraphBuilder, ValueName } from '@seewhy/onnx';
import { floatCells } from './float-cells.ts';
import type { LayerView } from './layer-view.ts';
import type { GraphMethod } from './method.ts';

/** One value a cell out of its channels. */
const OVER_CHANNELS: Readonly<Record<string, (b: GraphBuilder, view: LayerView, cells: ValueName) => ValueName>> = {
  mean: (b, view, cells) => b.reduceMean(cells, [view.channelAxis], false),
  max: (b, view, cells) => b.reduceMax(cells, [view.channelAxis], false),
  norm: (b, view, cells) => b.reduce('ReduceL2', cells, [view.channelAxis], false),
};

/** map = mean, maximum or length of A over its channels. */
export const layerActivation: GraphMethod = {
  kind: 'graph',
  name: 'layer-activation',
  title: 'Layer activation',
  aliases: ['activation', 'activations', 'layeractivation', 'feature-map'],
  summary:
    'How active a layer is at each place, over all its channels: what the network sees there, not what it decides.',
  formula: 'mean_k A_k (or max_k A_k, or √(Σ_k A_k²))',
  paper: 'Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014 (arXiv 1311.2901)',
  needs: 'layer',
  output: 'layer',
  cost: '1.0 predictions',
  stages: { rectify: 'none' },
  variants: { mean: 'mean over the channels', max: 'largest channel', norm: 'length of the vector of channels' },
  caution: 'Ignores the target: every class has the same map.',
  build(context) {
    const { b, view, options } = context;
    return view!.asMap(OVER_CHANNELS[options.variant]!(b, view!, floatCells(context)));
  },
};
