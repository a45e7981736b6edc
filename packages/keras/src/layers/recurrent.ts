import { errors } from '../errors.ts';
import { innerLayer, type LayerContext, type LayerImporter, LayerOptions, type LayerTable } from '../layer.ts';
import { type LayerConfig, readInnerLayer } from '../model/config.ts';
import type { LayerValue } from '../model/layer-value.ts';
import { maskOf } from '../model/masks.ts';
import { snakeCase } from '../model/snake-case.ts';
import type { WeightSpec } from '../weights/source.ts';
import { convLstm } from './conv-lstm.ts';
import { concatenated } from './merging.ts';
import { CELLS, type CellRun, cellRun, stackedRun } from './recurrent-cells.ts';
import { eachStep, overSteps, stepsOf, wanted, zeroState } from './time-steps.ts';

const CELL_NAMES: Readonly<Record<string, string>> = {
  SimpleRNN: 'simple_rnn_cell',
  LSTM: 'lstm_cell',
  GRU: 'gru_cell',
};

/** A layer of one cell, unrolled over the time axis of `[N, T, features]`. */
function recurrent(className: string): LayerImporter {
  const cell = CELLS[className]!;
  return {
    weights: (options, [shape]) =>
      cell
        .weights(options, shape?.[2] ?? null)
        .map((spec) => ({ ...spec, owner: 'cell', ownerName: CELL_NAMES[className] ?? 'cell' })),
    masks: 'own',
    build: (layer) => unrolled(layer, cellRun(layer, cell)),
  };
}

function unrolled(layer: LayerContext, run: CellRun): LayerValue[] {
  const { b, options } = layer;
  const [first, ...initial] = layer.inputs.map((value) => b.inKerasLayout(value)) as [LayerValue, ...LayerValue[]];
  layer.wantRank(first, 3);
  if (options.flag('time_major', false)) throw layer.refuse('time before the batch (time_major)');
  if (options.flag('stateful', false)) layer.notice(`${layer.label}: its state begins at zero with every run`);
  const want = wanted(options);
  const steps = stepsOf(layer, first);
  const pieces = eachStep(layer, run.project(first.value), steps);
  const states = run.sizes.map((size, at) => initial[at]?.value ?? zeroState(layer, first, [size]));
  const done = overSteps(layer, run, { pieces, states, x: first, rank: 2 }, want);
  const batch = first.shape[0]!;
  const plain = { layout: 'keras', type: 'float32' } as const;
  const mask = maskOf(layer, first);
  const last: LayerValue = want.sequences
    ? {
        ...plain,
        value: b.concat(
          done.outputs.map((value) => b.unsqueeze(value, [1])),
          1,
        ),
        shape: [batch, steps, run.units],
        ...(mask === undefined ? {} : { mask }),
      }
    : { ...plain, value: done.outputs.at(-1)!, shape: [batch, run.units] };
  if (!want.states) return [last];
  return [last, ...done.states.map((value, at): LayerValue => ({ ...plain, value, shape: [batch, run.sizes[at]!] }))];
}

/** The cells of an RNN of several, each with where its weights lie. */
function stackOf(
  options: LayerOptions,
): { readonly cell: LayerConfig; readonly options: LayerOptions; readonly owner: string }[] {
  const stack = innerLayer(options, 'cell');
  const list = stack.config.cells;
  if (!Array.isArray(list) || list.length === 0) throw errors.badShape(options.label, 'Its stack lists no cells');
  const counts = new Map<string, number>();
  return list.map((json) => {
    const cell = readInnerLayer(json, options.label);
    if (!Object.hasOwn(CELLS, cell.className)) throw errors.unsupported(options.label, ...unknownCell(cell));
    const name = snakeCase(cell.className);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    const owner = `cell/cells/${count === 0 ? name : `${name}_${count}`}`;
    return { cell, owner, options: new LayerOptions(cell.config, options.label, options.dialect) };
  });
}

const unknownCell = ({ className }: LayerConfig) =>
  [`a recurrent cell of class '${className}'`, 'Use LSTM, GRU or SimpleRNN layers, one behind the other.'] as const;

const isStack = (options: LayerOptions) => innerLayer(options, 'cell').className === 'StackedRNNCells';

