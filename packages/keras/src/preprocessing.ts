import { labelLines } from '@seewhy/onnx';
import { isObject, type Json } from './archive/json.ts';
import type { LayerConfig, ModelConfig } from './model/config.ts';

/** The modes of `keras.applications`: what `preprocess_input` does to RGB pixels of 0 to 255. */
export type PreprocessingMode =
  /** x/127.5 − 1. */
  | 'tf'
  /** RGB → BGR, minus the means 103.939, 116.779, 123.68. */
  | 'caffe'
  /** (x/255 − mean)/deviation with ImageNet's. */
  | 'torch'
  /** Nothing: the model does it itself. */
  | 'none';

/** The preprocessing of keras.applications that a model was most likely trained with. */
export interface PreprocessingHint {
  readonly mode: PreprocessingMode;
  /** `MobileNetV2`, as keras.applications calls it. */
  readonly architecture?: string;
  /** Why: what in the model says so. */
  readonly reason: string;
}

/** Marks of an architecture: how keras.applications names the model, and names of layers that only it has. */
interface Mark {
  readonly architecture: string;
  readonly mode: PreprocessingMode;
  readonly name: RegExp;
  readonly layers: readonly string[];
}

const MARKS: readonly Mark[] = [
  { architecture: 'MobileNetV3', mode: 'none', name: /^mobilenet_?v3/i, layers: ['expanded_conv_squeeze_excite_conv'] },
  { architecture: 'MobileNetV2', mode: 'tf', name: /^mobilenet_?v2/i, layers: ['block_1_expand', 'block_16_project'] },
  { architecture: 'MobileNet', mode: 'tf', name: /^mobilenet_[01]/i, layers: ['conv_dw_1', 'conv_pw_13'] },
  {
    architecture: 'EfficientNetV2',
    mode: 'none',
    name: /^efficientnet_?v2/i,
    layers: ['block1a_project_conv', 'block2a_expand_conv', 'stem_conv'],
  },
  {
    architecture: 'EfficientNet',
    mode: 'none',
    name: /^efficientnet_?(b\d|lite)/i,
    layers: ['stem_conv', 'block1a_dwconv'],
  },
  { architecture: 'ConvNeXt', mode: 'none', name: /^convnext/i, layers: [] },
  { architecture: 'InceptionResNetV2', mode: 'tf', name: /^inception_resnet_v2/i, layers: ['block35_1', 'conv_7b'] },
  { architecture: 'InceptionV3', mode: 'tf', name: /^inception_v3/i, layers: ['mixed0', 'mixed10'] },
  { architecture: 'Xception', mode: 'tf', name: /^xception/i, layers: ['block1_conv1', 'block14_sepconv2'] },
  { architecture: 'NASNet', mode: 'tf', name: /^nasnet/i, layers: ['stem_conv1', 'stem_bn1'] },
  { architecture: 'DenseNet', mode: 'torch', name: /^densenet/i, layers: ['conv2_block1_0_bn', 'pool2_conv'] },
  { architecture: 'ResNetV2', mode: 'tf', name: /^resnet\d+v2/i, layers: ['conv2_block1_preact_bn', 'post_bn'] },
  {
    architecture: 'ResNet',
    mode: 'caffe',
    name: /^resnet(50|101|152)$/i,
    layers: ['conv1_conv', 'conv2_block1_1_conv', 'conv5_block3_out'],
  },
  { architecture: 'ResNetRS', mode: 'none', name: /^resnet-?_?rs/i, layers: [] },
  { architecture: 'RegNet', mode: 'none', name: /^regnet/i, layers: [] },
  { architecture: 'VGG', mode: 'caffe', name: /^vgg1[69]$/i, layers: ['block1_conv1', 'block5_conv3', 'block5_pool'] },
];

/**
 * How pictures are likely prepared for a model: by what the model does itself at its start, else by the architecture it is or contains.
 * Undefined when nothing tells.
 */
export function preprocessingHint(model: ModelConfig): PreprocessingHint | undefined {
  const found = architectureOf(model);
  const inside = preparesItself(model);
  if (inside) {
    // A Rescaling that only undoes or completes the application's own convention counts as the model's own.
    return { mode: 'none', ...(found ? { architecture: found.mark.architecture } : {}), reason: inside };
  }
  if (!found) return undefined;
  const { mark, reason } = found;
  return { mode: mark.mode, architecture: mark.architecture, reason };
}

