import type { Tensor, ValueName } from '@seewhy/onnx';
import type { LayerContext, LayerOptions } from '../layer.ts';
import type { LayerValue } from '../model/layer-value.ts';
import type { WeightSpec } from '../weights/source.ts';
import { sliced } from './permuted.ts';
import type { Stepper } from './time-steps.ts';

/** A cell: one step from the projected input and the states to the new states (the first is the output). */
export interface Cell {
  readonly states: number;
  weights(options: LayerOptions, features: number | null): readonly WeightSpec[];
  /** What of the input needs no state: for all steps at once, `[N, T, features]` → `[N, T, …]`. */
  project(layer: LayerContext, x: ValueName): ValueName;
  step(layer: LayerContext, projected: ValueName, states: readonly ValueName[]): ValueName[];
}

/** An activation on a bare value. */
export function act(layer: LayerContext, value: ValueName, name: string, fallback: string): ValueName {
  const x: LayerValue = { value, shape: [null, null], layout: 'keras', type: 'float32' };
  return layer.activate(x, layer.options.raw(name) ?? fallback).value;
}

function cellWeights(gates: number, biasRows = 1) {
  return (options: LayerOptions, features: number | null): WeightSpec[] => {
    const units = options.int('units');
    return [
      { name: 'kernel', shape: [features, gates * units] },
      { name: 'recurrent_kernel', shape: [units, gates * units] },
      ...(options.flag('use_bias', true)
        ? [{ name: 'bias', shape: biasRows === 1 ? [gates * units] : [biasRows, gates * units] }]
        : []),
    ];
  };
}

const kernelOf = (layer: LayerContext) => layer.weightValue('kernel');

/** h′ = act(x·W + b + h·U). */
const simpleCell: Cell = {
  states: 1,
  weights: cellWeights(1),
  project: projected,
  step: (layer, projection, [h]) => [
    act(
      layer,
      layer.b.add(projection, layer.b.matmul(h!, layer.weightValue('recurrent_kernel'))),
      'activation',
      'tanh',
    ),
  ],
};

function projected(layer: LayerContext, x: ValueName): ValueName {
  const product = layer.b.matmul(x, kernelOf(layer));
  return layer.hasWeight('bias') ? layer.b.add(product, layer.weightValue('bias')) : product;
}

/** Gates i, f, c, o of Hochreiter & Schmidhuber 1997: c′ = σ(f)·c + σ(i)·act(c̃), h′ = σ(o)·act(c′). */
const lstmCell: Cell = {
  states: 2,
  weights: cellWeights(4),
  project: projected,
  step(layer, projection, [h, c]) {
    const { b } = layer;
    const units = layer.options.int('units');
    const sum = b.add(projection, b.matmul(h!, layer.weightValue('recurrent_kernel')));
    const [i, f, candidate, o] = b.split(sum, [units, units, units, units], 1) as [string, string, string, string];
    const gate = (value: ValueName) => act(layer, value, 'recurrent_activation', 'sigmoid');
    const carry = b.add(b.mul(gate(f), c!), b.mul(gate(i), act(layer, candidate, 'activation', 'tanh')));
    return [b.mul(gate(o), act(layer, carry, 'activation', 'tanh')), carry];
  },
};

