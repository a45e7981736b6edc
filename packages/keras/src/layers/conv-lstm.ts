import type { ValueName } from '@seewhy/onnx';
import type { LayerImporter } from '../layer.ts';
import type { KerasShape, LayerValue } from '../model/layer-value.ts';
import { maskOf } from '../model/masks.ts';
import { permuted } from './permuted.ts';
import { place, type Window } from './planes.ts';
import { act, ownedBy } from './recurrent-cells.ts';
import { eachStep, overSteps, stepsOf, wanted, zeroState } from './time-steps.ts';

/** An LSTM whose products are convolutions (Shi et al. 2015), over `[N, T, …spatial, channels]`. */
export function convLstm(rank: number): LayerImporter {
  return {
    weights(options, [shape]) {
      const filters = options.int('filters');
      const kernel = options.ints('kernel_size', rank, 1);
      const channels = options.channelsFirst ? shape?.[2] : shape?.[shape.length - 1];
      const owner = { owner: 'cell', ownerName: `conv_lstm_cell` };
      return [
        { name: 'kernel', shape: [...kernel, channels ?? null, 4 * filters], ...owner },
        { name: 'recurrent_kernel', shape: [...kernel, filters, 4 * filters], ...owner },
        ...(options.flag('use_bias', true) ? [{ name: 'bias', shape: [4 * filters], ...owner }] : []),
      ];
    },
    masks: 'own',
    build: (outer) => {
      const layer = ownedBy(outer, 'cell');
      const { b, options } = layer;
      if (layer.inputs.length > 1) throw layer.refuse('given initial states');
      layer.wantRank(layer.x, rank + 3);
      const filters = options.int('filters');
      const kernel = options.ints('kernel_size', rank, 1);
      const ones = new Array<number>(rank).fill(1);
      const x = b.inKerasLayout(layer.x);
      const first = options.channelsFirst;
      const steps = stepsOf(layer, x);
      const spatial = first ? x.shape.slice(3) : x.shape.slice(2, -1);
      const outFirst = [rank + 1, rank, ...Array.from({ length: rank }, (_, axis) => axis)];
      const constant = (name: string) => layer.constant(`${name}.moved`, () => permuted(layer.weight(name), outFirst));
      const window: Window = {
        kernel,
        strides: options.ints('strides', rank, 1, 1),
        dilations: options.ints('dilation_rate', rank, 1, 1),
        padding: options.choice('padding', ['valid', 'same'], 'valid'),
      };
      const placed = place(layer, spatial, window);
      const again = place(layer, placed.spatial, { kernel, strides: ones, dilations: ones, padding: 'same' });
      const sizes = placed.spatial.map((dim) => layer.known(dim, 'the size of its input'));
      const moved = first
        ? x.value
        : b.transpose(x.value, [0, 1, rank + 2, ...Array.from({ length: rank }, (_, axis) => axis + 2)]);
      const pieces = eachStep(layer, moved, steps);
      const want = wanted(options);
      const zero = zeroState(layer, x, [filters, ...sizes]);
      const gate = (value: ValueName) =>
        act(layer, value, 'recurrent_activation', options.dialect === 2 ? 'hard_sigmoid' : 'sigmoid');
      const step = (piece: ValueName, [h, c]: readonly ValueName[]) => {
        const input = b.op(
          'Conv',
          [piece, constant('kernel'), layer.hasWeight('bias') ? layer.weightValue('bias') : undefined],
          {
            kernel_shape: kernel,
            strides: [...window.strides],
            dilations: [...window.dilations],
            ...placed.attributes,
          },
        );
        const state = b.op('Conv', [h!, constant('recurrent_kernel')], { kernel_shape: kernel, ...again.attributes });
        const [i, f, candidate, o] = b.split(b.add(input, state), new Array<number>(4).fill(filters), 1) as [
          string,
          string,
          string,
          string,
        ];
        const carry = b.add(b.mul(gate(f), c!), b.mul(gate(i), act(layer, candidate, 'activation', 'tanh')));
        const output = b.mul(gate(o), act(layer, carry, 'activation', 'tanh'));
        return { output, states: [output, carry] };
      };
      const run = { pieces, states: [zero, zero], x, rank: rank + 2 };
      const { outputs, states } = overSteps(layer, { step }, run, want);
      const wrap = (value: ValueName): LayerValue => ({
        value,
        layout: first ? 'keras' : 'channels-first',
        type: 'float32',
        shape: first ? [x.shape[0]!, filters, ...sizes] : [x.shape[0]!, ...sizes, filters],
      });
      const tail = want.states ? states.map(wrap) : [];
      if (!want.sequences) return [wrap(outputs.at(-1)!), ...tail];
      const all = b.concat(
        outputs.map((value) => b.unsqueeze(value, [1])),
        1,
      );
      const value = first ? all : b.transpose(all, [0, 1, ...Array.from({ length: rank }, (_, axis) => axis + 3), 2]);
      const shape: KerasShape = first
        ? [x.shape[0]!, steps, filters, ...sizes]
        : [x.shape[0]!, steps, ...sizes, filters];
      const mask = maskOf(layer, x);
      return [{ value, shape, layout: 'keras', type: 'float32', ...(mask === undefined ? {} : { mask }) }, ...tail];
    },
  };
}
