import { DATA_TYPES, float, type ValueName } from '@seewhy/onnx';
import { isObject } from '../archive/json.ts';
import { errors } from '../errors.ts';
import { isLayerValue, type LayerContext, LayerOptions, type LayerTable } from '../layer.ts';
import { heldAxis, type LayerValue } from '../model/layer-value.ts';
import { permuted } from './permuted.ts';

/** An activation: appends the nodes for x. `options` are its arguments by Keras's names. */
export type ActivationImporter = (layer: LayerContext, x: LayerValue, options: LayerOptions) => LayerValue;
/** Importers by name of the activation. */
export type ActivationTable = Readonly<Record<string, ActivationImporter>>;

const GELU_SCALE = Math.sqrt(2 / Math.PI);

/** An activation that looks at each element alone keeps the layout. */
function elementwise(
  make: (layer: LayerContext, x: ValueName, options: LayerOptions) => ValueName,
): ActivationImporter {
  return (layer, x, options) => ({ ...x, value: make(layer, x.value, options) });
}

const node = (op: string) => elementwise(({ b }, x) => b.op(op, [x]));

/** max(0, x), and its three arguments: slope below the threshold, largest value, threshold. */
function relu(
  layer: LayerContext,
  x: ValueName,
  slope: number,
  most: number | undefined,
  threshold: number,
): ValueName {
  const { b } = layer;
  if (slope !== 0 && most === undefined && threshold === 0) return b.op('LeakyRelu', [x], { alpha: float(slope) });
  let positive: ValueName;
  if (threshold !== 0) {
    positive = b.where(b.greater(x, b.scalar(threshold)), x, b.scalar(0));
    if (most !== undefined) positive = b.clip(positive, b.scalar(0), b.scalar(most));
  } else positive = most === undefined ? b.relu(x) : b.clip(x, b.scalar(0), b.scalar(most));
  if (slope === 0) return positive;
  const below = threshold === 0 ? b.relu(b.neg(x)) : b.relu(b.sub(b.scalar(threshold), x));
  return b.sub(positive, b.mul(b.scalar(slope), below));
}

/** The names of ReLU's options changed between Keras 2 and 3. */
function reluOptions(options: LayerOptions): [number, number | undefined, number] {
  const first = (...names: string[]) =>
    names.find((name) => options.raw(name) !== null && options.raw(name) !== undefined);
  const slope = first('negative_slope', 'alpha');
  const most = first('max_value');
  return [slope ? options.number(slope) : 0, most ? options.number(most) : undefined, options.number('threshold', 0)];
}

function leakySlope(options: LayerOptions, fallback: number): number {
  return options.raw('negative_slope') === undefined && options.raw('alpha') !== undefined
    ? options.number('alpha')
    : options.number('negative_slope', fallback);
}

/** Elu(x) = x above 0, α(eˣ − 1) below. */
const elu = elementwise(({ b }, x, options) => b.op('Elu', [x], { alpha: float(options.number('alpha', 1)) }));

/** eˣ over its sum along an axis, or along several at once. */
const softmax: ActivationImporter = (layer, x, options) => {
  const axes = options.axes('axis', x.shape.length, -1);
  const { b } = layer;
  if (axes.length === 1) return { ...x, value: b.op('Softmax', [x.value], { axis: heldAxis(x, axes[0]!) }) };
  const held = axes.map((axis) => heldAxis(x, axis)).sort((one, other) => one - other);
  const exponent = b.sub(x.value, b.reduce('ReduceLogSumExp', x.value, held));
  return { ...x, value: b.op('Exp', [exponent]) };
};

const softplus = (layer: LayerContext, x: ValueName) => layer.b.op('Softplus', [x]);

