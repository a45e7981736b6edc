import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import {
  checkOption,
  decodeNpy,
  flagOf,
  hasOption,
  METHOD_OPTIONS,
  METHODS,
  type MethodOptions,
  npyToFloat32,
  OPTION_NAMES,
  type OptionName,
  preprocessPicture,
  type RunTensor,
  type Segmentation,
  segmentationOf,
  toFloat32,
} from '@seewhy/core';
import { errors } from './errors.ts';
import { imageTensorOf, type OpenedModel } from './open-model.ts';
import { list } from './options.ts';
import { decodePicture } from './picture/decode.ts';

/** Options of methods as the command line holds them: files are still their names. */
export type WrittenMethodOptions = Partial<Record<OptionName, string | number>>;

/** `#rrggbb`. */
const COLOUR = /^#[0-9a-f]{6}$/i;

/** More names than this are counted, not listed. */
const MOST_NAMES = 3;

/** A flag for every option that some method has, from the methods' own table. */
export function methodFlags(): Option[] {
  return OPTION_NAMES.map((name) => {
    const { about, unit, kind } = METHOD_OPTIONS[name];
    const having = METHODS.filter((method) => hasOption(method, name)).map((method) => method.name);
    const of =
      having.length <= MOST_NAMES
        ? having.join(', ')
        : `${having.slice(0, MOST_NAMES).join(', ')} and ${having.length - MOST_NAMES} more`;
    const value = kind === 'whole' ? 'n' : kind === 'number' ? 'x' : 'what';
    return new Option(`${flagOf(name)} <${value}>`, `${about}${unit ? `, in ${unit}` : ''} (${of})`).argParser(
      (text: string) => parse(name, text),
    );
  });
}

function parse(name: OptionName, text: string): string | number {
  const { kind, choices } = METHOD_OPTIONS[name];
  if (kind === 'whole' || kind === 'number') {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isNaN(value)) checkOption(name, text);
    checkOption(name, value);
    return value;
  }
  const wanted = text.trim();
  const lower = wanted.toLowerCase();
  if (choices?.includes(lower)) return lower;
  if (kind === 'choice' || (kind === 'fill' && !COLOUR.test(wanted))) checkOption(name, wanted);
  return wanted;
}

/** The options that were given, files read and brought to the model's input. @throws what a picture or tensor file can be wrong in */
export async function readMethodOptions(
  written: WrittenMethodOptions,
  opened: OpenedModel,
): Promise<Partial<MethodOptions>> {
  const given: Record<string, unknown> = {};
  for (const name of OPTION_NAMES) {
    const value = written[name];
    if (value === undefined) continue;
    const { kind, choices } = METHOD_OPTIONS[name];
    const isFile = typeof value === 'string' && !choices?.includes(value);
    if (kind === 'baseline' && isFile) given[name] = await readBaselines(value, opened);
    else if (kind === 'fill' && isFile) given[name] = colourValues(value, opened);
    else if (kind === 'segmentation' && isFile) given[name] = await readSegmentation(value, opened);
    else given[name] = value;
  }
  return given as Partial<MethodOptions>;
}

/** What a picture all of one colour becomes by the model's preprocessing, a value a channel. */
function colourValues(text: string, { model, preprocess }: OpenedModel): number[] {
  const { width, height, layout, channels } = model.image;
  const colour = Number.parseInt(text.slice(1), 16);
  const bytes = [colour >> 16, (colour >> 8) & 255, colour & 255];
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => bytes[i % 3]!);
  const { tensor } = preprocessPicture({ width, height, channels: 3, data }, preprocess, { width, height });
  const values = toFloat32(tensor);
  // In the middle, where nothing is padded.
  const pixel = Math.floor(height / 2) * width + Math.floor(width / 2);
  return Array.from({ length: channels }, (_, c) =>
    layout === 'NCHW' ? values[c * height * width + pixel]! : values[pixel * channels + c]!,
  );
}

/** One picture or ready tensor, or several separated by commas. */
async function readBaselines(text: string, { model, preprocess }: OpenedModel): Promise<RunTensor | RunTensor[]> {
  const tensors: RunTensor[] = [];
  for (const path of list(text)) {
    const bytes = await readOption('--baseline', path, 'zero, mean, blur, or a picture or .npy file');
    if (extname(path).toLowerCase() === '.npy') tensors.push(imageTensorOf(bytes, path, model));
    else {
      const picture = await decodePicture(bytes, { name: path });
      const { width, height } = model.image;
      tensors.push(preprocessPicture(picture, preprocess, { width, height }).tensor);
    }
  }
  return tensors.length === 1 ? tensors[0]! : tensors;
}

/** Regions of the model's input: a `.npy` file of whole numbers `[H, W]`, or a picture of which each colour is a region. */
async function readSegmentation(path: string, { model }: OpenedModel): Promise<Segmentation> {
  const bytes = await readOption('--segmentation', path, 'slic, quickshift, grid, or a .npy or picture file');
  const { width, height } = model.image;
  const refuse = (found: string) => errors.segmentationSize(path, found, `${height} × ${width}`);
  if (extname(path).toLowerCase() === '.npy') {
    const array = decodeNpy(bytes, path);
    if (array.dims.length !== 2 || array.dims[0] !== height || array.dims[1] !== width)
      throw refuse(array.dims.join(' × '));
    return segmentationOf(height, width, npyToFloat32(array));
  }
  const picture = await decodePicture(bytes, { name: path });
  if (picture.width !== width || picture.height !== height) throw refuse(`${picture.height} × ${picture.width}`);
  const channels = picture.data.length / (width * height);
  const colours = Float64Array.from({ length: width * height }, (_, pixel) => {
    let colour = 0;
    for (let c = 0; c < channels; c++) colour = colour * 256 + picture.data[pixel * channels + c]!;
    return colour;
  });
  return segmentationOf(height, width, colours);
}

async function readOption(flag: string, path: string, expected: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch {
    throw errors.option(flag, path, expected);
  }
}
