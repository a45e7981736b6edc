import { heldAxis, type LayerValue } from '../model/layer-value.ts';
import type { FunctionCall, FunctionImporter, FunctionTable } from './function-call.ts';
import { patchesOf } from './patches.ts';
import { place, planes } from './planes.ts';
import { adaptive } from './pooling.ts';
import { resize } from './resample.ts';
import { cropped } from './reshaping.ts';

function poolFunction(op: 'MaxPool' | 'AveragePool'): FunctionImporter {
  return (call) => {
    const x = call.value(0, 'inputs', 'x', 'input', 'value');
    const rank = x.shape.length - 2;
    const spread = (list: number[]) =>
      list.length === 1 ? new Array<number>(rank).fill(list[0]!) : list.length === rank + 2 ? list.slice(1, -1) : list;
    const kernel = spread(call.ints(1, 'pool_size', 'ksize'));
    const strides = call.arg(2, 'strides') === undefined ? kernel : spread(call.ints(2, 'strides'));
    const format = String(call.arg(4, 'data_format') ?? 'channels_last');
    const held = planes(call.layer, x, rank, format === 'channels_first' || format.startsWith('NC'));
    const padding = String(call.arg(3, 'padding') ?? 'valid').toLowerCase() === 'same' ? 'same' : 'valid';
    const { attributes, spatial } = place(call.layer, held.spatial, {
      kernel,
      strides,
      dilations: new Array<number>(rank).fill(1),
      padding,
    });
    return held.wrap(
      call.layer.b.op(op, [held.value], { kernel_shape: kernel, strides, ...attributes }),
      held.channels,
      spatial,
    );
  };
}

const adaptiveFunction =
  (op: 'ReduceMean' | 'ReduceMax'): FunctionImporter =>
  (call) =>
    adaptive(op, call.value(0, 'inputs').shape.length - 2).build(call.layer);

function resizeFunction(call: FunctionCall): LayerValue {
  const size = call.ints(1, 'size');
  if (size.length !== 2) throw call.layer.misfit('Its size is no pair');
  if (size.some((side) => side < 1)) throw call.layer.open('a resize to it needs it');
  const { options } = call;
  for (const name of ['crop_to_aspect_ratio', 'pad_to_aspect_ratio', 'preserve_aspect_ratio'])
    if (options.flag(name, false)) throw call.layer.refuse(`a resize with ${name}`);
  const method = call.arg(2, 'interpolation', 'method') ?? 'bilinear';
  const format = call.arg(-1, 'data_format') === 'channels_first';
  return resize(
    call.layer,
    call.value(0, 'images', 'x'),
    size as [number, number],
    method,
    format,
    call.flag(-1, 'antialias'),
  );
}

/** Axes of rows, columns and channels in Keras's shape. */
function axesOf(call: FunctionCall, x: LayerValue): { rows: number; columns: number; channels: number } {
  call.layer.wantRank(x, 4);
  return call.arg(-1, 'data_format') === 'channels_first'
    ? { rows: 2, columns: 3, channels: 1 }
    : { rows: 1, columns: 2, channels: 3 };
}

/** Grey values: 0.2989 red + 0.587 green + 0.114 blue, in one channel. */
function greyFunction(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const x = call.value(0, 'images', 'x');
  const { channels } = axesOf(call, x);
  if (x.shape[channels] !== 3) throw call.layer.misfit('It takes pictures of three channels');
  const held = heldAxis(x, channels);
  const shares = call.layer.numbers([0.2989, 0.587, 0.114], [3, ...new Array<number>(3 - held).fill(1)], 'shares');
  const shape = x.shape.map((dim, axis) => (axis === channels ? 1 : dim));
  return { ...x, shape, value: b.reduceSum(b.mul(x.value, shares), [held]) };
}

