import { float, Tensor, type ValueName } from '@seewhy/onnx';
import type { LayerContext, LayerImporter, LayerOptions, LayerTable } from '../layer.ts';
import { heldAxis, type KerasShape, type LayerValue } from '../model/layer-value.ts';
import type { WeightSpec } from '../weights/source.ts';

const ones = (size: number) => Tensor.floats(new Float32Array(size).fill(1));
const zeros = (size: number) => Tensor.floats(new Float32Array(size));

/** γ (x − μ)/√(σ² + ε) + β with the moving statistics; one BatchNormalization node where the axis allows it. */
const batchNormalization: LayerImporter = {
  weights(options, [shape]) {
    const rank = shape?.length ?? 4;
    const axes = options.axes('axis', rank, -1);
    const sizes = axes.map((axis) => shape?.[axis] ?? null);
    return [
      ...(options.flag('scale', true) ? [{ name: 'gamma', shape: sizes }] : []),
      ...(options.flag('center', true) ? [{ name: 'beta', shape: sizes }] : []),
      { name: 'moving_mean', shape: sizes, trainable: false },
      { name: 'moving_variance', shape: sizes, trainable: false },
    ];
  },
  build(layer) {
    const { options, x } = layer;
    const axes = options.axes('axis', x.shape.length, -1);
    if (axes.length !== 1) throw layer.refuse('statistics over several axes');
    const [axis] = axes as [number];
    const rank = x.shape.length;
    const epsilon = options.number('epsilon', 1e-3);
    const mean = layer.weight('moving_mean');
    const gamma = () => (layer.hasWeight('gamma') ? layer.weight('gamma') : ones(mean.size));
    const beta = () => (layer.hasWeight('beta') ? layer.weight('beta') : zeros(mean.size));
    // A picture goes channels first; a list of tokens is rather left as it lies.
    const held = axis === rank - 1 && rank >= 4 ? layer.b.channelsFirst(x) : x;
    if (heldAxis(held, axis) === 1) {
      const inputs = [
        held.value,
        layer.constant('gamma', gamma),
        layer.constant('beta', beta),
        layer.weightValue('moving_mean'),
        layer.weightValue('moving_variance'),
      ];
      return { ...held, value: layer.b.op('BatchNormalization', inputs, { epsilon: float(epsilon) }) };
    }
    const slope = () => {
      const variance = layer.weight('moving_variance').numbers();
      return gamma()
        .numbers()
        .map((value, at) => value / Math.sqrt(variance[at]! + epsilon));
    };
    const scale = layer.along(held, 'scale', () => Tensor.floats(slope()), axis);
    const offset = layer.along(
      held,
      'offset',
      () => {
        const means = mean.numbers();
        const slopes = slope();
        return Tensor.floats(
          beta()
            .numbers()
            .map((value, at) => value - means[at]! * slopes[at]!),
        );
      },
      axis,
    );
    return { ...held, value: layer.b.add(layer.b.mul(held.value, scale), offset) };
  },
};

function axisSizes(options: LayerOptions, shape: KerasShape | undefined): (number | null)[] {
  const rank = shape?.length ?? 2;
  return options
    .axes('axis', rank, -1)
    .sort((one, other) => one - other)
    .map((axis) => shape?.[axis] ?? null);
}

/** γ (x − mean)/√(variance + ε) + β over the last axes; with `rms_scaling` γ x/√(variance + ε), as Keras 3 has it. */
const layerNormalization: LayerImporter = {
  weights(options, [shape]) {
    const sizes = axisSizes(options, shape);
    const rms = options.flag('rms_scaling', false);
    const list: WeightSpec[] = [];
    if (options.flag('scale', true) || rms) list.push({ name: 'gamma', shape: sizes });
    if (options.flag('center', true) && !rms) list.push({ name: 'beta', shape: sizes });
    return list;
  },
  build(layer) {
    const { options, b } = layer;
    if (options.flag('rms_scaling', false)) return rms(layer, 'gamma', options.number('epsilon', 1e-3), true);
    const rank = layer.x.shape.length;
    const axes = options.axes('axis', rank, -1).sort((one, other) => one - other);
    const trailing = axes.every((axis, at) => axis === rank - axes.length + at);
    const x = b.inKerasLayout(layer.x);
    const epsilon = options.number('epsilon', 1e-3);
    if (trailing) {
      const sizes = axes.map((axis) => layer.known(x.shape[axis], 'the size of the normalised axis'));
      const size = sizes.reduce((product, dim) => product * dim, 1);
      const gamma = layer.constant('gamma', () =>
        layer.hasWeight('gamma') ? layer.weight('gamma') : ones(size).reshape(sizes),
      );
      const beta = layer.hasWeight('beta') ? layer.weightValue('beta') : undefined;
      return {
        ...x,
        value: b.op('LayerNormalization', [x.value, gamma, beta], { axis: axes[0]! - rank, epsilon: float(epsilon) }),
      };
    }
    return { ...x, value: scaled(layer, x, axes, standardised(layer, x.value, axes, epsilon)) };
  },
};