/** x · ½(1 + erf(x/√2)), or with the tanh that approximates it. The exact one is spelt so that runtimes fuse it. */
function gelu(layer: LayerContext, x: ValueName, approximate: boolean): ValueName {
  const { b } = layer;
  if (!approximate) {
    const phi = b.add(b.op('Erf', [b.div(x, b.scalar(Math.SQRT2))]), b.scalar(1));
    return b.mul(b.mul(x, phi), b.scalar(0.5));
  }
  const cube = b.mul(b.mul(b.mul(x, x), x), b.scalar(0.044715));
  const inner = b.mul(b.add(x, cube), b.scalar(GELU_SCALE));
  return b.mul(b.mul(x, b.add(b.op('Tanh', [inner]), b.scalar(1))), b.scalar(0.5));
}

/** The half of an axis, gated by the sigmoid of the other half. */
const glu: ActivationImporter = (layer, x, options) => {
  const [axis] = options.axes('axis', x.shape.length, -1) as [number];
  const size = layer.known(x.shape[axis], 'the size of the halved axis');
  if (size % 2 !== 0) throw layer.misfit(`It halves an axis of ${size}`);
  const [kept, gate] = layer.b.split(x.value, [size / 2, size / 2], heldAxis(x, axis)) as [string, string];
  return {
    ...x,
    shape: x.shape.map((dim, at) => (at === axis ? size / 2 : dim)),
    value: layer.b.mul(kept, layer.b.op('Sigmoid', [gate])),
  };
};

/** Martins & Astudillo 2016, by sorting; the threshold is made of the sum of the running sums, as Keras 3 has it. */
const sparsemax: ActivationImporter = (layer, x, options) => {
  const { b } = layer;
  const [axis] = options.axes('axis', x.shape.length, -1) as [number];
  const held = heldAxis(x, axis);
  const size = layer.parts(layer.known(x.shape[axis], 'the size of its axis'));
  const [sorted] = b.multi('TopK', [x.value, b.ints([size])], { axis: held, largest: 1, sorted: 1 }, 2) as [string];
  const sums = b.op('CumSum', [sorted, b.int(held)]);
  const ranks = layer.numbers(
    Array.from({ length: size }, (_, at) => at + 1),
    [size, ...new Array<number>(x.shape.length - 1 - held).fill(1)],
    'ranks',
  );
  const one = b.scalar(1);
  const support = b.greater(b.sub(sorted, b.div(b.sub(sums, one), ranks)), b.scalar(0));
  const count = b.reduceSum(b.cast(support, DATA_TYPES.float32.code), [held]);
  const total = b.reduceSum(b.where(support, sums, b.scalar(0)), [held]);
  return { ...x, value: b.relu(b.sub(x.value, b.div(b.sub(total, one), count))) };
};

