import { errors } from '../errors.ts';
import { INTERPOLATIONS, type Interpolation } from '../picture/resample.ts';
import type { Crop, InputShape, Preprocess, Resize } from './preprocess.ts';
import { preprocessPreset } from './presets.ts';

/** Pillow's numbers of its kernels, which `resample` holds. */
const PILLOW: readonly Interpolation[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];

/** Keys of a `preprocessor_config.json` that have no influence on the input tensor. */
const SILENT =
  /^(_|image_processor_type$|feature_extractor_type$|processor_class$|auto_map$|do_convert_rgb$|data_format$|input_data_format$|return_tensors$|device$|disable_grouping$|default_to_square$|use_fast$|do_reduce_labels$|model_input_names$|about$)/;

/** The parsed file: the preprocessing and what was ignored or guessed, in sentences. */
export interface ParsedPreprocess {
  preprocess: Preprocess;
  notes: string[];
}

type Json = Record<string, unknown>;

/**
 * Reads the keys of Hugging Face's `preprocessor_config.json` (or timm's `config.json` / `pretrained_cfg`):
 *
 * `do_resize`, `size` (number, `{shortest_edge[, longest_edge]}`, `{height, width}`), `resample` (Pillow's number or a
 * name), `crop_pct`, `do_center_crop`, `crop_size`, `do_rescale`, `rescale_factor`, `rescale_offset`, `do_normalize`,
 * `image_mean`, `image_std`, `include_top`, `do_flip_channel_order`, `do_pad` with `pad_size`; and our own `preset` (the
 * values a file starts from; default as Hugging Face: 1/255, no mean), `layout`, `dtype`, `channel_order` (rgb, bgr, grey).
 *
 * @param text JSON text, or the object itself
 * @param input what the model takes; sizes that the file leaves out come from here
 * @param where what to call the file in errors
 * @throws SeewhyError `PREPROCESS_NOT_JSON`, `PREPROCESS_INVALID` (names the key)
 */
export function parsePreprocess(text: string | Json, input: InputShape, where?: string): ParsedPreprocess {
  const whole = typeof text === 'string' ? parseJson(text, where) : text;
  const timm = asObject(whole.pretrained_cfg) ?? (Array.isArray(whole.input_size) ? whole : null);
  const json = timm ? fromTimm(timm) : whole;
  const notes: string[] = [];
  const read = reader(json, where);
  const base = preprocessPreset(read.name('preset') ?? 'unit', input);
  const kind = String(json.image_processor_type ?? json.feature_extractor_type ?? '');

  const order = read.flag('do_flip_channel_order', false)
    ? 'bgr'
    : (read.oneOf('channel_order', ['rgb', 'bgr', 'grey']) ?? base.channelOrder);
  const channels = order === 'grey' ? 1 : 3;
  const factor = read.number('rescale_factor') ?? base.scale;
  const scale = read.flag('do_rescale', true) ? factor : 1;
  const fileMean = read.values('image_mean', channels);
  const fileStd = read.values('image_std', channels);
  const given = fileMean || fileStd;
  const normalises = read.flag('do_normalize', true);
  let mean = normalises ? (given ? (fileMean ?? [0]) : base.mean) : [0];
  let std = normalises ? (given ? (fileStd ?? [1]) : base.std) : [1];
  if (read.flag('rescale_offset', false)) {
    // byte * factor - 1, then the usual normalisation.
    mean = mean.map((value) => value + 1);
  }
  if (read.flag('include_top', false) && kind.startsWith('EfficientNet')) {
    // EfficientNetImageProcessor divides by the deviation a second time, without a mean.
    std = std.map((value) => value * value);
  }
  const { resize, crop } = sizes(json, read, kind, input, base, notes);
  for (const key of Object.keys(json)) {
    if (!read.used.has(key) && !SILENT.test(key)) notes.push(`The preprocessing key '${key}' has no effect here.`);
  }
  const preprocess: Preprocess = {
    name: where ?? 'file',
    resize,
    crop,
    channelOrder: order,
    scale,
    mean: spread(mean, channels),
    std: spread(std, channels),
    layout: read.oneOf('layout', ['NCHW', 'NHWC']) ?? base.layout,
    dtype: read.oneOf('dtype', ['float32', 'float16', 'uint8']) ?? base.dtype,
  };
  return { preprocess, notes };
}

