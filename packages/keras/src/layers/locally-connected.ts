import type { LayerImporter, LayerOptions, LayerTable } from '../layer.ts';
import { patchesOf } from './patches.ts';
import { place, type Window } from './planes.ts';

function windowOf(options: LayerOptions, rank: number): Window {
  return {
    kernel: options.ints('kernel_size', rank, 1),
    strides: options.ints('strides', rank, 1, 1),
    dilations: new Array<number>(rank).fill(1),
    padding: options.choice('padding', ['valid', 'same'], 'valid'),
  };
}

/**
 * A convolution with a kernel of its own at each place (Keras 2 only): y_p = W_p · patch_p + b_p, then the activation; W
 * `[places, kernel · in, filters]`, b `[…places, filters]`.
 */
function locallyConnected(rank: number): LayerImporter {
  const placesOf = (options: LayerOptions, sizes: readonly (number | null)[]) => {
    const { kernel, strides } = windowOf(options, rank);
    return sizes.map((size, axis) => (size === null ? null : Math.floor((size - kernel[axis]!) / strides[axis]!) + 1));
  };
  return {
    weights(options, [shape]) {
      const filters = options.int('filters');
      // The two others hold the kernels as one large matrix.
      if (options.int('implementation', 1) !== 1) return [];
      const places = placesOf(options, (shape ?? []).slice(1, -1));
      const count = places.reduce<number | null>((all, one) => (all === null || one === null ? null : all * one), 1);
      return [
        { name: 'kernel', shape: [count, null, filters] },
        ...(options.flag('use_bias', true) ? [{ name: 'bias', shape: [...places, filters] }] : []),
      ];
    },
    build(layer) {
      const { b, options, x } = layer;
      layer.wantRank(x, rank + 2);
      const implementation = options.int('implementation', 1);
      if (implementation !== 1)
        throw layer.refuse(`local kernels as a large matrix (implementation=${implementation})`);
      if (options.channelsFirst) throw layer.refuse('local kernels with channels first');
      const window = windowOf(options, rank);
      if (window.padding !== 'valid') throw layer.refuse('local kernels with padding');
      const filters = options.int('filters');
      const { spatial } = place(layer, x.shape.slice(1, -1), window);
      const places = spatial.map((dim) => layer.known(dim, 'the size of its input'));
      const patches = b.inKerasLayout(patchesOf(layer, x, window));
      const count = places.reduce((product, dim) => product * dim, 1);
      const size = patches.shape[patches.shape.length - 1]!;
      if (layer.weight('kernel').dims[1] !== size)
        throw layer.misfit(`Its kernels are of ${layer.weight('kernel').dims[1]} numbers, its patches of ${size}`);
      // One matrix product a place: [places, N, kernel] · [places, kernel, filters].
      const rows = b.transpose(b.reshape(patches.value, [-1, count, size]), [1, 0, 2]);
      const product = b.transpose(b.matmul(rows, layer.weightValue('kernel')), [1, 0, 2]);
      const value = b.reshape(product, [-1, ...places, filters]);
      const biased = layer.hasWeight('bias') ? b.add(value, layer.weightValue('bias')) : value;
      return layer.finish({ ...patches, shape: [x.shape[0]!, ...places, filters], value: biased });
    },
  };
}

export const LOCAL_LAYERS: LayerTable = {
  LocallyConnected1D: locallyConnected(1),
  LocallyConnected2D: locallyConnected(2),
};