/** Every function of keras.activations, with its arguments. */
export const ACTIVATIONS: ActivationTable = {
  linear: (_, x) => x,
  relu: elementwise((layer, x, options) => relu(layer, x, ...reluOptions(options))),
  relu6: elementwise((layer, x) => relu(layer, x, 0, 6, 0)),
  leaky_relu: elementwise((layer, x, options) => relu(layer, x, leakySlope(options, 0.2), undefined, 0)),
  elu,
  selu: node('Selu'),
  celu: elementwise(({ b }, x, options) => b.op('Celu', [x], { alpha: float(options.number('alpha', 1)) })),
  softmax,
  log_softmax: (layer, x, options) => {
    const [axis] = options.axes('axis', x.shape.length, -1) as [number];
    return { ...x, value: layer.b.op('LogSoftmax', [x.value], { axis: heldAxis(x, axis) }) };
  },
  sparsemax,
  softplus: elementwise(softplus),
  softsign: node('Softsign'),
  sigmoid: node('Sigmoid'),
  log_sigmoid: elementwise((layer, x) => layer.b.neg(softplus(layer, layer.b.neg(x)))),
  // Keras 2: clip(0.2x + 0.5); Keras 3: relu6(x + 3)/6.
  hard_sigmoid: elementwise(({ b }, x, { dialect }) => b.hardSigmoid(x, dialect === 2 ? 0.2 : 1 / 6, 0.5)),
  hard_silu: node('HardSwish'),
  silu: elementwise(({ b }, x) => b.mul(x, b.op('Sigmoid', [x]))),
  tanh: node('Tanh'),
  hard_tanh: elementwise(({ b }, x) => b.clip(x, b.scalar(-1), b.scalar(1))),
  tanh_shrink: elementwise(({ b }, x) => b.sub(x, b.op('Tanh', [x]))),
  // x beyond ±λ, 0 between; Shrink's bias moves what is kept towards 0.
  hard_shrink: elementwise(({ b }, x, options) =>
    b.op('Shrink', [x], { lambd: float(options.number('threshold', 0.5)), bias: float(0) }),
  ),
  soft_shrink: elementwise(({ b }, x, options) => {
    const threshold = options.number('threshold', 0.5);
    return b.op('Shrink', [x], { lambd: float(threshold), bias: float(threshold) });
  }),
  squareplus: elementwise(({ b }, x, options) => {
    const root = b.op('Sqrt', [b.add(b.mul(x, x), b.scalar(options.number('b', 4)))]);
    return b.mul(b.add(x, root), b.scalar(0.5));
  }),
  // 0 below −1, ¼(x + 1)² up to 1, x above: (clip(x, −1, 1) + 1)²/4 + relu(x − 1).
  sparse_plus: elementwise(({ b }, x) => {
    const one = b.scalar(1);
    const inner = b.add(b.clip(x, b.scalar(-1), one), one);
    return b.add(b.mul(b.mul(inner, inner), b.scalar(0.25)), b.relu(b.sub(x, one)));
  }),
  sparse_sigmoid: elementwise(({ b }, x) => b.hardSigmoid(x, 0.5, 0.5)),
  exponential: node('Exp'),
  gelu: elementwise((layer, x, options) => gelu(layer, x, options.flag('approximate', false))),
  // TensorFlow.js has the two under names of their own.
  gelu_new: elementwise((layer, x) => gelu(layer, x, true)),
  mish: elementwise((layer, x) => layer.b.mul(x, layer.b.op('Tanh', [softplus(layer, x)]))),
  glu,
  threshold: elementwise(({ b }, x, options) =>
    b.where(
      b.greater(x, b.scalar(options.number('threshold'))),
      x,
      b.scalar(
        options.number('default_value', options.raw('value') === undefined ? undefined : options.number('value')),
      ),
    ),
  ),
};

/** Other names for the same, as found in files. */
const ALIASES: Readonly<Record<string, string>> = {
  identity: 'linear',
  swish: 'silu',
  hard_swish: 'hard_silu',
  exp: 'exponential',
  softmax_v2: 'softmax',
  relu_v2: 'relu',
  leakyrelu: 'leaky_relu',
};

/** Layers that are activations, when they stand where an activation's name is wanted. */
const LAYER_NAMES: Readonly<Record<string, string>> = {
  ReLU: 'relu',
  LeakyReLU: 'leaky_relu',
  ELU: 'elu',
  Softmax: 'softmax',
};

/**
 * Applies an activation as a config names it: a text, `{ class_name, config }` of a function or a layer, or null.
 * @throws ACTIVATION_UNKNOWN, LAYER_LAMBDA
 */
export function activate(layer: LayerContext, x: LayerValue, spec: unknown, custom: ActivationTable): LayerValue {
  if (spec === null || spec === undefined) return x;
  let name: string;
  let config: Readonly<Record<string, unknown>> = {};
  if (typeof spec === 'string') name = spec;
  else if (isObject(spec) && typeof spec.class_name === 'string') {
    if (isObject(spec.config)) config = spec.config;
    name = typeof spec.config === 'string' ? spec.config : spec.class_name;
    if (spec.class_name === '__lambda__') throw errors.lambda(layer.label, 'byte code as its activation');
  } else throw errors.badOption(layer.label, 'activation', spec, 'the name of an activation');
  const options = new LayerOptions(config, layer.label, layer.options.dialect);
  const plain = name.slice(name.lastIndexOf('>') + 1);
  for (const key of [name, plain]) if (Object.hasOwn(custom, key)) return custom[key]!(layer, x, options);
  if (plain === 'Activation') return activate(layer, x, config.activation, custom);
  if (plain === 'LeakyReLU') return ACTIVATION_LAYERS.LeakyReLU!.build(withOptions(layer, x, options)) as LayerValue;
  const key = Object.hasOwn(ALIASES, plain)
    ? ALIASES[plain]!
    : Object.hasOwn(LAYER_NAMES, plain)
      ? LAYER_NAMES[plain]!
      : snake(plain);
  const importer = Object.hasOwn(ACTIVATIONS, key) ? ACTIVATIONS[key] : undefined;
  if (!importer)
    throw errors.unknownActivation(layer.label, name, [...Object.keys(custom), ...Object.keys(ACTIVATIONS)]);
  return importer(layer, x, options);
}

