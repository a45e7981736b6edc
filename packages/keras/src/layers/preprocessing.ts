import { Tensor } from '@seewhy/onnx';
import type { LayerContext, LayerImporter, LayerTable } from '../layer.ts';
import { readInnerLayer } from '../model/config.ts';
import { heldAxis, type LayerValue } from '../model/layer-value.ts';
import { resize } from './resample.ts';
import { cropped } from './reshaping.ts';

/** x · scale + offset; each a number, or one a channel. */
const rescaling: LayerImporter = {
  build(layer) {
    const { b, x } = layer;
    const factor = (name: string, fallback: number) => {
      const raw = layer.options.raw(name);
      if (!Array.isArray(raw))
        return {
          neutral: layer.options.number(name, fallback) === fallback,
          value: () => b.scalar(layer.options.number(name, fallback)),
        };
      const list = raw.flat(3);
      if (!list.every((item) => typeof item === 'number')) throw layer.misfit(`Its ${name} is no list of numbers`);
      return { neutral: false, value: () => layer.along(x, name, () => Tensor.floats(list as number[])) };
    };
    const scale = factor('scale', 1);
    const offset = factor('offset', 0);
    let { value } = x;
    if (!scale.neutral) value = b.mul(value, scale.value());
    if (!offset.neutral) value = b.add(value, offset.value());
    return { ...x, value };
  },
};

const spatialOf = (layer: LayerContext, x: LayerValue): [number, number, number] => {
  const first = layer.options.channelsFirst ? 2 : 1;
  layer.wantRank(x, 4);
  return [
    first,
    layer.known(x.shape[first], 'the height of its input'),
    layer.known(x.shape[first + 1], 'the width of its input'),
  ];
};

/** The middle of the picture that has the target's shape: the largest crop with its ratio. */
function toAspectRatio(layer: LayerContext, x: LayerValue, height: number, width: number): LayerValue {
  const [first, rows, columns] = spatialOf(layer, x);
  const cropRows = Math.max(1, Math.min(rows, Math.trunc((columns * height) / width)));
  const cropColumns = Math.max(1, Math.min(columns, Math.trunc((rows * width) / height)));
  const top = Math.trunc((rows - cropRows) / 2);
  const left = Math.trunc((columns - cropColumns) / 2);
  return cropped(layer, x, [
    { axis: first, start: top, behind: rows - top - cropRows },
    { axis: first + 1, start: left, behind: columns - left - cropColumns },
  ]);
}

/** Constant borders that give the picture the target's ratio. */
function toPaddedRatio(layer: LayerContext, x: LayerValue, height: number, width: number): LayerValue {
  const { b, options } = layer;
  if (options.raw('fill_mode') !== undefined && options.raw('fill_mode') !== 'constant')
    throw layer.refuse(`the fill_mode '${options.raw('fill_mode')}'`);
  const [first, rows, columns] = spatialOf(layer, x);
  const padRows = Math.max(rows, Math.trunc((columns * height) / width));
  const padColumns = Math.max(columns, Math.trunc((rows * width) / height));
  // The same amount on both sides, as Keras's backends do.
  const top = Math.trunc((padRows - rows) / 2);
  const left = Math.trunc((padColumns - columns) / 2);
  const plain = b.inKerasLayout(x);
  const begins = [0, 0, 0, 0];
  begins[first] = top;
  begins[first + 1] = left;
  const shape = plain.shape.map((dim, axis) =>
    axis === first ? rows + 2 * top : axis === first + 1 ? columns + 2 * left : dim,
  );
  return {
    ...plain,
    shape,
    value: b.pad(plain.value, [...begins, ...begins], b.scalar(options.number('fill_value', 0))),
  };
}

/** tf.image.resize to (height, width). */
const resizing: LayerImporter = {
  build(layer) {
    const { options } = layer;
    const [height, width] = [options.int('height'), options.int('width')];
    let { x } = layer;
    if (options.flag('crop_to_aspect_ratio', false)) x = toAspectRatio(layer, x, height, width);
    else if (options.flag('pad_to_aspect_ratio', false)) x = toPaddedRatio(layer, x, height, width);
    return resize(
      layer,
      x,
      [height, width],
      options.raw('interpolation') ?? 'bilinear',
      options.channelsFirst,
      options.flag('antialias', false),
    );
  },
};