function architectureOf(model: ModelConfig): { mark: Mark; reason: string } | undefined {
  for (const candidate of [model, ...nested(model)]) {
    const byName = MARKS.find(({ name }) => name.test(candidate.name));
    if (byName)
      return {
        mark: byName,
        reason: `the model '${candidate.name}' is called as keras.applications calls ${byName.architecture}`,
      };
  }
  for (const candidate of [model, ...nested(model)]) {
    const names = new Set(candidate.layers.map(({ name }) => name));
    const byLayers = MARKS.find(({ layers }) => layers.length > 0 && layers.every((layer) => names.has(layer)));
    if (byLayers)
      return { mark: byLayers, reason: `it has the layers ${byLayers.layers.join(', ')} of ${byLayers.architecture}` };
  }
  return undefined;
}

function nested(model: ModelConfig): ModelConfig[] {
  return model.layers.flatMap((layer) => (layer.model ? [layer.model, ...nested(layer.model)] : []));
}

const NEUTRAL = new Set(['InputLayer', 'Resizing', 'CenterCrop', 'ZeroPadding2D', 'Dropout', 'Identity']);

/** A Rescaling or Normalization (or arithmetic) before the first layer that computes anything else. */
function preparesItself(model: ModelConfig): string | undefined {
  for (const layer of model.layers) {
    if (NEUTRAL.has(layer.className) || layer.className.startsWith('Random')) continue;
    if (layer.className === 'Rescaling')
      return `it begins with a Rescaling layer '${layer.name}' (scale ${shown(layer.config.scale)}, offset ${shown(layer.config.offset)})`;
    if (layer.className === 'Normalization') return `it begins with a Normalization layer '${layer.name}'`;
    if (isArithmetic(layer)) return `it begins with arithmetic on its input ('${layer.name}')`;
    return layer.model ? preparesItself(layer.model) : undefined;
  }
  return undefined;
}

function isArithmetic({ className, module, config }: LayerConfig): boolean {
  if (className === 'TFOpLambda')
    return /^(math\.(multiply|add|subtract|truediv|divide)|__operators__\.(add|sub|mul|truediv))$/.test(
      String(config.function),
    );
  return /(^|\.)ops(\.|$)/.test(module) && ['Add', 'Subtract', 'Multiply', 'Divide', 'TrueDivide'].includes(className);
}

function shown(value: unknown): string {
  return Array.isArray(value)
    ? `[${value.slice(0, 4).join(', ')}]`
    : typeof value === 'number'
      ? String(Number(value.toPrecision(4)))
      : '?';
}

/** Labels out of a file or a metadata object: a list of texts, a dictionary by index, or one a line. */
export function readLabels(value: unknown): string[] | undefined {
  if (typeof value === 'string') {
    const lines = labelLines(value);
    return lines.length > 0 ? lines : undefined;
  }
  if (Array.isArray(value))
    return value.length > 0 && value.every((item) => typeof item === 'string') ? value : undefined;
  if (!isObject(value)) return undefined;
  for (const key of ['labels', 'class_names', 'classNames', 'classes', 'names']) {
    if (key in value) {
      const inner = readLabels(value[key]);
      if (inner) return inner;
    }
  }
  return byIndex(value);
}

/** `{ "0": "cat", "1": "dog" }`, `{ "0": ["n01", "cat"] }` or `{ "cat": 0, "dog": 1 }`. */
function byIndex(value: Json): string[] | undefined {
  const entries = Object.entries(value);
  if (entries.length === 0) return undefined;
  const labels: string[] = [];
  for (const [key, item] of entries) {
    const text = Array.isArray(item) ? item[item.length - 1] : item;
    if (/^\d+$/.test(key) && typeof text === 'string') labels[Number(key)] = text;
    else if (Number.isSafeInteger(item) && (item as number) >= 0 && (item as number) < entries.length)
      labels[item as number] = key;
    else return undefined;
  }
  return labels.length === entries.length && Object.keys(labels).length === entries.length ? labels : undefined;
}
