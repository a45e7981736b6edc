import { isObject } from '../archive/json.ts';
import { errors } from '../errors.ts';
import type { LayerImporter, LayerTable } from '../layer.ts';
import type { LayerConfig } from '../model/config.ts';
import { ACTIVATIONS } from './activation.ts';
import { ARITHMETIC_FUNCTIONS } from './function-arithmetic.ts';
import { FunctionCall, type FunctionTable } from './function-call.ts';
import { ELEMENTARY_FUNCTIONS } from './function-elementary.ts';
import { IMAGE_FUNCTIONS } from './function-image.ts';
import { INDEXING_FUNCTIONS } from './function-indexing.ts';
import { LINEAR_FUNCTIONS } from './function-linear.ts';
import { SHAPE_FUNCTIONS } from './function-shape.ts';
import { SIZE_FUNCTIONS } from './function-sizes.ts';
import { LAYERS } from './table.ts';

/** The functions by one name each: Keras 3's, in snake case. */
const FUNCTIONS: FunctionTable = {
  ...ARITHMETIC_FUNCTIONS,
  ...ELEMENTARY_FUNCTIONS,
  ...SHAPE_FUNCTIONS,
  ...SIZE_FUNCTIONS,
  ...INDEXING_FUNCTIONS,
  ...LINEAR_FUNCTIONS,
  ...IMAGE_FUNCTIONS,
};

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
  acos: 'arccos',
  asin: 'arcsin',
  atan: 'arctan',
  acosh: 'arccosh',
  asinh: 'arcsinh',
  atanh: 'arctanh',
  is_nan: 'isnan',
  is_inf: 'isinf',
  floordiv: 'floor_divide',
  floor_div: 'floor_divide',
  floormod: 'mod',
  gather: 'take',
  gather_v2: 'take',
  reduce_euclidean_norm: 'euclidean_norm',
  conv2d: 'conv',
  conv2d_v2: 'conv',
  depthwise_conv2d: 'depthwise_conv',
  convolution: 'conv',
  lrn: 'local_response_normalization',
  shape_v2: 'shape',
  flip_left_right: 'fliplr',
  flip_up_down: 'flipud',
  batch_dot: 'matmul',
  cat: 'concatenate',
  fabs: 'absolute',
  atan2: 'arctan2',
  copy: 'identity',
  real: 'identity',
  empty_like: 'zeros_like',
  amax: 'max',
  amin: 'min',
};

/** An importer for layers that stand for one call of a function; undefined for real layers. */
export function functionImporter(
  layer: LayerConfig,
  label: string,
  dialect: 2 | 3,
  custom: LayerTable,
): LayerImporter | undefined {
  const name = functionName(layer, dialect);
  if (name === undefined) return undefined;
  if (Object.hasOwn(custom, name)) return custom[name]!;
  const plain = name.slice(name.lastIndexOf('.') + 1);
  if (Object.hasOwn(custom, plain)) return custom[plain]!;
  const key = keyOf(plain);
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

/** Keras 3's name of a function, in snake case. */
function keyOf(plain: string): string {
  const snake = plain
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
  return Object.hasOwn(ALIASES, snake) ? ALIASES[snake]! : snake;
}

const isFunction = (name: string) => Object.hasOwn(FUNCTIONS, keyOf(name)) || Object.hasOwn(ACTIVATIONS, keyOf(name));

/** `Add` of keras.src.ops.numpy, `math.multiply` of a TFOpLambda. */
function functionName(layer: LayerConfig, dialect: 2 | 3): string | undefined {
  const { className, module, config } = layer;
  if (className === 'TFOpLambda' || className === 'SlicingOpLambda')
    return typeof config.function === 'string' ? config.function : className;
  if (className === 'TensorFlowOpLayer')
    return isObject(config.node_def) && typeof config.node_def.op === 'string' ? config.node_def.op : className;
  // Keras 3 writes no module into HDF5 files; a layer has `trainable` or `dtype` in its config, an operation of the same name has neither.
  const layerLike = 'trainable' in config || 'dtype' in config || 'layers' in config;
  const operation = Object.hasOwn(LAYERS, className) ? !layerLike : !('trainable' in config);
  if (module === '' && dialect === 3 && className !== 'InputLayer' && operation && isFunction(className))
    return className;
  if (/(^|\.)ops(\.|$)/.test(module) || /(^|\.)activations\.activations$/.test(module)) return className;
  return undefined;
}
