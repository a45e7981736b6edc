import { errors } from '../errors.ts';
import type { Interpolation } from '../picture/resample.ts';
import type { InputShape, Preprocess } from './preprocess.ts';

interface PresetRow {
  about: string;
  /** Share of the resized shorter side that the crop keeps; 1: resized to exactly the input's size, no crop. */
  cropShare: number;
  interpolation: Interpolation;
  channelOrder: 'rgb' | 'bgr';
  /** (byte * scale - mean) / std */
  scale: number;
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
}

const zero = [0, 0, 0] as const;
const one = [1, 1, 1] as const;
const half = [0.5, 0.5, 0.5] as const;
const imagenetMean = [0.485, 0.456, 0.406] as const;
const imagenetStd = [0.229, 0.224, 0.225] as const;
const clipMean = [0.48145466, 0.4578275, 0.40821073] as const;
const clipStd = [0.26862954, 0.26130258, 0.27577711] as const;

/** Named preprocessings. `(byte * scale - mean) / std`, channel by channel. */
export const PREPROCESS_PRESETS = {
  imagenet: {
    about: 'torchvision and most timm models: 0..1, ImageNet mean and deviation, crop of 7/8',
    cropShare: 0.875,
    interpolation: 'bilinear',
    channelOrder: 'rgb',
    scale: 1 / 255,
    mean: imagenetMean,
    std: imagenetStd,
  },
  inception: {
    about: 'x / 127.5 - 1 (-1..1): Inception, many ViT, BiT and EfficientNet ports',
    cropShare: 0.875,
    interpolation: 'bicubic',
    channelOrder: 'rgb',
    scale: 1 / 255,
    mean: half,
    std: half,
  },
  clip: {
    about: 'OpenAI CLIP: shorter side to the input size (bicubic), crop, CLIP mean and deviation',
    cropShare: 1,
    interpolation: 'bicubic',
    channelOrder: 'rgb',
    scale: 1 / 255,
    mean: clipMean,
    std: clipStd,
  },
  signed: {
    about: '(x - 127) / 128: EfficientNet-Lite, TensorFlow Lite models',
    cropShare: 0.875,
    interpolation: 'bicubic',
    channelOrder: 'rgb',
    scale: 1,
    mean: [127, 127, 127],
    std: [128, 128, 128],
  },
  unit: {
    about: 'x / 255 (0..1), resized to the input size without a crop',
    cropShare: 1,
    interpolation: 'bilinear',
    channelOrder: 'rgb',
    scale: 1 / 255,
    mean: zero,
    std: one,
  },
  none: {
    about: 'bytes as they are (0..255), resized to the input size without a crop',
    cropShare: 1,
    interpolation: 'bilinear',
    channelOrder: 'rgb',
    scale: 1,
    mean: zero,
    std: one,
  },
  'keras-none': {
    about:
      'bytes as they are, as models take them that begin by scaling (EfficientNet, MobileNetV3, ConvNeXt of keras)',
    cropShare: 1,
    interpolation: 'nearest',
    channelOrder: 'rgb',
    scale: 1,
    mean: zero,
    std: one,
  },
  'keras-caffe': {
    about: "keras preprocess_input(mode='caffe'): BGR minus the ImageNet means (VGG, ResNet)",
    cropShare: 1,
    interpolation: 'nearest',
    channelOrder: 'bgr',
    scale: 1,
    mean: [103.939, 116.779, 123.68],
    std: one,
  },
  'keras-tf': {
    about: "keras preprocess_input(mode='tf'): x / 127.5 - 1 (MobileNet, Inception, Xception)",
    cropShare: 1,
    interpolation: 'nearest',
    channelOrder: 'rgb',
    scale: 1 / 127.5,
    mean: one,
    std: one,
  },
  'keras-torch': {
    about: "keras preprocess_input(mode='torch'): 0..1, ImageNet mean and deviation (DenseNet)",
    cropShare: 1,
    interpolation: 'nearest',
    channelOrder: 'rgb',
    scale: 1 / 255,
    mean: imagenetMean,
    std: imagenetStd,
  },
} as const satisfies Record<string, PresetRow>;

/** Name of a preprocessing preset. */
export type PreprocessName = keyof typeof PREPROCESS_PRESETS;

/**
 * A preset for a model's input. Where the preset crops, the shorter side is resized to `floor(side / cropShare)`
 * (256 for 224) and the centre is cut out; `clip` crops without margin; the others are squeezed to the input's size.
 * The keras presets resize with `nearest`, as `keras.utils.load_img` does by default.
 *
 * One-channel inputs get luma, with the mean of the preset's means.
 * @throws SeewhyError `PREPROCESS_PRESET_UNKNOWN`
 */
export function preprocessPreset(name: string, input: InputShape): Preprocess {
  const row: PresetRow | undefined = (PREPROCESS_PRESETS as Record<string, PresetRow>)[name];
  if (!row) throw errors.unknownPreprocess(name, Object.keys(PREPROCESS_PRESETS));
  const { width, height } = input;
  const crops = row.cropShare < 1 || name === 'clip';
  const shortest = Math.floor(Math.max(width, height) / row.cropShare);
  const grey = input.channels === 1;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    name,
    resize: crops
      ? { mode: 'shortest', size: shortest, interpolation: row.interpolation }
      : { mode: 'exact', width, height, interpolation: row.interpolation },
    crop: crops ? { width, height, rounding: 'half-even' } : null,
    channelOrder: grey ? 'grey' : row.channelOrder,
    scale: row.scale,
    mean: grey ? [mean(row.mean)] : row.mean,
    std: grey ? [mean(row.std)] : row.std,
    layout: input.layout ?? 'NCHW',
    dtype: input.dtype ?? 'float32',
  };
}