/** (x − mean)/√(variance + ε) over some axes of the held value. */
function standardised({ b }: LayerContext, x: ValueName, axes: readonly number[], epsilon: number): ValueName {
  const centred = b.sub(x, b.reduceMean(x, axes));
  const variance = b.reduceMean(b.mul(centred, centred), axes);
  return b.div(centred, b.op('Sqrt', [b.add(variance, b.scalar(epsilon))]));
}

/** γ and β along some axes of a value in Keras's layout. */
function scaled(layer: LayerContext, x: LayerValue, axes: readonly number[], value: ValueName): ValueName {
  const dims = x.shape.map((dim, axis) =>
    axes.includes(axis) ? layer.known(dim, 'the size of the normalised axis') : 1,
  );
  let result = value;
  if (layer.hasWeight('gamma'))
    result = layer.b.mul(
      result,
      layer.constant('gamma', () => layer.weight('gamma').reshape(dims)),
    );
  if (layer.hasWeight('beta'))
    result = layer.b.add(
      result,
      layer.constant('beta', () => layer.weight('beta').reshape(dims)),
    );
  return result;
}

/** x/√(mean(x²) + ε) · scale; the mean is taken off before squaring when `centred`. */
function rms(layer: LayerContext, weight: string, epsilon: number, centred = false): LayerValue {
  const { b, options } = layer;
  const x = b.inKerasLayout(layer.x);
  const axes = options.axes('axis', x.shape.length, -1).sort((one, other) => one - other);
  const part = centred ? b.sub(x.value, b.reduceMean(x.value, axes)) : x.value;
  const square = b.reduceMean(b.mul(part, part), axes);
  const value = b.div(x.value, b.op('Sqrt', [b.add(square, b.scalar(epsilon))]));
  const dims = x.shape.map((dim, axis) =>
    axes.includes(axis) ? layer.known(dim, 'the size of the normalised axis') : 1,
  );
  return {
    ...x,
    value: b.mul(
      value,
      layer.constant(weight, () => layer.weight(weight).reshape(dims)),
    ),
  };
}

/** As LayerNormalization, over groups of channels and all positions: an InstanceNormalization of `[N, groups, rest]`. */
const groupNormalization: LayerImporter = {
  weights(options, [shape]) {
    const [axis] = options.axes('axis', shape?.length ?? 4, -1) as [number];
    const size = shape?.[axis] ?? null;
    return [
      ...(options.flag('scale', true) ? [{ name: 'gamma', shape: [size] }] : []),
      ...(options.flag('center', true) ? [{ name: 'beta', shape: [size] }] : []),
    ];
  },
  build(layer) {
    const { options, b } = layer;
    const rank = layer.x.shape.length;
    const [axis] = options.axes('axis', rank, -1) as [number];
    const x = axis === rank - 1 ? b.channelsFirst(layer.x) : layer.x;
    if (heldAxis(x, axis) !== 1) throw layer.refuse('groups along an axis that is neither the first nor the last');
    const channels = layer.known(x.shape[axis], 'the number of channels');
    const given = options.raw('groups');
    const groups = given === -1 ? channels : options.int('groups', 32);
    if (groups < 1 || channels % groups !== 0)
      throw layer.misfit(`${channels} channels are not ${groups} equal groups`);
    const flat = b.reshape(x.value, [0, groups, -1]);
    const normal = b.op(
      'InstanceNormalization',
      [flat, layer.constant('ones', () => ones(groups)), layer.constant('zeros', () => zeros(groups))],
      { epsilon: float(options.number('epsilon', 1e-3)) },
    );
    let value = restored(layer, x, normal);
    if (layer.hasWeight('gamma'))
      value = b.mul(
        value,
        layer.along(x, 'gamma', () => layer.weight('gamma'), axis),
      );
    if (layer.hasWeight('beta'))
      value = b.add(
        value,
        layer.along(x, 'beta', () => layer.weight('beta'), axis),
      );
    return { ...x, value };
  },
};