type Reader = ReturnType<typeof reader>;

function sizes(
  json: Json,
  read: Reader,
  kind: string,
  input: InputShape,
  base: Preprocess,
  notes: string[],
): { resize: Resize; crop: Crop | null } {
  const interpolation =
    read.resample() ?? ('resample' in json || base.resize.mode === 'none' ? 'bilinear' : base.resize.interpolation);
  const doResize = read.flag('do_resize', true);
  const doCrop = read.flag('do_center_crop', 'crop_size' in json);
  const cropShare = read.number('crop_pct');
  const size = read.size('size');
  const cropSize = read.size('crop_size');
  const padSize = read.flag('do_pad', false) ? (read.size('pad_size') ?? { ...input, longest: undefined }) : undefined;

  if (!size && cropShare === undefined && !doCrop && !padSize && base.crop && doResize)
    return { resize: { ...base.resize, interpolation } as Resize, crop: base.crop };

  const square = size?.shortest ?? size?.height ?? Math.max(input.height, input.width);
  const target = { width: size?.width ?? input.width, height: size?.height ?? input.height };
  let crop: Crop | null = null;
  let resize: Resize = { mode: 'none' };
  if (doCrop) {
    const width = cropSize?.width ?? cropSize?.shortest ?? input.width;
    const height = cropSize?.height ?? cropSize?.shortest ?? input.height;
    crop = { width, height, rounding: json.__rounding === 'half-even' ? 'half-even' : 'floor' };
  }
  if (!doResize) return { resize, crop };

  if (padSize) {
    const width = padSize.width ?? padSize.shortest ?? input.width;
    const height = padSize.height ?? padSize.shortest ?? input.height;
    resize = { mode: 'pad', width, height, interpolation, fill: 0 };
  } else if (cropShare !== undefined && kind.startsWith('ConvNext') && square >= 384) {
    // ConvNextImageProcessor warps large inputs instead of cropping.
    resize = { mode: 'exact', width: square, height: square, interpolation };
  } else if (cropShare !== undefined) {
    resize = { mode: 'shortest', size: Math.trunc(square / cropShare), interpolation };
    crop ??= { width: size?.width ?? square, height: square, rounding: 'floor' };
  } else if (kind.startsWith('Levit') && size?.shortest) {
    resize = { mode: 'shortest', size: Math.trunc((256 / 224) * size.shortest), interpolation };
  } else if (size?.shortest !== undefined) {
    // A bare number: the shorter side where a crop follows (CLIP), else a square (ViT).
    resize =
      size.bare && !doCrop
        ? { mode: 'exact', width: size.shortest, height: size.shortest, interpolation }
        : { mode: 'shortest', size: size.shortest, longest: size.longest, interpolation };
  } else if (!size && crop && base.resize.mode === 'shortest') {
    resize = { ...base.resize, interpolation };
  } else {
    if (!size) notes.push(`No 'size' given: resized to the model's ${target.width}x${target.height}.`);
    resize = { mode: 'exact', ...target, interpolation };
  }
  return { resize, crop };
}