/** The middle; of a picture that is smaller, the largest part with the same ratio, enlarged. */
const centerCrop: LayerImporter = {
  build(layer) {
    const { options, x } = layer;
    const [height, width] = [options.int('height'), options.int('width')];
    const [first, rows, columns] = spatialOf(layer, x);
    if (rows < height || columns < width)
      return resize(layer, toAspectRatio(layer, x, height, width), [height, width], 'bilinear', options.channelsFirst);
    const top = Math.floor((rows - height) / 2);
    const left = Math.floor((columns - width) / 2);
    return cropped(layer, x, [
      { axis: first, start: top, behind: rows - top - height },
      { axis: first + 1, start: left, behind: columns - left - width },
    ]);
  },
};

/** Outside of training Keras 2 resizes the middle that has the target's ratio; Keras 3 leaves the picture as it is. */
const randomCrop: LayerImporter = {
  build(layer) {
    const { options, x } = layer;
    if (options.dialect === 3) return x;
    const [height, width] = [options.int('height'), options.int('width')];
    return resize(layer, toAspectRatio(layer, x, height, width), [height, width], 'bilinear', options.channelsFirst);
  },
};

/** Each channel's darkest value to the begin of the range, its brightest to the end; in Keras also outside of training. */
const autoContrast: LayerImporter = {
  build(layer) {
    const { b, x } = layer;
    layer.wantRank(x, 4);
    const range = layer.options.raw('value_range') ?? [0, 255];
    if (!Array.isArray(range) || range.length !== 2 || !range.every((end) => typeof end === 'number'))
      throw layer.misfit('Its value_range is no pair of numbers');
    const [low, high] = [Math.min(...range), Math.max(...range)];
    // Rows and columns of channels-last pictures, whatever data_format says.
    const axes = [heldAxis(x, 1), heldAxis(x, 2)];
    const [least, most] = [b.reduce('ReduceMin', x.value, axes), b.reduceMax(x.value, axes)];
    const flat = b.op('Equal', [least, most]);
    const width = b.where(flat, b.scalar(1), b.sub(most, least));
    const stretched = b.add(b.mul(b.div(b.sub(x.value, least), width), b.scalar(high - low)), b.scalar(low));
    const value = b.clip(stretched, b.scalar(low), b.scalar(high));
    // A channel of one value stays as it is.
    return { ...x, value: b.where(flat, x.value, value) };
  },
};

/** Histograms of tiles, which have no gradient and no ONNX form. */
const clahe: LayerImporter = {
  build(layer) {
    throw layer.refuse(
      'an equalisation of local histograms',
      'Equalise the pictures before the model, and save it without the layer.',
    );
  },
};

/** Augmentation: nothing outside of training. */
const augmentation: LayerImporter = { build: (layer) => layer.x };

const pipeline: LayerImporter = {
  build(layer) {
    const list = layer.options.raw('layers');
    if (!Array.isArray(list)) throw layer.misfit('It lists no layers');
    return list.reduce<readonly LayerValue[]>(
      (values, json, at) => layer.call(readInnerLayer(json, layer.label), `layers/${at}`, values),
      layer.inputs,
    );
  },
};

const AUGMENTATIONS = [
  'Equalization',
  'Solarization',
  'MaxNumBoundingBoxes',
  'RandomFlip',
  'RandomRotation',
  'RandomZoom',
  'RandomTranslation',
  'RandomContrast',
  'RandomBrightness',
  'RandomHeight',
  'RandomWidth',
  'RandomColorDegeneration',
  'RandomColorJitter',
  'RandomElasticTransform',
  'RandomErasing',
  'RandomGaussianBlur',
  'RandomGrayscale',
  'RandomHue',
  'RandomInvert',
  'RandomPerspective',
  'RandomPosterization',
  'RandomSaturation',
  'RandomSharpness',
  'RandomShear',
  'RandAugment',
  'AugMix',
  'CutMix',
  'MixUp',
];

export const PREPROCESSING_LAYERS: LayerTable = {
  Rescaling: rescaling,
  Resizing: resizing,
  CenterCrop: centerCrop,
  RandomCrop: randomCrop,
  Pipeline: pipeline,
  AutoContrast: autoContrast,
  CLAHE: clahe,
  ...Object.fromEntries(AUGMENTATIONS.map((name) => [name, augmentation])),
};
