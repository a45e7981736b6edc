// The rules of `batch-rules.ts` that take more than a few lines.
import { Node } from '../node.ts';
import { Tensor } from '../tensor.ts';
import {
  along,
  type BatchAxis,
  type BatchContext,
  compatible,
  emit,
  mixes,
  onlyFirst,
  same,
  shapeOf,
  unknown,
} from './batch-rule.ts';

export function broadcast(node: Node, context: BatchContext): BatchAxis[] {
  const shapes = node.inputs.map((name) => shapeOf(name, node, context));
  const rank = Math.max(...shapes.map((shape) => shape.length));
  let out: BatchAxis | undefined;
  node.inputs.forEach((name, index) => {
    const batch = context.batch(name);
    if (!batch) return;
    const axis = batch.axis + rank - shapes[index]!.length;
    if (out && (out.axis !== axis || out.size !== batch.size)) throw mixes(node);
    out = { axis, size: batch.size };
  });
  if (!out) throw mixes(node);
  for (const name of node.inputs) if (!context.batch(name) && !compatible(name, out, rank, context)) throw mixes(node);
  return same(node, out);
}

export function matmul(node: Node, context: BatchContext): BatchAxis[] {
  const [a, b] = node.inputs as [string, string];
  const [left, right] = [shapeOf(a, node, context).length, shapeOf(b, node, context).length];
  const [inA, inB] = [context.batch(a), context.batch(b)];
  for (const name of node.inputs.slice(2)) if (context.batch(name)) throw mixes(node);
  if (left < 2 || right < 2) throw mixes(node);
  const rank = Math.max(left, right);
  const place = (batch: BatchAxis, own: number) => ({ axis: batch.axis + rank - own, size: batch.size });
  if (inA && inB) {
    const [x, y] = [place(inA, left), place(inB, right)];
    if (x.axis !== y.axis || x.size !== y.size || x.axis >= rank - 2) throw mixes(node);
    return [x];
  }
  const out = inA ? place(inA, left) : place(inB!, right);
  // Rows of the left and columns of the right factor stay apart; the dimension that is summed over must not hold the batch.
  if (out.axis === rank - (inA ? 1 : 2)) throw mixes(node);
  if (out.axis < rank - 2 && !compatible(inA ? b : a, out, rank, context)) throw mixes(node);
  return [out];
}

/**
 * In row-major order everything from the batch axis on is one block with the batch outermost. A dimension of the result at which such
 * a block begins (the dimensions before have the same product) holds the batch; -1 there fits any batch.
 */
export function reshape(node: Node, context: BatchContext): BatchAxis[] {
  const batch = onlyFirst(node, context);
  const target = context.elements(node.inputs[1]);
  if (!target) throw unknown(node, 'its target dimensions');
  const from = shapeOf(node.inputs[0]!, node, context);
  const to = shapeOf(node.outputs[0]!, node, context);
  const product = (dims: readonly number[]) => dims.reduce((total, dim) => total * dim, 1);
  if (to.length !== target.length || product(from) !== product(to) || product(to) === 0)
    throw unknown(node, 'its dimensions');
  const before = product(from.slice(0, batch.axis));
  const places = to.flatMap((_, axis) => (product(to.slice(0, axis)) === before ? [axis] : []));
  const free = target.flatMap((dim, axis) => (dim === null ? [axis] : []));
  if (free.length > 0) {
    // The model computes its target from the batch itself.
    if (free.length > 1 || !places.includes(free[0]!)) throw mixes(node);
    return [{ axis: free[0]!, size: to[free[0]!]! }];
  }
  const axis = places.includes(batch.axis) ? batch.axis : places[0];
  if (axis === undefined) throw mixes(node);
  const follows =
    target[axis] === -1 || (target[axis] === 0 && axis === batch.axis && node.attribute.int('allowzero', 0) === 0);
  if (!follows) {
    const wanted = to.map((dim, place) => (place === axis ? -1 : dim));
    context.emit(
      node.with({ inputs: [node.inputs[0]!, context.constant(Tensor.int64(wanted), `${node.outputs[0]}/shape`)] }),
    );
  }
  return [{ axis, size: to[axis]! }];
}

/**
 * Gather with fixed places along the batch, where an item is many places long (PyTorch's default exporter writes `as_strided` of a
 * flattened value so): the same places of every item, `Gather(Reshape(x, [-1, size, …]), places, axis = 1)`.
 */
export function gatherWithin(node: Node, batch: BatchAxis, context: BatchContext): BatchAxis[] {
  const [data, indices] = node.inputs as [string, string];
  const places = context.elements(indices);
  const shape = shapeOf(indices, node, context);
  if (batch.axis !== 0 || batch.size === 1 || !places || places.includes(null) || shape.length === 0) throw along(node);
  const tail = shapeOf(data, node, context).slice(1);
  const ints = (values: readonly number[], dims = [values.length], hint = 'shape') =>
    context.constant(Tensor.int64(values, dims), `${node.outputs[0]}/${hint}`);
  const items = emit(context, 'Reshape', [data, ints([-1, batch.size, ...tail])], `${node.outputs[0]}/items`);
  const [first = 1, ...rest] = shape;
  const within = (dims: number[]) => ints(places as number[], dims, 'places');
  const gather = (name: string, dims: number[]) => Node.make('Gather', [items, within(dims)], [name], { axis: 1 });
  if (first === 1) {
    context.emit(gather(node.outputs[0]!, rest).with({ outputs: node.outputs, name: node.name, origin: node.origin }));
    return [{ axis: 0, size: 1 }];
  }
  const gathered = context.fresh(`${node.outputs[0]}/gathered`);
  context.emit(gather(gathered, [...shape]));
  context.emit(
    Node.make('Reshape', [gathered, ints([-1, ...rest, ...tail])], [...node.outputs]).with({ outputs: node.outputs }),
  );
  return [{ axis: 0, size: first }];
}