/** What lies before, behind, and between of an axis of `size`, of which two are given. */
function borders(
  call: FunctionCall,
  size: number,
  [before, behind, target]: readonly (number | undefined)[],
  grows: boolean,
): [number, number] {
  const whole = grows ? target : size;
  const part = grows ? size : target;
  const rest = whole === undefined || part === undefined ? undefined : whole - part;
  const first = before ?? (rest === undefined || behind === undefined ? undefined : rest - behind);
  const last = behind ?? (rest === undefined || first === undefined ? undefined : rest - first);
  if (first === undefined || last === undefined || first < 0 || last < 0)
    throw call.layer.misfit('Its borders do not fit its input');
  return [first, last];
}

/** Borders of zeros, or parts of a picture: each side by its width or by the size that comes out. */
const framed =
  (grows: boolean): FunctionImporter =>
  (call) => {
    const x = call.value(0, 'images', 'image');
    const { rows, columns } = axesOf(call, x);
    const what = grows ? 'padding' : 'cropping';
    const number = (...names: string[]) => (call.arg(-1, ...names) === undefined ? undefined : call.int(-1, ...names));
    const known = (axis: number) => call.layer.known(x.shape[axis], 'the size of its input');
    const sides = [
      [number(`top_${what}`, 'offset_height'), number(`bottom_${what}`), number('target_height')],
      [number(`left_${what}`, 'offset_width'), number(`right_${what}`), number('target_width')],
    ];
    const cuts = [rows, columns].map((axis, at) => {
      const [start, behind] = borders(call, known(axis), sides[at]!, grows);
      return { axis, start, behind };
    });
    if (!grows) return cropped(call.layer, x, cuts);
    const begins = [0, 0, 0, 0];
    const ends = [0, 0, 0, 0];
    const shape = [...x.shape];
    for (const { axis, start, behind } of cuts) {
      begins[heldAxis(x, axis)] = start;
      ends[heldAxis(x, axis)] = behind;
      shape[axis] = known(axis) + start + behind;
    }
    return { ...x, shape, value: call.layer.b.pad(x.value, [...begins, ...ends]) };
  };

/** The middle of a picture, a share of its height and width. */
function centralFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'image');
  const share = call.arg(1, 'central_fraction');
  if (typeof share !== 'number' || !(share > 0 && share <= 1)) throw call.layer.misfit('Its share is none');
  const { rows, columns } = axesOf(call, x);
  const cuts = [rows, columns].map((axis) => {
    const size = call.layer.known(x.shape[axis], 'the size of its input');
    const start = Math.trunc((size - size * share) / 2);
    return { axis, start, behind: start };
  });
  return cropped(call.layer, x, cuts);
}

/** Mirrored along an axis. */
const mirrored =
  (side: 'rows' | 'columns'): FunctionImporter =>
  (call) => {
    const x = call.value(0, 'image', 'images', 'x', 'm');
    // NumPy's fliplr of Keras 3 turns the second axis, whatever lies along it; of pictures these are the rows.
    const axis = call.layer.options.dialect === 3 ? 1 : axesOf(call, x)[side];
    if (call.layer.options.dialect === 3 && side === 'rows') throw call.layer.refuse('a reversal of the batch');
    return { ...x, value: call.layer.b.slice(x.value, [-1], [-(2 ** 31)], [heldAxis(x, axis)], [-1]) };
  };

/** (x − mean)/max(σ, 1/√n) of each picture. */
function standardised(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const x = call.value(0, 'image');
  axesOf(call, x);
  const count = x.shape
    .slice(1)
    .reduce<number>((product, dim) => product * call.layer.known(dim, 'the size of its input'), 1);
  const centred = b.sub(x.value, b.reduceMean(x.value, [1, 2, 3]));
  const deviation = b.op('Sqrt', [b.reduceMean(b.mul(centred, centred), [1, 2, 3])]);
  return { ...x, value: b.div(centred, b.op('Max', [deviation, b.scalar(1 / Math.sqrt(count))])) };
}

