import { nearestRows, type ResizeCoordinates } from '../layers/nearest-rows.ts';
import { planes } from '../layers/planes.ts';
import { scaleFor } from '../layers/scale-for.ts';
import { bare, isKnown, type Operand } from './operand.ts';
import type { Operation, OperationImporter, OperationTable } from './operation.ts';
import { padded } from './slicing.ts';

/**
 * TensorFlow's three ways to find the source of a pixel: corners on corners, centres on centres, or (the oldest) begins on begins.
 */
function coordinates(op: Operation): ResizeCoordinates {
  if (op.attributes.flag('align_corners', false)) return 'align_corners';
  return op.attributes.flag('half_pixel_centers', false) ? 'half_pixel' : 'asymmetric';
}

const resize =
  (mode: 'linear' | 'nearest'): OperationImporter =>
  (op) => {
    const { b } = op;
    const x = planes(op, op.cast(bare(op.x), 'float32'), 2, false);
    const way = coordinates(op);
    const target = op.input(1);
    const sizes = target.known ?? [null, null];
    if (
      sizes.length !== 2 ||
      sizes.some((size) => size !== null && !(Number.isSafeInteger(size) && size > 0 && size < 2 ** 16))
    )
      throw op.misfit(`It resizes to [${sizes.slice(0, 4).join(', ')}]`);
    const nearest = { align_corners: 'round_prefer_ceil', half_pixel: 'round_prefer_ceil', asymmetric: 'floor' }[way];
    const attributes =
      mode === 'linear'
        ? { mode, coordinate_transformation_mode: way }
        : { mode, coordinate_transformation_mode: way, nearest_mode: nearest };
    if (isKnown(sizes) && isKnown(x.spatial)) {
      if (sizes.every((size, axis) => size === x.spatial[axis])) return x.wrap(x.value, x.channels, sizes);
      const rows = mode === 'nearest' ? nearestRows(b, x.value, x.spatial, sizes, way) : undefined;
      if (rows) return x.wrap(rows, x.channels, sizes);
      const scales = sizes.map((size, axis) => scaleFor(x.spatial[axis]!, size));
      const value = b.op('Resize', [x.value, undefined, op.numbers([1, 1, ...scales], [4], 'scales')], attributes);
      return x.wrap(value, x.channels, sizes);
    }
    const kept = b.slice(b.shape(x.value), [0], [2], [0]);
    const whole = b.concat([kept, op.cast(target, 'int64').value], 0);
    return x.wrap(b.op('Resize', [x.value, undefined, undefined, whole], attributes), x.channels, sizes);
  };

function blockOf(op: Operation): number {
  const block = op.attributes.int('block_size', 0);
  if (block < 1) throw op.misfit(`Its block_size is ${block}`);
  return block;
}

const known = (op: Operation, values: readonly (number | null)[], what: string) =>
  values.map((value) => op.known(value, what));

interface Blocks {
  readonly blocks: number[];
  readonly edges: [number, number][];
}

function blocksOf(op: Operation, what: string): Blocks {
  const blocks = op.ints(1, 'its block');
  const list = op.ints(2, what);
  if (blocks.some((block) => block < 1) || list.length !== 2 * blocks.length || list.some((value) => value < 0))
    throw op.misfit(`Its block [${blocks.slice(0, 4).join(', ')}] and ${what} do not fit together`);
  if (blocks.length + 1 > op.x.shape.length) throw op.misfit(`Its block has ${blocks.length} dimensions`);
  return { blocks, edges: blocks.map((_, axis) => [list[2 * axis]!, list[2 * axis + 1]!]) };
}

/** Operations that leave places alone and may stand between a convolution and BatchToSpaceND. */
const PLACEWISE = new Set(['BiasAdd', 'Relu', 'Relu6', 'Elu', 'Identity']);
const CONVOLUTIONS = new Set(['Conv2D', 'DepthwiseConv2dNative', '_FusedConv2D', 'FusedDepthwiseConv2dNative']);

/**
 * A dilated convolution as TensorFlow 1 wrote it: SpaceToBatchND, a convolution without padding, BatchToSpaceND. It becomes one
 * convolution of the padded value; what BatchToSpaceND cuts off is left out of the padding.
 */
function dilated(op: Operation, { blocks, edges }: Blocks): Operand | undefined {
  if (blocks.length !== 2 || op.x.shape.length !== 4) return undefined;
  const [reader, ...others] = op.around.readers(op.node.name);
  if (!reader || others.length > 0 || !CONVOLUTIONS.has(reader.op) || reader.inputs[0]?.node !== op.node.name)
    return undefined;
  const { attributes } = reader;
  if (attributes.text('padding', '') !== 'VALID' || attributes.text('data_format', 'NHWC') !== 'NHWC') return undefined;
  if ([...attributes.ints('strides', 1), ...attributes.ints('dilations', 1)].some((value) => value !== 1))
    return undefined;
  let last = reader;
  for (let next = op.around.readers(last.name); ; next = op.around.readers(last.name)) {
    if (next.length !== 1 || next[0]!.inputs[0]?.node !== last.name) return undefined;
    last = next[0]!;
    if (last.op === 'BatchToSpaceND') break;
    if (!PLACEWISE.has(last.op)) return undefined;
  }
  const [back, crops] = [1, 2].map((at) => op.around.content(last.inputs[at]?.node ?? ''));
  if (back?.length !== 2 || back.some((block, axis) => block !== blocks[axis]) || crops?.length !== 4) return undefined;
  const left: [number, number][] = [];
  const pads = edges.map(([before, behind], axis): [number, number] => {
    const [from, to] = [crops[2 * axis] ?? 0, crops[2 * axis + 1] ?? 0];
    left.push([Math.max(0, from - before), Math.max(0, to - behind)]);
    return [Math.max(0, before - from), Math.max(0, behind - to)];
  });
  op.around.dilations.set(reader.name, blocks);
  op.around.crops.set(last.name, left);
  return padded(op, op.channelsFirst(op.x), [[0, 0], ...pads, [0, 0]], 'constant');
}

