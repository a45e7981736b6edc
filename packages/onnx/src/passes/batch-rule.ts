import type { AttributeInput } from '../attribute.ts';
import { Node } from '../node.ts';
import { Tensor } from '../tensor.ts';

/** Where the batch lies in a value: its axis, and how long that axis is for a batch of 1 (batch outermost). */
export interface BatchAxis {
  readonly axis: number;
  readonly size: number;
}

/** What a rule may ask about the values around its node, and do. */
export interface BatchContext {
  /** Where the batch lies in a value; undefined when the value does not depend on it. */
  batch(name: string | undefined): BatchAxis | undefined;
  /** Dimensions for a batch of 1. */
  shape(name: string): readonly number[] | undefined;
  /** The numbers of a constant, null where one depends on the batch. */
  elements(name: string | undefined): readonly (number | null)[] | undefined;
  /** Adds a constant and returns its name. */
  constant(tensor: Tensor, hint: string): string;
  fresh(hint: string): string;
  /** Appends a node; the last one appended may stand in for the rule's own. */
  emit(node: Node): void;
}

/** Why a batch cannot be freed. */
export class Refusal extends Error {}

/** Where the batch lies in each output; may append nodes in place of the given one. @throws Refusal */
export type BatchRule = (node: Node, context: BatchContext) => (BatchAxis | undefined)[];

export const mixes = (node: Node) =>
  new Refusal(`${node.label} combines items of the batch, or values that are made for one item`);
export const along = (node: Node) => new Refusal(`${node.label} works along the batch`);
export const unknown = (node: Node, what: string) => new Refusal(`${what} are not known for ${node.label}`);

export function same(node: Node, batch: BatchAxis): BatchAxis[] {
  return node.outputs.map(() => batch);
}

/** The batch of the first input, where no other input has one. */
export function onlyFirst(node: Node, context: BatchContext): BatchAxis {
  const [first, ...others] = node.inputs;
  const batch = context.batch(first);
  if (!batch || others.some((name) => context.batch(name))) throw mixes(node);
  return batch;
}

/** Ops of pictures `[N, C, …]`: further inputs with a batch (a residual) must have it in the same place. */
export function firstAxis(node: Node, context: BatchContext): BatchAxis {
  const batch = context.batch(node.inputs[0]);
  if (batch?.axis !== 0) throw mixes(node);
  for (const name of node.inputs.slice(1)) {
    const other = context.batch(name);
    if (other && (other.axis !== 0 || other.size !== batch.size)) throw mixes(node);
  }
  return batch;
}

export function shapeOf(name: string, node: Node, context: BatchContext): readonly number[] {
  const shape = context.shape(name);
  if (!shape) throw new Refusal(`the shape of '${name}' is not known, which ${node.label} reads`);
  return shape;
}

export function rankOf(node: Node, context: BatchContext): number {
  return shapeOf(node.inputs[0]!, node, context).length;
}

export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

export function axisOf(node: Node, context: BatchContext, axis: number, name = node.inputs[0]!): number {
  return axis >= 0 ? axis : axis + shapeOf(name, node, context).length;
}

export function reduced(node: Node, batch: BatchAxis, axes: readonly (number | null)[], rank: number): BatchAxis {
  const gone = axes.map((axis) => fromFront(axis ?? batch.axis, rank));
  if (gone.includes(batch.axis)) throw along(node);
  if (node.attribute.int('keepdims', 1) === 1) return batch;
  return { ...batch, axis: batch.axis - gone.filter((axis) => axis < batch.axis).length };
}

/** The axis of an output that a shape with one batch-dependent entry makes. */
export function madeBy(node: Node, free: readonly number[], context: BatchContext): BatchAxis {
  if (free.length !== 1) throw mixes(node);
  return { axis: free[0]!, size: shapeOf(node.outputs[0]!, node, context)[free[0]!]! };
}

/** True when a value without batch has 1 (or nothing) where the batch lies in a result of `rank` dimensions. */
export function compatible(name: string, out: BatchAxis, rank: number, context: BatchContext): boolean {
  const shape = context.shape(name);
  if (!shape || context.batch(name)) return false;
  const axis = out.axis - rank + shape.length;
  return axis < 0 || shape[axis] === 1;
}

export function emit(
  context: BatchContext,
  op: string,
  inputs: readonly string[],
  hint: string,
  attributes: Readonly<Record<string, AttributeInput>> = {},
): string {
  const name = context.fresh(hint);
  context.emit(Node.make(op, inputs, [name], attributes, { name }));
  return name;
}

/** The length of the batch axis while the model runs, as a list of one number. */
export function batchLength(name: string, axis: number, node: Node, context: BatchContext): string {
  const stem = `${node.outputs[0]}/length`;
  const shape = emit(context, 'Shape', [name], `${stem}/shape`);
  const at = (place: number) => context.constant(Tensor.int64([place]), `${stem}/at`);
  return emit(context, 'Slice', [shape, at(axis), at(axis + 1)], stem);
}
