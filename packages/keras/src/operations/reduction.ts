import { heldAxis } from '../model/layer-value.ts';
import type { Operand } from './operand.ts';
import { isKnown } from './operand.ts';
import type { Operation, OperationImporter, OperationTable } from './operation.ts';

/** Axes of a reduction, ascending; those of a list that is not known cannot be followed. */
function axesOf(op: Operation, rank: number): number[] {
  if (!isKnown(op.input(1).known)) throw op.refuse('its axes depend on the input');
  const axes = op.ints(1, 'its axes').map((axis) => op.axis(axis, rank));
  return [...new Set(axes)].sort((a, b) => a - b);
}

/**
 * Reduces over axes. A value held channels first stays so where its last axis is kept, and comes out as it is in TensorFlow where
 * that axis goes.
 */
function reduced(op: Operation, x: Operand, name: string): Operand {
  const rank = x.shape.length;
  const axes = axesOf(op, rank);
  if (axes.includes(0) && rank > 1) op.pin();
  const keep = op.attributes.flag('keep_dims', op.attributes.flag('keepdims', false));
  if (axes.length === 0) return x;
  const shape = x.shape.flatMap((dim, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [dim]));
  let held = x;
  let layout: Operand['layout'] = x.layout;
  if (x.layout === 'channels-first' && !keep) {
    // Without the batch the channels would come first; with nothing but them left there is no layout.
    if (axes.includes(0)) held = op.plain(x);
    layout =
      held.layout === 'channels-first' && !axes.includes(rank - 1) && shape.length > 2 ? 'channels-first' : 'keras';
  }
  const inside = axes.map((axis) => heldAxis(held, axis)).sort((a, b) => a - b);
  const whole =
    name === 'ReduceMean' && held.layout === 'channels-first' && inside.length === rank - 2 && inside[0] === 2;
  if (whole) {
    const pooled = op.b.op('GlobalAveragePool', [held.value]);
    return {
      value: keep ? pooled : op.b.squeeze(pooled, inside),
      shape,
      layout: keep ? layout : 'keras',
      type: x.type,
    };
  }
  return { value: op.b.reduce(name, held.value, inside, keep), shape, layout, type: x.type };
}

const reduction =
  (name: string): OperationImporter =>
  (op) =>
    reduced(op, op.x, name);

/** All and Any of truth values: the smallest and the largest of 0 and 1. */
const logical =
  (name: string): OperationImporter =>
  (op) =>
    op.cast(reduced(op, op.cast(op.x, 'int64'), name), 'bool');

const softmax =
  (name: 'Softmax' | 'LogSoftmax'): OperationImporter =>
  (op) => {
    const rank = op.x.shape.length;
    if (rank === 0) throw op.misfit('It gets a number');
    return op.like(op.x, op.b.op(name, [op.x.value], { axis: heldAxis(op.x, rank - 1) }));
  };

const argument =
  (name: 'ArgMax' | 'ArgMin'): OperationImporter =>
  (op) => {
    const { x } = op;
    const rank = x.shape.length;
    const axis = op.axis(op.inputs.length > 1 ? op.int(1, 'its axis') : 0, rank);
    if (axis === 0 && rank > 1) op.pin();
    // What is left lies in TensorFlow's order only where the channels are what goes.
    const held = axis === rank - 1 ? x : op.plain(x);
    const value = op.b.op(name, [held.value], { axis: heldAxis(held, axis), keepdims: 0 });
    return op.result(
      value,
      x.shape.filter((_, index) => index !== axis),
      'int64',
    );
  };

export const REDUCTION_OPERATIONS: OperationTable = {
  Mean: reduction('ReduceMean'),
  Sum: reduction('ReduceSum'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  EuclideanNorm: reduction('ReduceL2'),
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  Softmax: softmax('Softmax'),
  LogSoftmax: softmax('LogSoftmax'),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
  TopKV2: (op) => {
    const x = op.plain(op.x);
    const rank = x.shape.length;
    if (rank === 0) throw op.misfit('It gets a number');
    const k = op.int(1, 'how many are asked for');
    const size = x.shape[rank - 1];
    if (k < 0 || (typeof size === 'number' && k > size)) throw op.misfit(`It asks for ${k} of ${size} values`);
    const shape = [...x.shape.slice(0, -1), k];
    const [values, indices] = op.b.multi('TopK', [x.value, op.ints64([k])], { axis: -1 }, 2);
    return [op.result(values!, shape, x.type), op.result(indices!, shape, 'int64')];
  },
};