/** Back to the shape of x, also where several sizes are open. */
function restored(layer: LayerContext, x: LayerValue, value: ValueName): ValueName {
  return layer.b.reshape(value, layer.b.shape(x.value));
}

/** x/√(Σx²): the L2 norm along axes becomes 1; TensorFlow keeps the sum of squares above 1e-12. */
const unitNormalization: LayerImporter = {
  build(layer) {
    const { b } = layer;
    const { x } = layer;
    const axes = layer.options.axes('axis', x.shape.length, -1).map((axis) => heldAxis(x, axis));
    const squares = b.reduceSum(b.mul(x.value, x.value), axes);
    return { ...x, value: b.div(x.value, b.op('Sqrt', [b.op('Max', [squares, b.scalar(1e-12)])])) };
  },
};

/** (x − mean)/max(√variance, ε) with what `adapt` found or the options say; inverted: x · √variance + mean. */
const inputNormalization: LayerImporter = {
  weights(options, [shape]) {
    if (given(options)) return [];
    const sizes = keptAxes(options, shape ?? []).map((axis) => shape?.[axis] ?? null);
    return [
      { name: 'mean', shape: sizes, trainable: false },
      { name: 'variance', shape: sizes, trainable: false },
    ];
  },
  build(layer) {
    const { options, b, x } = layer;
    const kept = keptAxes(options, x.shape);
    const numbers = given(options);
    const read = (name: 'mean' | 'variance') => (numbers ? Tensor.floats(numbers[name]) : layer.weight(name));
    const last = kept.length === 1 ? kept[0]! : undefined;
    const held = last !== undefined || kept.length === 0 ? x : b.inKerasLayout(x);
    const dims = held.shape.map((dim, axis) => (kept.includes(axis) ? (dim ?? 1) : 1));
    const shaped = (name: string, make: () => Tensor) =>
      last === undefined
        ? layer.constant(name, () => {
            const tensor = make();
            return tensor.reshape(tensor.size === 1 ? [] : dims);
          })
        : layer.along(held, name, make, last);
    const deviation = () =>
      Tensor.floats(
        read('variance')
          .numbers()
          .map((value) => Math.max(Math.fround(Math.sqrt(value)), 1e-7)),
      );
    const mean = shaped('mean', () => read('mean'));
    const scale = shaped('deviation', deviation);
    if (options.flag('invert', false)) return { ...held, value: b.add(mean, b.mul(held.value, scale)) };
    return { ...held, value: b.div(b.sub(held.value, mean), scale) };
  },
};

/** Mean and variance written into the options. */
function given(options: LayerOptions): { mean: number[]; variance: number[] } | undefined {
  const flat = (value: unknown): number[] =>
    Array.isArray(value) ? value.flatMap(flat) : typeof value === 'number' ? [value] : [];
  const mean = flat(options.raw('mean'));
  const variance = flat(options.raw('variance'));
  return mean.length > 0 && variance.length > 0 ? { mean, variance } : undefined;
}

function keptAxes(options: LayerOptions, shape: KerasShape): number[] {
  const value = options.raw('axis');
  if (value === null || (Array.isArray(value) && value.length === 0)) return [];
  return options.axes('axis', shape.length, -1).sort((one, other) => one - other);
}

/** At inference the wrapped layer, whose stored kernel is the normalised one. */
const spectralNormalization: LayerImporter = {
  build: (layer) => layer.call(layer.inner(), 'layer', layer.inputs),
};

export const NORMALIZATION_LAYERS: LayerTable = {
  BatchNormalization: batchNormalization,
  BatchNormalizationV1: batchNormalization,
  BatchNormalizationV2: batchNormalization,
  SyncBatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
  UnitNormalization: unitNormalization,
  RMSNormalization: {
    weights: (options, [shape]) => [{ name: 'scale', shape: axisSizes(options, shape) }],
    build: (layer) => rms(layer, 'scale', layer.options.number('epsilon', 1e-6)),
  },
  Normalization: inputNormalization,
  SpectralNormalization: spectralNormalization,
};