/** Each patch as one pixel whose channels are the patch's numbers, row by row, channels last. */
function patchesFunction(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const input = call.value(0, 'images');
  if (axesOf(call, input).channels !== 3) throw call.layer.refuse('patches of pictures with channels first');
  const two = (...names: string[]) => {
    const list = call.ints(-1, ...names);
    return list.length === 1 ? [list[0]!, list[0]!] : list.length === 4 ? list.slice(1, 3) : list;
  };
  const kernel = two('size', 'sizes');
  const strides = call.arg(-1, 'strides') === undefined ? kernel : two('strides');
  const dilations = call.arg(-1, 'dilation_rate', 'rates') === undefined ? [1, 1] : two('dilation_rate', 'rates');
  const padding = String(call.arg(-1, 'padding') ?? 'valid').toLowerCase() === 'same' ? 'same' : 'valid';
  const channels = call.layer.known(input.shape[3], 'the number of channels');
  const [rows, columns] = kernel as [number, number];
  const size = rows * columns * channels;
  const sizes = input.shape.slice(1, 3);
  const tiles = kernel.every((side, at) => side === strides[at] && dilations[at] === 1 && sizes[at] !== null);
  if (tiles && (padding === 'valid' || kernel.every((side, at) => sizes[at]! % side === 0))) {
    // Tiles side by side: a matter of order alone.
    const counts = kernel.map((side, at) => Math.floor(sizes[at]! / side)) as [number, number];
    const cut = cropped(
      call.layer,
      b.inKerasLayout(input),
      counts.map((count, at) => ({ axis: at + 1, start: 0, behind: sizes[at]! - count * kernel[at]! })),
    );
    const apart = b.reshape(cut.value, [0, counts[0], rows, counts[1], columns, channels]);
    const value = b.reshape(b.transpose(apart, [0, 1, 3, 2, 4, 5]), [-1, ...counts, size]);
    return { ...cut, shape: [cut.shape[0]!, ...counts, size], value };
  }
  return patchesOf(call.layer, input, { kernel, strides, dilations, padding });
}

/** One grey channel as three equal ones. */
function colouredFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'images');
  const last = x.shape.length - 1;
  if (x.shape[last] !== 1) throw call.layer.misfit(`Its picture has ${x.shape[last]} channels, not one`);
  const value = call.layer.b.concat([x.value, x.value, x.value], heldAxis(x, last));
  return { ...x, shape: [...x.shape.slice(0, last), 3], value };
}

export const IMAGE_FUNCTIONS: FunctionTable = {
  resize: resizeFunction,
  rgb_to_grayscale: greyFunction,
  grayscale_to_rgb: colouredFunction,
  pad_images: framed(true),
  pad_to_bounding_box: framed(true),
  crop_images: framed(false),
  crop_to_bounding_box: framed(false),
  central_crop: centralFunction,
  fliplr: mirrored('columns'),
  flipud: mirrored('rows'),
  per_image_standardization: standardised,
  extract_patches: patchesFunction,
  adaptive_average_pool: adaptiveFunction('ReduceMean'),
  adaptive_max_pool: adaptiveFunction('ReduceMax'),
  max_pool: poolFunction('MaxPool'),
  average_pool: poolFunction('AveragePool'),
  depth_to_space: (call) => {
    const size = call.int(1, 'block_size');
    const x = planes(call.layer, call.value(0, 'x', 'input'), 2, false);
    const channels = call.layer.known(x.channels, 'the number of channels');
    return x.wrap(
      call.layer.b.op('DepthToSpace', [x.value], { blocksize: size, mode: 'DCR' }),
      channels / size ** 2,
      x.spatial.map((dim) => (dim === null ? null : dim * size)),
    );
  },
  space_to_depth: (call) => {
    const size = call.int(1, 'block_size');
    const x = planes(call.layer, call.value(0, 'x', 'input'), 2, false);
    const channels = call.layer.known(x.channels, 'the number of channels');
    return x.wrap(
      call.layer.b.op('SpaceToDepth', [x.value], { blocksize: size }),
      channels * size ** 2,
      x.spatial.map((dim) => (dim === null ? null : dim / size)),
    );
  },
};