function reader(json: Json, where?: string) {
  const used = new Set<string>();
  const take = (key: string): unknown => {
    used.add(key);
    return json[key] ?? undefined;
  };
  const fail = (key: string, expected: string) => errors.preprocessInvalid(key, json[key], expected, where);
  const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
  const pixels = (key: string, value: unknown): number | undefined => {
    if (value === undefined || value === null) return undefined;
    if (!isNumber(value) || value < 1 || value > 1e5) throw fail(key, 'a size in pixels, 1 or more');
    return Math.trunc(value);
  };
  return {
    used,
    flag(key: string, otherwise: boolean): boolean {
      const value = take(key);
      if (value !== undefined && typeof value !== 'boolean') throw fail(key, 'true or false');
      return value ?? otherwise;
    },
    number(key: string): number | undefined {
      const value = take(key);
      if (value !== undefined && (!isNumber(value) || value <= 0)) throw fail(key, 'a number above 0');
      return value;
    },
    name(key: string): string | undefined {
      const value = take(key);
      if (value !== undefined && typeof value !== 'string') throw fail(key, 'a name');
      return value;
    },
    oneOf<T extends string>(key: string, known: readonly T[]): T | undefined {
      const value = take(key);
      if (value !== undefined && !known.includes(value as T)) throw fail(key, `one of ${known.join(', ')}`);
      return value as T | undefined;
    },
    /** One value a channel, or one for all. */
    values(key: string, channels: number): number[] | undefined {
      const value = take(key);
      if (value === undefined) return undefined;
      const list = Array.isArray(value) ? value : [value];
      const positive = key !== 'image_std' || list.every((item) => item > 0);
      if (!list.every(isNumber) || !positive || ![1, 3].includes(list.length))
        throw fail(
          key,
          key === 'image_std' ? 'a list of numbers above 0, one a channel' : 'a list of numbers, one a channel',
        );
      // A one-channel input of a three-channel file takes the mean of the three.
      return list.length > channels ? [list.reduce((sum, item) => sum + item, 0) / list.length] : list;
    },
    size(key: string) {
      const value = take(key);
      if (value === undefined) return undefined;
      if (isNumber(value)) return { shortest: pixels(key, value), bare: true };
      if (Array.isArray(value) && value.length === 2)
        return { height: pixels(key, value[0]), width: pixels(key, value[1]) };
      const object = asObject(value);
      const found = object && {
        shortest: pixels(key, object.shortest_edge),
        longest: pixels(key, object.longest_edge ?? object.max_width),
        height: pixels(key, object.height),
        width: pixels(key, object.width),
        bare: false,
      };
      if (!found || (!found.shortest && !(found.height && found.width)))
        throw fail(key, 'a number, {"shortest_edge": n} or {"height": h, "width": w}');
      return found as { shortest?: number; longest?: number; height?: number; width?: number; bare?: boolean };
    },
    resample(): Interpolation | undefined {
      const value = take('resample');
      if (value === undefined) return undefined;
      const name = typeof value === 'number' ? PILLOW[value] : String(value).toLowerCase();
      if (!name || !INTERPOLATIONS.includes(name as Interpolation))
        throw fail('resample', `0 to 5 (Pillow's number) or one of ${INTERPOLATIONS.join(', ')}`);
      return name as Interpolation;
    },
  };
}

/** timm's keys as Hugging Face's: shorter side `floor(size / crop_pct)`, centre crop as in torchvision. */
function fromTimm(timm: Json): Json {
  const [channels, height, width] = (timm.input_size as number[] | undefined) ?? [3, 224, 224];
  const share = Number(timm.crop_pct ?? 0.875);
  const squash = timm.crop_mode === 'squash';
  const common = {
    image_mean: timm.mean,
    image_std: timm.std,
    resample: timm.interpolation === 'random' ? 'bilinear' : (timm.interpolation ?? 'bilinear'),
    channel_order: channels === 1 ? 'grey' : 'rgb',
    __rounding: 'half-even',
  };
  if (squash) {
    const size = { height: Math.floor(height! / share), width: Math.floor(width! / share) };
    return { ...common, size, do_center_crop: true, crop_size: { height, width } };
  }
  return {
    ...common,
    size: { shortest_edge: Math.floor(Math.max(height!, width!) / share) },
    do_center_crop: true,
    crop_size: { height, width },
  };
}

function parseJson(text: string, where?: string): Json {
  try {
    const object = asObject(JSON.parse(text));
    if (object) return object;
  } catch (cause) {
    throw errors.preprocessNotJson(where, cause);
  }
  throw errors.preprocessNotJson(where, undefined);
}

function asObject(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

function spread(values: readonly number[], channels: number): readonly number[] {
  return values.length === channels ? values : new Array<number>(channels).fill(values[0]!);
}
