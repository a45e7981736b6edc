import { isObject } from '../archive/json.ts';
import { errors } from '../errors.ts';
import type { LayerImporter, LayerTable } from '../layer.ts';
import type { LayerConfig } from '../model/config.ts';
import { ACTIVATIONS } from './activation.ts';
import { ARITHMETIC_FUNCTIONS } from './function-arithmetic.ts';
import { FunctionCall, type FunctionTable } from './function-call.ts';
import { IMAGE_FUNCTIONS } from './function-image.ts';
import { SHAPE_FUNCTIONS } from './function-shape.ts';

/** The functions by one name each: Keras 3's, in snake case. */
const FUNCTIONS: FunctionTable = { ...ARITHMETIC_FUNCTIONS, ...SHAPE_FUNCTIONS, ...IMAGE_FUNCTIONS };

/** TensorFlow's names, and a few of Keras's own, for the same. */
const ALIASES: Readonly<Record<string, string>> = {
  __add__: 'add',
  add_v2: 'add',
  bias_add: 'add',
  sub: 'subtract',
  mul: 'multiply',
  divide: 'true_divide',
  div: 'true_divide',
  truediv: 'true_divide',
  realdiv: 'true_divide',
  pow: 'power',
  neg: 'negative',
  abs: 'absolute',
  reduce_mean: 'mean',
  reduce_sum: 'sum',
  reduce_max: 'max',
  reduce_min: 'min',
  reduce_prod: 'prod',
  reduce_variance: 'var',
  reduce_std: 'std',
  reduce_logsumexp: 'logsumexp',
  reduce_any: 'any',
  reduce_all: 'all',
  clip_by_value: 'clip',
  concat: 'concatenate',
  getitem: 'get_item',
  reverse: 'flip',
  mirror_pad: 'pad',
  max_pool2d: 'max_pool',
  avg_pool: 'average_pool',
  avg_pool2d: 'average_pool',
  resize_images: 'resize',
  amax: 'max',
  amin: 'min',
};

/** An importer for layers that stand for one call of a function; undefined for real layers. */
export function functionImporter(layer: LayerConfig, label: string, custom: LayerTable): LayerImporter | undefined {
  const name = functionName(layer);
  if (name === undefined) return undefined;
  if (Object.hasOwn(custom, name)) return custom[name]!;
  const plain = name.slice(name.lastIndexOf('.') + 1);
  if (Object.hasOwn(custom, plain)) return custom[plain]!;
  const snake = plain.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  const key = Object.hasOwn(ALIASES, snake) ? ALIASES[snake]! : snake;
  if (Object.hasOwn(FUNCTIONS, key)) return { build: (context) => FUNCTIONS[key]!(new FunctionCall(context)) };
  const activation = key === 're_lu' ? 'relu' : key === 'swish' ? 'silu' : key;
  if (Object.hasOwn(ACTIVATIONS, activation)) {
    return {
      build: (context) => {
        const call = new FunctionCall(context);
        return ACTIVATIONS[activation]!(context, call.value(0, 'x', 'features', 'logits', 'input'), call.options);
      },
    };
  }
  throw errors.unknownFunction(label, name, [...Object.keys(FUNCTIONS), ...Object.keys(ACTIVATIONS)]);
}

/** `Add` of keras.src.ops.numpy, `math.multiply` of a TFOpLambda. */
function functionName(layer: LayerConfig): string | undefined {
  const { className, module, config } = layer;
  if (className === 'TFOpLambda' || className === 'SlicingOpLambda')
    return typeof config.function === 'string' ? config.function : className;
  if (className === 'TensorFlowOpLayer')
    return isObject(config.node_def) && typeof config.node_def.op === 'string' ? config.node_def.op : className;
  if (/(^|\.)ops(\.|$)/.test(module) || /(^|\.)activations\.activations$/.test(module)) return className;
  return undefined;
}
