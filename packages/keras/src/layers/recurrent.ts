import { Tensor, type ValueName } from '@seewhy/onnx';
import type { LayerContext, LayerImporter, LayerOptions, LayerTable } from '../layer.ts';
import type { LayerConfig } from '../model/config.ts';
import type { KerasShape, LayerValue } from '../model/layer-value.ts';
import type { WeightSpec } from '../weights/source.ts';
import { permuted, sliced } from './permuted.ts';
import { place, type Window } from './planes.ts';

/** Recurrent layers are written out step by step, so that they have a gradient. */
const MOST_STEPS = 1024;

/** A cell: one step from the projected input and the states to the new states (the first is the output). */
interface Cell {
  readonly states: number;
  weights(options: LayerOptions, features: number | null): readonly WeightSpec[];
  /** What of the input needs no state: for all steps at once, `[N, T, features]` → `[N, T, …]`. */
  project(layer: LayerContext, x: ValueName): ValueName;
  step(layer: LayerContext, projected: ValueName, states: readonly ValueName[]): ValueName[];
}

/** An activation on a bare value. */
function act(layer: LayerContext, value: ValueName, name: string, fallback: string): ValueName {
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

const CELLS: Readonly<Record<string, Cell>> = {
  SimpleRNN: simpleCell,
  SimpleRNNCell: simpleCell,
  LSTM: lstmCell,
  LSTMCell: lstmCell,
  GRU: gruCell,
  GRUCell: gruCell,
};

const CELL_NAMES: Readonly<Record<string, string>> = {
  SimpleRNN: 'simple_rnn_cell',
  LSTM: 'lstm_cell',
  GRU: 'gru_cell',
};

/** Which results a recurrent layer gives. */
interface Wanted {
  readonly sequences: boolean;
  readonly states: boolean;
  readonly backwards: boolean;
}

function wanted(options: LayerOptions): Wanted {
  return {
    sequences: options.flag('return_sequences', false),
    states: options.flag('return_state', false),
    backwards: options.flag('go_backwards', false),
  };
}

/** A layer of one cell, unrolled over the time axis of `[N, T, features]`. */
function recurrent(className: string): LayerImporter {
  const cell = CELLS[className]!;
  return {
    weights: (options, [shape]) =>
      cell
        .weights(options, shape?.[2] ?? null)
        .map((spec) => ({ ...spec, owner: 'cell', ownerName: CELL_NAMES[className] ?? 'cell' })),
    build: (layer) => unrolled(withoutOwner(layer), cell, layer.options),
  };
}

/** Weights of the inner cell under their own names. */
function withoutOwner(layer: LayerContext): LayerContext {
  return Object.create(layer, {
    weight: { value: (name: string) => layer.weight(`cell/${name}`) },
    hasWeight: { value: (name: string) => layer.hasWeight(`cell/${name}`) },
    weightValue: { value: (name: string) => layer.constant(`cell/${name}`, () => layer.weight(`cell/${name}`)) },
  }) as LayerContext;
}

function unrolled(layer: LayerContext, cell: Cell, options: LayerOptions): LayerValue[] {
  const { b } = layer;
  const [first, ...initial] = layer.inputs.map((value) => b.inKerasLayout(value)) as [LayerValue, ...LayerValue[]];
  layer.wantRank(first, 3);
  if (options.flag('time_major', false)) throw layer.refuse('time before the batch (time_major)');
  if (options.flag('stateful', false)) layer.notice(`${layer.label}: its state begins at zero with every run`);
  const units = options.int('units');
  const { sequences, states: wantsStates, backwards } = wanted(options);
  const steps = stepsOf(layer, first);
  const projection = cell.project(layer, first.value);
  const pieces = eachStep(layer, projection, steps);
  if (backwards) pieces.reverse();
  const zero = () => zeroState(layer, first, units);
  let states = Array.from({ length: cell.states }, (_, at) => initial[at]?.value ?? zero());
  const outputs: ValueName[] = [];
  for (const piece of pieces) {
    states = cell.step(layer, piece, states);
    outputs.push(states[0]!);
  }
  const batch = first.shape[0]!;
  const type = 'float32';
  const last: LayerValue = sequences
    ? {
        value: b.concat(
          outputs.map((value) => b.unsqueeze(value, [1])),
          1,
        ),
        shape: [batch, steps, units],
        layout: 'keras',
        type,
      }
    : { value: outputs[outputs.length - 1]!, shape: [batch, units], layout: 'keras', type };
  return wantsStates
    ? [last, ...states.map((value): LayerValue => ({ value, shape: [batch, units], layout: 'keras', type }))]
    : [last];
}

function stepsOf(layer: LayerContext, x: LayerValue): number {
  const steps = layer.known(x.shape[1], 'the number of steps');
  if (steps < 1 || steps > MOST_STEPS)
    throw layer.refuse(`a sequence of ${steps} steps; up to ${MOST_STEPS} are written out`);
  return steps;
}

/** `[N, T, …]` as T values `[N, …]`. */
function eachStep({ b }: LayerContext, value: ValueName, steps: number): ValueName[] {
  const pieces = steps === 1 ? [value] : b.split(value, new Array<number>(steps).fill(1), 1);
  return pieces.map((piece) => b.squeeze(piece, [1]));
}

/** Zeros `[N, units]` for the batch at hand. */
function zeroState({ b }: LayerContext, x: LayerValue, units: number): ValueName {
  const batch = b.slice(b.shape(x.value), [0], [1], [0]);
  const zero = Tensor.floats([0]);
  return b.op('ConstantOfShape', [b.concat([batch, b.ints([units])], 0)], { value: zero });
}

/** RNN with a cell object: the layer of that cell. */
const rnn: LayerImporter = {
  build(layer) {
    const cell = layer.inner('cell');
    if (!Object.hasOwn(CELLS, cell.className))
      throw layer.refuse(
        `a recurrent cell of class '${cell.className}'`,
        'Use LSTM, GRU or SimpleRNN layers, one behind the other.',
      );
    const names = ['return_sequences', 'return_state', 'go_backwards', 'stateful', 'time_major'];
    const own = Object.fromEntries(
      names.flatMap((name) => (layer.options.raw(name) === undefined ? [] : [[name, layer.options.raw(name)]])),
    );
    // The weights lie under `cell`, as they do for the layer itself.
    return layer.call(
      { ...cell, className: cell.className.replace(/Cell$/, ''), config: { ...cell.config, ...own } },
      '',
      layer.inputs,
    );
  },
};

/** The wrapped layer forwards and backwards in time; results joined, added, multiplied, averaged, or both. */
const bidirectional: LayerImporter = {
  build(layer) {
    const { b, options } = layer;
    const forward = layer.inner('layer');
    const given = options.raw('backward_layer');
    const mirrored = given === null || given === undefined ? forward : layer.inner('backward_layer');
    const backward: LayerConfig =
      mirrored === forward
        ? {
            ...forward,
            name: backwardName(forward.name),
            config: { ...forward.config, go_backwards: forward.config.go_backwards !== true },
          }
        : mirrored;
    const [x, ...states] = layer.inputs;
    if (!x) throw layer.misfit('It is called without an input');
    if (states.length > 0 && states.length % 2 !== 0) throw layer.misfit('Its initial states are no pairs');
    const half = states.length / 2;
    const ahead = layer.call({ ...forward, name: forwardName(forward.name) }, 'forward_layer', [
      x,
      ...states.slice(0, half),
    ]);
    const behind = layer.call(backward, 'backward_layer', [x, ...states.slice(half)]);
    const sequences = forward.config.return_sequences === true;
    const [one, ...oneStates] = ahead as [LayerValue, ...LayerValue[]];
    let [other, ...otherStates] = behind as [LayerValue, ...LayerValue[]];
    if (sequences) other = { ...other, value: b.slice(other.value, [-1], [-(2 ** 31)], [1], [-1]) };
    const mode = options.raw('merge_mode');
    const tail = [...oneStates, ...otherStates];
    if (mode === null) return [one, other, ...tail];
    const merge: Readonly<Record<string, () => LayerValue>> = {
      concat: () => {
        const rank = one.shape.length;
        const size = one.shape[rank - 1]! + other.shape[rank - 1]!;
        return {
          ...one,
          shape: [...one.shape.slice(0, -1), size],
          value: b.concat([one.value, other.value], rank - 1),
        };
      },
      sum: () => ({ ...one, value: b.add(one.value, other.value) }),
      mul: () => ({ ...one, value: b.mul(one.value, other.value) }),
      ave: () => ({ ...one, value: b.mul(b.add(one.value, other.value), b.scalar(0.5)) }),
    };
    return [merge[options.choice('merge_mode', ['concat', 'sum', 'mul', 'ave'], 'concat')]!(), ...tail];
  },
};

const forwardName = (name: string) => (name.startsWith('forward_') ? name : `forward_${name}`);
const backwardName = (name: string) => `backward_${name.replace(/^forward_/, '')}`;

/** The wrapped layer on every step: time and batch in one axis, and apart again. */
const timeDistributed: LayerImporter = {
  build(layer) {
    const { b } = layer;
    const x = b.inKerasLayout(layer.x);
    if (x.shape.length < 3) throw layer.misfit('It takes a list of values');
    const steps = layer.known(x.shape[1], 'the number of steps');
    const inner = x.shape.slice(2).map((dim) => layer.known(dim, 'the size of its input'));
    const joined: LayerValue = { ...x, shape: [null, ...inner], value: b.reshape(x.value, [-1, ...inner]) };
    const results = layer.call(layer.inner(), 'layer', [joined]);
    return results.map((result) => {
      const plain = b.inKerasLayout(result);
      const rest = plain.shape.slice(1).map((dim) => layer.known(dim, 'the size of its result'));
      return { ...plain, shape: [x.shape[0]!, steps, ...rest], value: b.reshape(plain.value, [-1, steps, ...rest]) };
    });
  },
};

/** An LSTM whose products are convolutions (Shi et al. 2015), over `[N, T, …spatial, channels]`. */
function convLstm(rank: number): LayerImporter {
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
    build: (outer) => {
      const layer = withoutOwner(outer);
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
      const { sequences, states: wantsStates, backwards } = wanted(options);
      if (backwards) pieces.reverse();
      const batch = b.slice(b.shape(x.value), [0], [1], [0]);
      const zero = b.op('ConstantOfShape', [b.concat([batch, b.ints([filters, ...sizes])], 0)], {
        value: Tensor.floats([0]),
      });
      let [h, c]: [ValueName, ValueName] = [zero, zero];
      const outputs: ValueName[] = [];
      const gate = (value: ValueName) =>
        act(layer, value, 'recurrent_activation', options.dialect === 2 ? 'hard_sigmoid' : 'sigmoid');
      for (const piece of pieces) {
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
        const state = b.op('Conv', [h, constant('recurrent_kernel')], { kernel_shape: kernel, ...again.attributes });
        const [i, f, candidate, o] = b.split(b.add(input, state), new Array<number>(4).fill(filters), 1) as [
          string,
          string,
          string,
          string,
        ];
        c = b.add(b.mul(gate(f), c), b.mul(gate(i), act(layer, candidate, 'activation', 'tanh')));
        h = b.mul(gate(o), act(layer, c, 'activation', 'tanh'));
        outputs.push(h);
      }
      const wrap = (value: ValueName): LayerValue => ({
        value,
        layout: first ? 'keras' : 'channels-first',
        type: 'float32',
        shape: first ? [x.shape[0]!, filters, ...sizes] : [x.shape[0]!, ...sizes, filters],
      });
      const states = wantsStates ? [wrap(h), wrap(c)] : [];
      if (!sequences) return [wrap(h), ...states];
      const all = b.concat(
        outputs.map((value) => b.unsqueeze(value, [1])),
        1,
      );
      const value = first ? all : b.transpose(all, [0, 1, ...Array.from({ length: rank }, (_, axis) => axis + 3), 2]);
      const shape: KerasShape = first
        ? [x.shape[0]!, steps, filters, ...sizes]
        : [x.shape[0]!, steps, ...sizes, filters];
      return [{ value, shape, layout: 'keras', type: 'float32' }, ...states];
    },
  };
}

/** Masks are for recurrent layers on sequences of different length; pictures have none. */
const masking: LayerImporter = {
  build(layer) {
    throw layer.refuse('masked steps');
  },
};

export const RECURRENT_LAYERS: LayerTable = {
  SimpleRNN: recurrent('SimpleRNN'),
  LSTM: recurrent('LSTM'),
  GRU: recurrent('GRU'),
  RNN: rnn,
  Bidirectional: bidirectional,
  TimeDistributed: timeDistributed,
  ConvLSTM1D: convLstm(1),
  ConvLSTM2D: convLstm(2),
  ConvLSTM3D: convLstm(3),
  Masking: masking,
};
