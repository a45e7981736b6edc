import type { LayerValue } from '../model/layer-value.ts';
import type { FunctionCall, FunctionImporter, FunctionTable } from './function-call.ts';
import { place, planes } from './planes.ts';
import { resize } from './resample.ts';

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

function resizeFunction(call: FunctionCall): LayerValue {
  const size = call.ints(1, 'size');
  if (size.length !== 2) throw call.layer.misfit('Its size is no pair');
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

export const IMAGE_FUNCTIONS: FunctionTable = {
  resize: resizeFunction,
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