/** RNN with a cell object: the layer of that cell; with several, one on top of the other. */
const rnn: LayerImporter = {
  weights(options, [shape]) {
    if (!isStack(options)) return [];
    let features = shape?.[2] ?? null;
    return stackOf(options).flatMap(({ cell, options: own, owner }): WeightSpec[] => {
      const specs = CELLS[cell.className]!.weights(own, features);
      features = own.int('units');
      return specs.map((spec) => ({ ...spec, owner, ownerName: cell.name }));
    });
  },
  masks: 'own',
  build(layer) {
    if (isStack(layer.options)) {
      const cells = stackOf(layer.options);
      return unrolled(
        layer,
        stackedRun(cells.map(({ cell, options, owner }) => cellRun(layer, CELLS[cell.className]!, owner, options))),
      );
    }
    const cell = layer.inner('cell');
    if (!Object.hasOwn(CELLS, cell.className)) throw layer.refuse(...unknownCell(cell));
    const names = [
      'return_sequences',
      'return_state',
      'go_backwards',
      'stateful',
      'time_major',
      'zero_output_for_mask',
    ];
    const own = Object.fromEntries(
      names.flatMap((name) => (layer.options.raw(name) === undefined ? [] : [[name, layer.options.raw(name)]])),
    );
    const [first, ...states] = layer.inputs as [LayerValue, ...LayerValue[]];
    const mask = maskOf(layer, first);
    // The weights lie under `cell`, as they do for the layer itself.
    return layer.call(
      { ...cell, className: cell.className.replace(/Cell$/, ''), config: { ...cell.config, ...own } },
      '',
      [mask === undefined ? first : { ...first, mask }, ...states],
    );
  },
};

/** The wrapped layer forwards and backwards in time; results joined, added, multiplied, averaged, or both. */
const bidirectional: LayerImporter = {
  masks: 'own',
  build(layer) {
    const { b, options } = layer;
    const forward = layer.inner('layer');
    const behindIt = options.raw('backward_layer');
    const mirrored = behindIt === null || behindIt === undefined ? forward : layer.inner('backward_layer');
    const backward: LayerConfig =
      mirrored === forward
        ? {
            ...forward,
            name: backwardName(forward.name),
            config: { ...forward.config, go_backwards: forward.config.go_backwards !== true },
          }
        : // Keras 3 leaves it the name it was made with.
          { ...mirrored, name: options.dialect === 2 ? backwardName(mirrored.name) : mirrored.name };
    const [given, ...states] = layer.inputs;
    if (!given) throw layer.misfit('It is called without an input');
    const mask = maskOf(layer, given);
    const x = mask === undefined ? given : { ...given, mask };
    if (states.length > 0 && states.length % 2 !== 0) throw layer.misfit('Its initial states are no pairs');
    const half = states.length / 2;
    const sequences = forward.config.return_sequences === true;
    // Keras sets this whatever the two layers say.
    const masked = (one: LayerConfig) => ({ ...one, config: { ...one.config, zero_output_for_mask: sequences } });
    const ahead = layer.call(masked({ ...forward, name: forwardName(forward.name) }), 'forward_layer', [
      x,
      ...states.slice(0, half),
    ]);
    const behind = layer.call(masked(backward), 'backward_layer', [x, ...states.slice(half)]);
    const [one, ...oneStates] = ahead as [LayerValue, ...LayerValue[]];
    let [other, ...otherStates] = behind as [LayerValue, ...LayerValue[]];
    if (sequences) other = { ...other, value: b.slice(other.value, [-1], [-(2 ** 31)], [1], [-1]) };
    const mode = options.raw('merge_mode');
    const tail = [...oneStates, ...otherStates];
    if (mode === null) return [one, other, ...tail];
    const merge: Readonly<Record<string, () => LayerValue>> = {
      concat: () => concatenated(layer, [one, other], -1),
      sum: () => ({ ...one, value: b.add(one.value, other.value) }),
      mul: () => ({ ...one, value: b.mul(one.value, other.value) }),
      ave: () => ({ ...one, value: b.mul(b.add(one.value, other.value), b.scalar(0.5)) }),
    };
    return [merge[options.choice('merge_mode', ['concat', 'sum', 'mul', 'ave'], 'concat')]!(), ...tail];
  },
};

const forwardName = (name: string) => (name.startsWith('forward_') ? name : `forward_${name}`);
const backwardName = (name: string) =>
  name.startsWith('backward_') ? name : `backward_${name.replace(/^forward_/, '')}`;

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
};