/** Gates z, r, h of Cho et al. 2014; `reset_after` applies r behind the recurrent product (and has a second bias). */
const gruCell: Cell = {
  states: 1,
  weights: (options, features) => cellWeights(3, resetAfter(options) ? 2 : 1)(options, features),
  project(layer, x) {
    const product = layer.b.matmul(x, kernelOf(layer));
    if (!layer.hasWeight('bias')) return product;
    const bias = layer.constant('bias.input', () => {
      const tensor = layer.weight('bias');
      return tensor.dims.length === 1 ? tensor : sliced(tensor, 0, 0, 1).reshape([tensor.dims[1]!]);
    });
    return layer.b.add(product, bias);
  },
  step(layer, projection, [h]) {
    const { b, options } = layer;
    const units = options.int('units');
    const gate = (value: ValueName) => act(layer, value, 'recurrent_activation', 'sigmoid');
    const [xz, xr, xh] = b.split(projection, [units, units, units], 1) as [string, string, string];
    let z: ValueName;
    let inner: ValueName;
    if (resetAfter(options)) {
      let product = b.matmul(h!, layer.weightValue('recurrent_kernel'));
      if (layer.hasWeight('bias'))
        product = b.add(
          product,
          layer.constant('bias.recurrent', () => sliced(layer.weight('bias'), 0, 1, 2).reshape([3 * units])),
        );
      const [rz, rr, rh] = b.split(product, [units, units, units], 1) as [string, string, string];
      z = gate(b.add(xz, rz));
      inner = b.mul(gate(b.add(xr, rr)), rh);
    } else {
      const part = (name: string, from: number, to: number) =>
        layer.constant(name, () => sliced(layer.weight('recurrent_kernel'), 1, from * units, to * units));
      z = gate(b.add(xz, b.matmul(h!, part('recurrent_kernel.z', 0, 1))));
      const r = gate(b.add(xr, b.matmul(h!, part('recurrent_kernel.r', 1, 2))));
      inner = b.matmul(b.mul(r, h!), part('recurrent_kernel.h', 2, 3));
    }
    const candidate = act(layer, b.add(xh, inner), 'activation', 'tanh');
    return [b.add(b.mul(z, h!), b.mul(b.sub(b.scalar(1), z), candidate))];
  },
};

/** The default since GRUs are Keras 2's second version. */
function resetAfter(options: LayerOptions): boolean {
  return options.flag('reset_after', true);
}

export const CELLS: Readonly<Record<string, Cell>> = {
  SimpleRNN: simpleCell,
  SimpleRNNCell: simpleCell,
  LSTM: lstmCell,
  LSTMCell: lstmCell,
  GRU: gruCell,
  GRUCell: gruCell,
};

/** A layer's context with the weights, options and constants of a layer inside it, which lie under `owner`. */
export function ownedBy(layer: LayerContext, owner: string, options: LayerOptions = layer.options): LayerContext {
  return Object.create(layer, {
    options: { value: options },
    weight: { value: (name: string) => layer.weight(`${owner}/${name}`) },
    hasWeight: { value: (name: string) => layer.hasWeight(`${owner}/${name}`) },
    constant: { value: (name: string, make: () => Tensor) => layer.constant(`${owner}/${name}`, make) },
  }) as LayerContext;
}

/** A cell, or several on top of one another, ready to be run. */
export interface CellRun extends Stepper {
  /** Of each state, in Keras's order. */
  readonly sizes: readonly number[];
  readonly units: number;
  project(x: ValueName): ValueName;
}

export function cellRun(layer: LayerContext, cell: Cell, owner = 'cell', options = layer.options): CellRun {
  const inner = ownedBy(layer, owner, options);
  const units = options.int('units');
  return {
    units,
    sizes: new Array<number>(cell.states).fill(units),
    project: (x) => cell.project(inner, x),
    step: (piece, states) => {
      const next = cell.step(inner, piece, states);
      return { output: next[0]!, states: next };
    },
  };
}

/** Each cell takes the output of the one below it at the same step. */
export function stackedRun(cells: readonly CellRun[]): CellRun {
  return {
    units: cells.at(-1)!.units,
    sizes: cells.flatMap(({ sizes }) => sizes),
    project: (x) => cells[0]!.project(x),
    step: (piece, states) => {
      let output: ValueName | undefined;
      const after: ValueName[] = [];
      for (const cell of cells) {
        const own = states.slice(after.length, after.length + cell.sizes.length);
        const next = cell.step(output === undefined ? piece : cell.project(output), own);
        ({ output } = next);
        after.push(...next.states);
      }
      return { output: output!, states: after };
    },
  };
}