/** `LogSoftmax` → `log_softmax`; names that are in lower case stay. */
function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/** The layer's context as another layer would see it. */
function withOptions(layer: LayerContext, x: LayerValue, options: LayerOptions): LayerContext {
  return Object.create(layer, {
    options: { value: options },
    args: { value: [x] },
    kwargs: { value: {} },
  }) as LayerContext;
}

/** A mask of numbers (kept above 0.5) as bool. */
function asBool({ b }: LayerContext, mask: LayerValue): ValueName {
  return mask.type === 'bool' ? mask.value : b.op('Greater', [mask.value, b.scalar(0.5)]);
}

export const ACTIVATION_LAYERS: LayerTable = {
  Activation: { build: (layer) => layer.activate(layer.x, layer.options.raw('activation')) },
  ReLU: { build: (layer) => ({ ...layer.x, value: relu(layer, layer.x.value, ...reluOptions(layer.options)) }) },
  // α in the config of Keras 2, where the default is 0.3 too.
  LeakyReLU: {
    build: (layer) => ({ ...layer.x, value: relu(layer, layer.x.value, leakySlope(layer.options, 0.3), undefined, 0) }),
  },
  ThresholdedReLU: {
    build: (layer) => ({ ...layer.x, value: layer.b.thresholdedRelu(layer.x.value, layer.options.number('theta', 1)) }),
  },
  ELU: { build: (layer) => elu(layer, layer.x, layer.options) },
  Softmax: {
    build: (layer) => {
      const { b } = layer;
      const x = b.inKerasLayout(layer.x);
      const given = layer.argument(1, 'mask');
      const mask = isLayerValue(given) ? asBool(layer, given) : x.mask;
      if (mask === undefined) return softmax(layer, layer.x, layer.options);
      if (!isLayerValue(given) && x.shape.length !== 2) throw layer.refuse('a Softmax over masked steps');
      // Keras 2 takes 10⁹ off what is masked, Keras 3 puts −10⁹ in its place and 0 into the result.
      const hidden = layer.options.dialect === 3 ? b.scalar(-1e9) : b.sub(x.value, b.scalar(1e9));
      const result = softmax(layer, { ...x, value: b.where(mask, x.value, hidden) }, layer.options);
      return layer.options.dialect === 3 ? { ...result, value: b.where(mask, result.value, b.scalar(0)) } : result;
    },
  },
  // x above 0, α·x below, α a number for each element or shared along axes.
  PReLU: {
    weights(options, [shape]) {
      const shared = options.raw('shared_axes');
      const axes = Array.isArray(shared) ? shared : shared === null || shared === undefined ? [] : [shared];
      return [{ name: 'alpha', shape: (shape ?? []).slice(1).map((dim, at) => (axes.includes(at + 1) ? 1 : dim)) }];
    },
    build(layer) {
      const { x } = layer;
      const rank = x.shape.length;
      const alpha = layer.weight('alpha');
      const slope = layer.constant(`alpha.${x.layout}`, () =>
        x.layout === 'keras'
          ? alpha
          : permuted(alpha, [rank - 2, ...Array.from({ length: rank - 2 }, (_, axis) => axis)]),
      );
      return { ...x, value: layer.b.op('PRelu', [x.value, slope]) };
    },
  },
};
