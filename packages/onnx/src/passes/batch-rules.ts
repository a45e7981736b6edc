import { Tensor } from '../tensor.ts';
import { broadcast, gatherWithin, matmul, reshape } from './batch-algebra.ts';
import {
  along,
  axisOf,
  type BatchRule,
  batchLength,
  compatible,
  emit,
  firstAxis,
  fromFront,
  madeBy,
  mixes,
  onlyFirst,
  Refusal,
  rankOf,
  reduced,
  same,
  shapeOf,
  unknown,
} from './batch-rule.ts';

const each = (names: string, rule: BatchRule) => Object.fromEntries(names.split(/\s+/).map((name) => [name, rule]));

/** How each op carries the batch from its inputs to its outputs. An op that is not here is a reason not to free the batch. */
export const BATCH_RULES: Readonly<Record<string, BatchRule>> = {
  ...each(
    `Abs Acos Acosh Asin Asinh Atan Atanh Cast Ceil Celu Clip Cos Cosh Dropout Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity
    IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh
    ThresholdedRelu com.microsoft.Gelu com.microsoft.FastGelu com.microsoft.QuickGelu com.microsoft.BiasGelu`,
    (node, context) => same(node, onlyFirst(node, context)),
  ),
  ...each(
    `Add And BitShift Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor`,
    broadcast,
  ),
  ...each(
    `AveragePool Conv ConvInteger ConvTranspose DeformConv DepthToSpace GlobalAveragePool GlobalLpPool GlobalMaxPool GroupNormalization
    InstanceNormalization LRN LpPool SpaceToDepth Upsample com.microsoft.FusedConv com.microsoft.SkipLayerNormalization com.microsoft.LayerNormalization`,
    (node, context) => same(node, firstAxis(node, context)),
  ),
  ...each('Softmax LogSoftmax Hardmax LpNormalization', (node, context) => {
    const batch = onlyFirst(node, context);
    // Softmax and its kin take axis -1, LpNormalization too.
    if (axisOf(node, context, node.attribute.int('axis', -1)) === batch.axis) throw along(node);
    return same(node, batch);
  }),
  ...each(
    `ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare`,
    (node, context) => {
      const batch = onlyFirst(node, context);
      const rank = rankOf(node, context);
      const axes = node.inputs[1] ? context.elements(node.inputs[1]) : node.attribute.ints('axes');
      if (!axes || axes.length === 0) {
        if (!node.inputs[1] && node.attribute.int('noop_with_empty_axes', 0) === 1) return same(node, batch);
        throw along(node);
      }
      return [reduced(node, batch, axes, rank)];
    },
  ),
  ...each('ArgMax ArgMin', (node, context) => [
    reduced(node, onlyFirst(node, context), [node.attribute.int('axis', 0)], rankOf(node, context)),
  ]),
  ...each('QuantizeLinear DequantizeLinear', (node, context) => {
    const batch = onlyFirst(node, context);
    const scale = context.shape(node.inputs[1]!);
    const single = scale?.every((dim) => dim === 1);
    if (!single && axisOf(node, context, node.attribute.int('axis', 1)) === batch.axis) throw along(node);
    return same(node, batch);
  }),

  BatchNormalization: (node, context) => {
    if (node.attribute.int('training_mode', 0) === 1) throw new Refusal(`${node.label} is in training mode`);
    return same(node, firstAxis(node, context));
  },

  MaxPool: (node, context) => {
    if (node.outputs[1]) throw new Refusal(`${node.label} numbers its maxima through the whole batch`);
    return [firstAxis(node, context)];
  },

  QLinearConv: (node, context) => [firstAxis(node, context)],

  LayerNormalization: (node, context) => {
    const batch = onlyFirst(node, context);
    const axis = axisOf(node, context, node.attribute.int('axis', -1));
    if (axis <= batch.axis) throw along(node);
    return same(node, batch);
  },
  RMSNormalization: (node, context) => BATCH_RULES.LayerNormalization!(node, context),

  MeanVarianceNormalization: (node, context) => {
    const batch = onlyFirst(node, context);
    const axes = node.attribute.ints('axes') ?? [0, 2, 3];
    if (axes.some((axis) => axisOf(node, context, axis) === batch.axis)) throw along(node);
    return [batch];
  },

  CumSum: (node, context) => {
    const batch = onlyFirst(node, context);
    const axis = context.elements(node.inputs[1])?.[0];
    if (axis === undefined || axis === null || axisOf(node, context, axis) === batch.axis) throw along(node);
    return [batch];
  },

  TopK: (node, context) => {
    const batch = onlyFirst(node, context);
    if (axisOf(node, context, node.attribute.int('axis', -1)) === batch.axis) throw along(node);
    return same(node, batch);
  },

  Gemm: (node, context) => {
    const [a, b, c] = node.inputs;
    const batch = context.batch(a);
    if (!batch || context.batch(b)) throw mixes(node);
    if (batch.axis !== (node.attribute.int('transA', 0) === 1 ? 1 : 0)) throw mixes(node);
    const out = { axis: 0, size: batch.size };
    if (c && !compatible(c, out, 2, context)) throw mixes(node);
    return [out];
  },

  MatMul: matmul,
  MatMulInteger: matmul,
  'com.microsoft.FusedMatMul': (node, context) => {
    // Transposed are the last two axes, or (transBatch) all before the last.
    for (const [input, letter] of [
      [node.inputs[0]!, 'A'],
      [node.inputs[1]!, 'B'],
    ] as const) {
      const batch = context.batch(input);
      const lastTwo = batch && batch.axis >= shapeOf(input, node, context).length - 2;
      if (lastTwo && node.attribute.int(`trans${letter}`, 0) !== 0) throw mixes(node);
      if (batch && node.attribute.int(`transBatch${letter}`, 0) !== 0) throw mixes(node);
    }
    return matmul(node, context);
  },

  Transpose: (node, context) => {
    const batch = onlyFirst(node, context);
    const rank = rankOf(node, context);
    const perm = node.attribute.ints('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
    return [{ ...batch, axis: perm.indexOf(batch.axis) }];
  },

  Reshape: reshape,

  Flatten: (node, context) => {
    const batch = onlyFirst(node, context);
    const shape = shapeOf(node.inputs[0]!, node, context);
    const given = node.attribute.int('axis', 1);
    const axis = given < 0 ? given + shape.length : given;
    const product = (dims: readonly number[]) => dims.reduce((total, dim) => total * dim, 1);
    // The batch must come first in the dimension it is merged into.
    const [begin, out] = batch.axis < axis ? [0, 0] : [axis, 1];
    if (product(shape.slice(begin, batch.axis)) !== 1) throw mixes(node);
    return [{ axis: out, size: product(out === 0 ? shape.slice(0, axis) : shape.slice(axis)) }];
  },

  Squeeze: (node, context) => {
    const batch = onlyFirst(node, context);
    const rank = rankOf(node, context);
    const axes = node.inputs[1] ? context.elements(node.inputs[1]) : undefined;
    if (!axes) throw new Refusal(`${node.label} drops every dimension of 1, the batch too`);
    const gone = axes.map((axis) => fromFront(axis!, rank));
    if (gone.includes(batch.axis)) throw new Refusal(`${node.label} drops the batch`);
    return [{ ...batch, axis: batch.axis - gone.filter((axis) => axis < batch.axis).length }];
  },

  Unsqueeze: (node, context) => {
    const batch = onlyFirst(node, context);
    const axes = context.elements(node.inputs[1]);
    if (!axes || axes.includes(null)) throw unknown(node, 'its axes');
    const rank = rankOf(node, context) + axes.length;
    const added = new Set(axes.map((axis) => fromFront(axis!, rank)));
    const old = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !added.has(axis));
    return [{ ...batch, axis: old[batch.axis]! }];
  },

  Concat: (node, context) => {
    const first = node.inputs.find((name) => context.batch(name))!;
    const batch = context.batch(first)!;
    if (axisOf(node, context, node.attribute.int('axis', 0), first) === batch.axis) throw along(node);
    const rank = shapeOf(first, node, context).length;
    const inputs = node.inputs.map((name) => {
      const other = context.batch(name);
      if (other) {
        if (other.axis !== batch.axis || other.size !== batch.size) throw mixes(node);
        return name;
      }
      // A constant (the class token of a vision transformer) is repeated for each item.
      if (batch.size !== 1) throw mixes(node);
      const ones = (count: number) => context.constant(Tensor.int64(new Array<number>(count).fill(1)), `${name}/ones`);
      const parts = [batchLength(first, batch.axis, node, context)];
      if (batch.axis > 0) parts.unshift(ones(batch.axis));
      if (batch.axis < rank - 1) parts.push(ones(rank - 1 - batch.axis));
      const shape = emit(context, 'Concat', parts, `${name}/shape`, { axis: 0 });
      return emit(context, 'Expand', [name, shape], `${name}/batch`);
    });
    context.emit(node.with({ inputs }));
    return [batch];
  },

  Split: (node, context) => {
    const batch = onlyFirst(node, context);
    if (axisOf(node, context, node.attribute.int('axis', 0)) === batch.axis) throw along(node);
    return same(node, batch);
  },

  Slice: (node, context) => {
    const batch = onlyFirst(node, context);
    const lists = [1, 2, 3, 4].map((place) => node.inputs[place] && context.elements(node.inputs[place]));
    const [starts, ends, , steps] = lists;
    const axes = node.inputs[3] ? lists[2] : Array.isArray(starts) ? starts.map((_, axis) => axis) : undefined;
    if (!axes || axes.includes(null)) throw unknown(node, 'its axes');
    const rank = rankOf(node, context);
    axes.forEach((axis, index) => {
      if (fromFront(axis!, rank) !== batch.axis) return;
      const whole = starts?.[index] === 0 && (Number(ends?.[index]) >= 2 ** 31 - 1 || ends?.[index] === null);
      if (!whole || (steps && steps[index] !== 1)) throw along(node);
    });
    // A bound that depends on the batch, on another axis, would make items differ.
    if (
      [starts, ends].some(
        (list) => !list || list.some((bound, at) => bound === null && fromFront(axes[at]!, rank) !== batch.axis),
      )
    )
      throw unknown(node, 'its bounds');
    return [batch];
  },

  Gather: (node, context) => {
    const [data, indices] = node.inputs as [string, string];
    const axis = axisOf(node, context, node.attribute.int('axis', 0));
    const inData = context.batch(data);
    const inIndices = context.batch(indices);
    if (inData && inIndices) throw mixes(node);
    if (inIndices) return [{ ...inIndices, axis: axis + inIndices.axis }];
    if (!inData) throw along(node);
    if (axis === inData.axis) return gatherWithin(node, inData, context);
    const added = shapeOf(indices, node, context).length - 1;
    return [{ ...inData, axis: axis < inData.axis ? inData.axis + added : inData.axis }];
  },

  GatherElements: (node, context) => {
    const [data, indices] = node.inputs.map((name) => context.batch(name));
    if (!data || !indices || data.axis !== indices.axis || data.size !== indices.size) throw mixes(node);
    if (axisOf(node, context, node.attribute.int('axis', 0)) === data.axis) throw along(node);
    return [data];
  },

  Pad: (node, context) => {
    const batch = onlyFirst(node, context);
    const pads = context.elements(node.inputs[1]);
    const axes = node.inputs[3] ? context.elements(node.inputs[3]) : undefined;
    if (!pads || pads.includes(null) || (node.inputs[3] && !axes)) throw unknown(node, 'its pads');
    const rank = rankOf(node, context);
    const place = axes ? axes.findIndex((axis) => fromFront(axis!, rank) === batch.axis) : batch.axis;
    if (place >= 0 && (pads[place] !== 0 || pads[place + pads.length / 2] !== 0)) throw along(node);
    return [batch];
  },

  Expand: (node, context) => {
    const target = context.elements(node.inputs[1]);
    if (!target) throw unknown(node, 'its shape');
    const batch = context.batch(node.inputs[0]);
    const own = rankOf(node, context);
    const rank = Math.max(own, target.length);
    const free = target.flatMap((dim, index) => (dim === null ? [index + rank - target.length] : []));
    if (!batch) return [madeBy(node, free, context)];
    const axis = batch.axis + rank - own;
    const wanted = target[axis - rank + target.length] ?? (free.includes(axis) ? null : 1);
    if ((wanted !== 1 && wanted !== null) || free.some((place) => place !== axis)) throw mixes(node);
    return [{ ...batch, axis }];
  },

  ConstantOfShape: (node, context) => {
    const target = context.elements(node.inputs[0]);
    if (!target) throw unknown(node, 'its shape');
    return [
      madeBy(
        node,
        target.flatMap((dim, index) => (dim === null ? [index] : [])),
        context,
      ),
    ];
  },

  Tile: (node, context) => {
    const batch = context.batch(node.inputs[0]);
    const repeats = context.elements(node.inputs[1]);
    if (!repeats) throw unknown(node, 'its repeats');
    const free = repeats.flatMap((count, axis) => (count === null ? [axis] : []));
    if (batch) {
      if (free.length > 0 || repeats[batch.axis] !== 1) throw mixes(node);
      return [batch];
    }
    if (shapeOf(node.inputs[0]!, node, context)[free[0] ?? 0] !== 1) throw mixes(node);
    return [madeBy(node, free, context)];
  },

  Resize: (node, context) => {
    const batch = firstAxis(node, context);
    const [x, roi = '', scales = '', sizes = ''] = node.inputs as [string, string?, string?, string?];
    const rank = rankOf(node, context);
    const axes = node.attribute.ints('axes')?.map((axis) => fromFront(axis, rank));
    const place = axes ? axes.indexOf(batch.axis) : batch.axis;
    if (place < 0) return [batch];
    if (sizes === '') {
      if (context.elements(scales)?.[place] !== 1) throw along(node);
      return [batch];
    }
    const wanted = context.elements(sizes);
    if (!wanted) throw unknown(node, 'its sizes');
    if (wanted[place] === null) return [batch];
    if (wanted.includes(null) || axes || wanted[0] !== batch.size) throw along(node);
    const rest = context.constant(Tensor.int64(wanted.slice(1) as number[]), `${sizes}/rest`);
    const free = emit(context, 'Concat', [batchLength(x, 0, node, context), rest], `${sizes}/batch`, { axis: 0 });
    context.emit(node.with({ inputs: [x, roi, scales, free] }));
    return [batch];
  },

  GridSample: (node, context) => {
    const [x, grid] = node.inputs.map((name) => context.batch(name));
    if (!x || !grid || x.axis !== 0 || grid.axis !== 0 || x.size !== grid.size) throw mixes(node);
    return [x];
  },

  Einsum: (node, context) => {
    const equation = node.attribute.string('equation', '').replaceAll(' ', '');
    const [left = '', right] = equation.split('->');
    if (right === undefined || equation.includes('.')) throw unknown(node, 'its equation');
    const terms = left.split(',');
    const places = node.inputs.map((name, index) => {
      const batch = context.batch(name);
      return batch && { batch, letter: terms[index]![batch.axis]! };
    });
    const first = places.find((place) => place !== undefined)!;
    const fits = places.every((place, index) =>
      place
        ? place.letter === first.letter && place.batch.size === first.batch.size
        : !terms[index]!.includes(first.letter),
    );
    if (!fits || !right.includes(first.letter)) throw mixes(node);
    return [{ axis: right.indexOf(first.letter), size: first.batch.size }];
  },
};
