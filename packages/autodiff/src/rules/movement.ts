import { DATA_TYPES, Tensor, type ValueName } from '@seewhy/onnx';
import { positiveAxis, type Rule, type RuleStep, type RuleTable } from '../rule.ts';
import { type Dim, type Shape, sameDim, sameShape } from '../shape.ts';
import { inverse, pads, type Run, scatterRuns } from './along-axis.ts';
import { padding } from './padding.ts';

const axisOf = (s: RuleStep, fallback: number) => positiveAxis(s.node.attribute.int('axis', fallback), s.rank(s.x()));

// ---- the same elements in another shape ----------------------------------------------------------------------------------

const reshape: Rule = (s) => [sameShape(s.shape(s.x()), s.shape(s.y())) ? s.g : s.reshapeLike(s.g, s.x())];

/** The default order of Transpose reverses the axes. */
const transpose: Rule = (s) => {
  const rank = s.rank(s.x());
  const perm = s.node.attribute.ints('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  return [s.b.transpose(s.g, inverse(perm))];
};

/** Blocks of channels back from space; in the order DCR this is the other op itself, in the order CRD channels come first. */
const depthToSpace: Rule = (s) => {
  const block = s.node.attribute.int('blocksize', 1);
  if (s.node.attribute.string('mode', 'DCR') === 'DCR') return [s.b.op('SpaceToDepth', [s.g], { blocksize: block })];
  const [batch, , height, width] = s.shape(s.x()) as [Dim, Dim, Dim, Dim];
  const [channels] = s.sizes(s.y(), [1]);
  const blocks = s.reshape(s.g, [batch, channels!, height, block, width, block]);
  return [s.reshapeLike(s.b.transpose(blocks, [0, 1, 3, 5, 2, 4]), s.x())];
};

const spaceToDepth: Rule = (s) => [s.b.op('DepthToSpace', [s.g], { blocksize: s.node.attribute.int('blocksize', 1) })];

const reverseSequence: Rule = (s) => {
  const { attribute } = s.node;
  const axes = { batch_axis: attribute.int('batch_axis', 1), time_axis: attribute.int('time_axis', 0) };
  return [s.b.op('ReverseSequence', [s.g, s.x(1)], axes)];
};

// ---- repeated elements -----------------------------------------------------------------------------------------------------

/** Stretched axes are summed. */
const expand: Rule = (s) => [s.unbroadcastTo(s.g, 0)];

/** Each copy of an axis is one summand: [r · d] = [r, d] summed over r. */
const tile: Rule = (s) => {
  const [from, to] = [s.shape(s.x()), s.shape(s.y())];
  const split: Dim[] = [];
  const summed: number[] = [];
  from.forEach((dim, axis) => {
    const copies = ratio(s, to[axis]!, dim);
    if (copies !== 1) {
      summed.push(split.length);
      split.push(copies);
    }
    split.push(dim);
  });
  return [summed.length === 0 ? s.g : s.b.reduceSum(s.reshape(s.g, split), summed, false)];
};

function ratio(s: RuleStep, to: Dim, from: Dim): Dim {
  if (typeof to === 'number' && typeof from === 'number') return from === 0 ? 1 : to / from;
  if (typeof to !== 'number' && typeof from !== 'number') return to.batch / from.batch;
  if (typeof to !== 'number' && typeof from === 'number') return { batch: to.batch / from };
  throw s.refuse('an axis shrinks with the batch');
}

// ---- parts put together, wholes taken apart ----------------------------------------------------------------------------------

/** Each part takes its piece of g; neighbours that need none are one piece. */
const concat: Rule = (s) => {
  const axis = positiveAxis(s.node.attribute.int('axis', 0), s.rank(s.y()));
  const pieces: { size: number; input: number | undefined }[] = [];
  s.node.inputs.forEach((input, index) => {
    const size = s.staticSize(s.shape(input), axis);
    if (size === 0) return;
    const last = pieces[pieces.length - 1];
    if (s.needs(index)) pieces.push({ size, input: index });
    else if (last && last.input === undefined) last.size += size;
    else pieces.push({ size, input: undefined });
  });
  const result: (ValueName | null)[] = s.node.inputs.map(() => null);
  const asked = pieces.filter((piece) => piece.input !== undefined);
  if (asked.length === 1 && pieces.length > 1) {
    const start = pieces.slice(0, pieces.indexOf(asked[0]!)).reduce((total, piece) => total + piece.size, 0);
    result[asked[0]!.input!] = s.b.slice(s.g, [start], [start + asked[0]!.size], [axis]);
    return result;
  }
  const sizes = pieces.map((piece) => piece.size);
  const values = pieces.length === 1 ? [s.g] : s.b.split(s.g, sizes, axis);
  pieces.forEach((piece, index) => {
    if (piece.input !== undefined) result[piece.input] = values[index]!;
  });
  return result;
};

/** The gradients side by side, zeros where an output has none: padding before the first and behind each. */
const split: Rule = (s) => {
  const axis = axisOf(s, 0);
  const rank = s.rank(s.x());
  const sizes = splitSizes(s, axis);
  const parts: { value: ValueName; before: number; after: number }[] = [];
  let gap = 0;
  sizes.forEach((size, index) => {
    const value = s.gradient(index);
    const last = parts[parts.length - 1];
    if (value !== undefined) {
      parts.push({ value, before: last ? 0 : gap, after: 0 });
      gap = 0;
    } else if (last) last.after += size;
    else gap += size;
  });
  const lengths = Array<Dim>(rank).fill(0);
  const padded = parts.map(({ value, before, after }) =>
    s.b.pad(
      value,
      pads(lengths, (_, other) => (other === axis ? [before, after] : [0, 0])),
    ),
  );
  return [s.b.concat(padded, axis)];
};

function splitSizes(s: RuleStep, axis: number): number[] {
  const given = s.node.attribute.ints('split') ?? s.constantInts(1);
  if (given) return given;
  const whole = s.sizes(s.x(), [axis])[0]!;
  const count = s.node.attribute.int('num_outputs', s.node.outputs.length);
  const size = Math.ceil(whole / count);
  return Array.from({ length: count }, (_, index) => Math.max(0, Math.min(size, whole - index * size)));
}

/** The slice back in its place among zeros. */
const slice: Rule = (s) => {
  const shape = s.shape(s.x());
  if (!s.constant(s.x(1))) return [sliceAtRunTime(s)];
  const starts = s.constantInts(1) ?? [];
  const axes = s.constantInts(3) ?? range(starts.length);
  const steps = s.constantInts(4) ?? starts.map(() => 1);
  const taken = s.shape(s.y());
  const runs: Run[] = [];
  axes.forEach((given, index) => {
    const axis = positiveAxis(given, shape.length);
    const step = steps[index]!;
    if (step === 1 && sameDim(shape[axis]!, taken[axis]!)) return;
    const size = s.staticSize(shape, axis);
    const first = starts[index]! < 0 ? starts[index]! + size : starts[index]!;
    const start = Math.min(step > 0 ? size : size - 1, Math.max(0, first));
    runs.push({ axis, size, start, step, count: s.staticSize(taken, axis) });
  });
  return [scatterRuns(s, s.g, runs, shape)];
};

/** Where the starts are computed by nodes: zeros before by the start, zeros behind so that the size is right. */
function sliceAtRunTime(s: RuleStep): ValueName {
  const [from, to] = [s.shape(s.y()), s.shape(s.x())];
  const [count] = s.sizes(s.x(1), [0]) as [number];
  const axes = (s.constantInts(3) ?? range(count)).map((axis) => positiveAxis(axis, to.length));
  if (s.constantInts(4)?.some((step) => step !== 1)) throw s.refuse('its starts are computed at run time, with steps');
  const { b } = s;
  const whole = (axis: number) => sameDim(from[axis]!, to[axis]!);
  const sizes = b.ints(axes.map((axis) => (whole(axis) ? 0 : s.staticSize(to, axis))));
  const starts = s.type(s.x(1)) === 'int64' ? s.x(1) : b.cast(s.x(1), DATA_TYPES.int64.code);
  const front = b.where(b.op('Less', [starts, b.int(0)]), b.add(starts, sizes), starts);
  // Spread over all axes; an axis that is taken whole has no zeros.
  const rows = Tensor.int64(
    axes.flatMap((axis) => to.map((_, other) => (other === axis && !whole(axis) ? 1 : 0))),
    [axes.length, to.length],
  );
  const begins = b.reduceSum(b.mul(b.unsqueeze(front, [1]), b.constant(rows)), [0], false);
  const missing = b.ints(to.map((_, axis) => (whole(axis) ? 0 : s.staticSize(to, axis) - s.staticSize(from, axis))));
  return b.pad(s.g, b.concat([begins, b.sub(missing, begins)], 0));
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** The middle of each axis, cropped or padded: the same way back. */
const centerCropPad: Rule = (s) => {
  const [from, to]: [Shape, Shape] = [s.shape(s.y()), s.shape(s.x())];
  const differing = to.map((_, axis) => axis).filter((axis) => !sameDim(from[axis]!, to[axis]!));
  const size = (shape: Shape, axis: number) => s.staticSize(shape, axis);
  const cropped = differing.filter((axis) => size(to, axis) < size(from, axis));
  const begin = (axis: number) => Math.floor(Math.abs(size(from, axis) - size(to, axis)) / 2);
  let value = s.g;
  if (cropped.length > 0) {
    const starts = cropped.map(begin);
    const ends = cropped.map((axis, index) => starts[index]! + size(to, axis));
    value = s.b.slice(value, starts, ends, cropped);
  }
  const grown = new Set(differing.filter((axis) => !cropped.includes(axis)));
  const margins = pads(to, (_, axis) =>
    grown.has(axis) ? [begin(axis), size(to, axis) - size(from, axis) - begin(axis)] : [0, 0],
  );
  return [s.b.pad(value, margins)];
};

/** A triangle keeps g, the rest is 0. */
const trilu: Rule = (s) => {
  const upper = s.node.attribute.int('upper', 1);
  const k = s.constantInts(1)?.[0] ?? 0;
  if (s.profile.fullOps) return [s.b.op('Trilu', [s.g, s.has(1) ? s.x(1) : undefined], { upper })];
  const [rows, columns] = s.sizes(s.x(), [-2, -1]) as [number, number];
  const mask = Float32Array.from({ length: rows * columns }, (_, index) => {
    const diagonal = (index % columns) - Math.floor(index / columns);
    return (upper ? diagonal >= k : diagonal <= k) ? 1 : 0;
  });
  return [s.b.mul(s.g, s.b.constant(Tensor.floats(mask, [rows, columns], s.type(s.x())), 'mask'))];
};

/** Overlapping blocks are summed into an image; back, each block is cut out: a convolution with one-hot kernels. */
const col2Im: Rule = (s) => {
  const image = s.constantInts(1)!;
  const block = s.constantInts(2)!;
  const spatial = image.length;
  const size = block.reduce((product, length) => product * length, 1);
  const channels = s.sizes(s.y(), [1])[0]!;
  const kernels = new Float32Array(channels * size * size);
  for (let kernel = 0; kernel < channels * size; kernel++) kernels[kernel * size + (kernel % size)] = 1;
  const weight = s.b.constant(Tensor.floats(kernels, [channels * size, 1, ...block], s.type(s.x())), 'one-hot');
  const blocks = s.b.conv(s.g, weight, {
    group: channels,
    kernel_shape: block,
    dilations: s.node.attribute.ints('dilations') ?? block.map(() => 1),
    strides: s.node.attribute.ints('strides') ?? block.map(() => 1),
    pads: s.node.attribute.ints('pads') ?? Array(2 * spatial).fill(0),
  });
  return [s.reshapeLike(blocks, s.x())];
};

// ---- what cannot be walked through ---------------------------------------------------------------------------------------------

const refuse =
  (why: string): Rule =>
  (s) => {
    throw s.refuse(why);
  };

const sequence = refuse(
  'sequences of tensors are not differentiated: export the model again with static shapes and a newer exporter',
);
const control = refuse(
  'it is control flow: export the model again for one fixed input size, so that branches and loops are unrolled',
);

export const movement: RuleTable = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  ReverseSequence: reverseSequence,
  Expand: expand,
  Tile: tile,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: padding,
  CenterCropPad: centerCropPad,
  Trilu: trilu,
  Col2Im: col2Im,
  // Shapes and constants: no gradient passes.
  Shape: 'stop',
  Size: 'stop',
  Constant: 'stop',
  ConstantOfShape: 'stop',
  Range: 'stop',
  EyeLike: 'stop',
  SequenceAt: sequence,
  SequenceConstruct: sequence,
  SequenceInsert: sequence,
  SplitToSequence: sequence,
  ConcatFromSequence: sequence,
  If: control,
  Loop: control,
  Scan: control,
};
