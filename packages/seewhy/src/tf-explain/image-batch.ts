import {
  fromFloat32,
  type Layout,
  type Model,
  type Picture,
  type Preprocess,
  preprocessPicture,
  type RunTensor,
  toFloat32,
} from '@seewhy/core';
import { nhwc } from './nhwc.ts';
import { tfExplainErrors as errors } from './tf-explain-errors.ts';
import type { Images, NumberArray } from './validation-data.ts';
import { type ValueRange, valueRange } from './value-range.ts';

/** Pictures ready for a model, and as they are drawn. */
export interface ImageBatch {
  /** One a picture, `[1, …]` in the model's own layout and type. */
  readonly tensors: readonly RunTensor[];
  readonly pictures: readonly Picture[];
  /** Middle grey in the model's units, one value a channel. */
  readonly grey: readonly number[];
}

/** Height and width of the pictures; undefined for decoded ones, which are brought to size. */
export const sizeOf = (x: Images): readonly [number, number] | undefined =>
  isList(x) || !Array.isArray(x?.dims) || x.dims.length !== 4 ? undefined : [x.dims[1]!, x.dims[2]!];

/**
 * Reads pictures for a model.
 * @param preprocess of decoded pictures; it also tells what numbers of an unusual range look like
 * @throws IMAGES_EMPTY, IMAGES_INVALID, IMAGES_SHAPE, PREPROCESS_UNKNOWN
 */
export function readImages(x: Images, model: Model, preprocess: Preprocess | undefined): ImageBatch {
  return isList(x) ? fromPictures(x, model, preprocess) : fromNumbers(x, model, preprocess);
}

const isList = (x: Images): x is readonly Picture[] => Array.isArray(x);

function fromPictures(x: readonly Picture[], model: Model, preprocess: Preprocess | undefined): ImageBatch {
  if (x.length === 0) throw errors.noPictures();
  if (!x.every((one) => one?.channels === 3 && one.data instanceof Uint8Array)) throw errors.pictureKind();
  if (!preprocess) throw errors.noPreprocess();
  const { width, height, channels } = model.image;
  const made = x.map((picture) => preprocessPicture(picture, preprocess, { width, height }));
  const { scale, mean, std } = preprocess;
  return {
    tensors: made.map(({ tensor }) => tensor),
    pictures: made.map(({ input }) => input),
    grey: Array.from({ length: channels }, (_, c) => (127.5 * scale - (mean[c] ?? mean[0]!)) / (std[c] ?? std[0]!)),
  };
}

function fromNumbers(x: NumberArray, model: Model, preprocess: Preprocess | undefined): ImageBatch {
  if (!Array.isArray(x?.dims) || typeof x.data?.length !== 'number') throw errors.pictureKind();
  const { height, width, channels, layout, type } = model.image;
  const [count, ...own] = x.dims as number[];
  if (own.join() !== [height, width, channels].join())
    throw errors.pictureShape(x.dims, `[N, ${height}, ${width}, ${channels}]`);
  const size = height * width * channels;
  if (x.data.length !== count! * size) throw errors.pictureLength(x.data.length, count! * size);
  if (!(count! > 0)) throw errors.noPictures();
  const bytes = x.type === 'uint8' || x.data instanceof Uint8Array;
  const values = toFloat32({
    type: x.type ?? 'float32',
    dims: x.dims,
    data: Array.isArray(x.data) ? Float32Array.from(x.data) : (x.data as RunTensor['data']),
  });
  const range = valueRange(values, channels, { bytes, preprocess });
  const items = Array.from({ length: count! }, (_, n) => values.subarray(n * size, (n + 1) * size));
  return {
    tensors: items.map((item) => tensorOf(item, [height, width, channels], layout, type)),
    pictures: items.map((item) => pictureOf(item, { height, width, channels }, range)),
    grey: range.grey,
  };
}

function tensorOf(item: Float32Array, [h, w, c]: [number, number, number], layout: Layout, type: RunTensor['type']) {
  if (layout === 'NHWC') return fromFloat32(item.slice(), type, [1, h, w, c]);
  return fromFloat32(nhwc(item, [h, w, c], 'to NCHW'), type, [1, c, h, w]);
}

/** One channel is grey; of four the last, alpha, is not drawn. */
function pictureOf(
  item: Float32Array,
  { height, width, channels }: { height: number; width: number; channels: number },
  { byte, reversed }: ValueRange,
): Picture {
  const data = new Uint8Array(height * width * 3);
  const from = channels < 3 ? [0, 0, 0] : reversed ? [2, 1, 0] : [0, 1, 2];
  for (let i = 0; i < height * width; i++)
    for (let c = 0; c < 3; c++) data[i * 3 + c] = byte(item[i * channels + from[c]!]!, from[c]!);
  return { width, height, channels: 3, data };
}