const spaceToBatch: OperationImporter = (op) => {
  const blocks = blocksOf(op, 'its padding');
  const folded = dilated(op, blocks);
  if (folded) return folded;
  op.pin();
  const { b } = op;
  const count = blocks.blocks.length;
  const rest = op.x.shape.length - count - 1;
  const pads: [number, number][] = [[0, 0], ...blocks.edges, ...new Array<[number, number]>(rest).fill([0, 0])];
  const x = padded(op, op.plain(op.x), pads, 'constant');
  const sizes = known(op, x.shape.slice(1), 'the size of its input');
  const parts = blocks.blocks.flatMap((block, axis) => {
    if (sizes[axis]! % block !== 0) throw op.misfit(`${sizes[axis]} places do not divide into blocks of ${block}`);
    return [sizes[axis]! / block, block];
  });
  const others = sizes.slice(count);
  const apart = b.reshape(x.value, [-1, ...parts, ...others]);
  const axes = blocks.blocks.map((_, axis) => axis);
  const turned = b.transpose(apart, [
    ...axes.map((axis) => 2 * axis + 2),
    0,
    ...axes.map((axis) => 2 * axis + 1),
    ...others.map((_, axis) => axis + 2 * count + 1),
  ]);
  const small = axes.map((axis) => parts[2 * axis]!);
  const times = blocks.blocks.reduce((product, block) => product * block, 1);
  const batch = x.shape[0] === null ? null : x.shape[0]! * times;
  return op.result(b.reshape(turned, [-1, ...small, ...others]), [batch, ...small, ...others], x.type);
};

const batchToSpace: OperationImporter = (op) => {
  const left = op.around.crops.get(op.node.name);
  if (left) return cropped(op, op.x, left);
  op.pin();
  const { b } = op;
  const { blocks, edges } = blocksOf(op, 'its crops');
  const x = op.plain(op.x);
  const count = blocks.length;
  const sizes = known(op, x.shape.slice(1), 'the size of its input');
  const others = sizes.slice(count);
  const axes = blocks.map((_, axis) => axis);
  const apart = b.reshape(x.value, [...blocks, -1, ...sizes]);
  const turned = b.transpose(apart, [
    count,
    ...axes.flatMap((axis) => [count + 1 + axis, axis]),
    ...others.map((_, axis) => axis + 2 * count + 1),
  ]);
  const large = axes.map((axis) => sizes[axis]! * blocks[axis]!);
  const times = blocks.reduce((product, block) => product * block, 1);
  const batch = x.shape[0] === null ? null : x.shape[0]! / times;
  const whole = op.result(b.reshape(turned, [-1, ...large, ...others]), [batch, ...large, ...others], x.type);
  return cropped(op, whole, edges);
};

/** Cuts off the edges of the places. */
function cropped(op: Operation, x: Operand, edges: readonly (readonly [number, number])[]): Operand {
  const real = edges.flatMap(([before, behind], at) => (before + behind > 0 ? [{ before, behind, axis: at + 1 }] : []));
  if (real.length === 0) return x;
  const shape = [...x.shape];
  for (const { before, behind, axis } of real) {
    const size = op.known(shape[axis], 'the size of its input') - before - behind;
    if (size < 1) throw op.misfit('It crops everything');
    shape[axis] = size;
  }
  const value = op.b.slice(
    x.value,
    real.map(({ before }) => before),
    real.map(({ before, axis }) => before + shape[axis]!),
    real.map(({ axis }) => (x.layout === 'keras' ? axis : axis + 1)),
  );
  return { ...bare(x), value, shape };
}

export const IMAGE_OPERATIONS: OperationTable = {
  ResizeBilinear: resize('linear'),
  ResizeNearestNeighbor: resize('nearest'),
  DepthToSpace: (op) => {
    const block = blockOf(op);
    const x = planes(op, bare(op.x), 2, op.options.channelsFirst);
    const channels = op.known(x.channels, 'the number of channels');
    if (channels % block ** 2 !== 0) throw op.misfit(`${channels} channels do not divide into blocks of ${block ** 2}`);
    const value = op.b.op('DepthToSpace', [x.value], { blocksize: block, mode: 'DCR' });
    return x.wrap(
      value,
      channels / block ** 2,
      x.spatial.map((size) => (size === null ? null : size * block)),
    );
  },
  SpaceToDepth: (op) => {
    const block = blockOf(op);
    const x = planes(op, bare(op.x), 2, op.options.channelsFirst);
    const channels = op.known(x.channels, 'the number of channels');
    const sizes = x.spatial.map((size) => {
      if (size !== null && size % block !== 0) throw op.misfit(`${size} places do not divide into blocks of ${block}`);
      return size === null ? null : size / block;
    });
    return x.wrap(op.b.op('SpaceToDepth', [x.value], { blocksize: block }), channels * block ** 2, sizes);
  },
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
};
