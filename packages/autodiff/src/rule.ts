import { DATA_TYPES, type DataType, type GraphBuilder, type Node, type Tensor, type ValueName } from '@seewhy/onnx';
import { errors } from './errors.ts';
import type { Profile } from './profile.ts';
import { broadcastAxes, type Dim, isStatic, printShape, type Shape } from './shape.ts';

/** The gradient of each input of a node, in order; null or missing where it is zero or not asked for. */
export type Gradients = readonly (ValueName | null)[];

/**
 * A vector-Jacobian product: given the gradients of a node's outputs, appends nodes that make the gradients of its inputs.
 * Only inputs with `step.needs(i)` are worth computing.
 */
export type Rule = (step: RuleStep) => Gradients;

/** Why an op stops gradients: its result is piecewise constant, an index, or a shape. */
export type Stop = 'stop';

/** Op type (`Relu`, `com.microsoft.FusedConv`) → rule. */
export type RuleTable = Readonly<Record<string, Rule | Stop>>;

export interface RuleFacts {
  readonly builder: GraphBuilder;
  readonly profile: Profile;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly types: ReadonlyMap<string, DataType>;
  readonly constant: (value: ValueName) => Tensor | undefined;
  /** The node of the model that makes a value. */
  readonly maker: (value: ValueName) => Node | undefined;
  /** The seed, when each of its rows is 1 at one place: the int64 `[N]` value of these places. */
  readonly hot?: { readonly seed: ValueName; readonly places: ValueName } | undefined;
}

/** What a rule sees: one node, the gradients of its outputs, and the builder to append to. */
export class RuleStep {
  readonly node: Node;
  readonly b: GraphBuilder;
  readonly profile: Profile;
  private readonly facts: RuleFacts;
  private readonly outputGradients: readonly (ValueName | undefined)[];
  private readonly wanted: readonly boolean[];

  constructor(
    node: Node,
    facts: RuleFacts,
    outputGradients: readonly (ValueName | undefined)[],
    wanted: readonly boolean[],
  ) {
    this.node = node;
    this.b = facts.builder;
    this.profile = facts.profile;
    this.facts = facts;
    this.outputGradients = outputGradients;
    this.wanted = wanted;
  }

  /** Name of input `index`; the empty string when it is left out. */
  x(index = 0): ValueName {
    return this.node.inputs[index] ?? '';
  }

  /** Name of output `index`. */
  y(index = 0): ValueName {
    return this.node.outputs[index] ?? '';
  }

  /** Gradient of output `index`, when there is one. */
  gradient(index: number): ValueName | undefined {
    return this.outputGradients[index];
  }

  /** Gradient of the first output. @throws GRADIENT_REFUSED when only another output has one */
  get g(): ValueName {
    const g = this.outputGradients[0];
    if (g === undefined) throw this.refuse('a gradient arrives at a further output only');
    return g;
  }

  /** Whether the gradient of input `index` is asked for. */
  needs(index: number): boolean {
    return this.wanted[index] ?? false;
  }

  /** Whether the gradient of each input is asked for, in order. */
  get wants(): readonly boolean[] {
    return this.wanted;
  }

  /** Places of the ones in g, int64 `[N]`, when g is a one-hot seed `[N, K]`. */
  get hot(): ValueName | undefined {
    const { hot } = this.facts;
    return hot !== undefined && hot.seed === this.outputGradients[0] ? hot.places : undefined;
  }

  has(index: number): boolean {
    return this.x(index) !== '';
  }

  get opset(): number {
    return this.b.opset;
  }

  /** @throws SHAPE_UNKNOWN */
  shape(value: ValueName): Shape {
    const shape = this.facts.shapes.get(value) ?? this.facts.constant(value)?.dims;
    if (!shape) throw errors.noShape(value);
    return shape;
  }

  rank(value: ValueName): number {
    return this.shape(value).length;
  }

  /** Sizes of some axes of a value, which must not depend on the batch. @throws GRADIENT_REFUSED */
  sizes(value: ValueName, axes: readonly number[]): number[] {
    const shape = this.shape(value);
    return axes.map((axis) => this.staticSize(shape, positiveAxis(axis, shape.length)));
  }

  /** One dimension, which must not depend on the batch. @throws GRADIENT_REFUSED */
  staticSize(shape: Shape, axis: number): number {
    const dim: Dim | undefined = shape[axis];
    if (typeof dim !== 'number') throw this.refuse(`axis ${axis} of ${printShape(shape)} depends on the batch`);
    return dim;
  }

  /** Element type; float32 where nothing says otherwise. */
  type(value: ValueName): DataType {
    return this.facts.types.get(value) ?? 'float32';
  }

  /** ONNX number of the element type of a value, for Cast. */
  typeCode(value: ValueName): number {
    return DATA_TYPES[this.type(value)].code;
  }

  /** The constant behind a value (initializer, Constant node, through Identity), or undefined. */
  constant(value: ValueName): Tensor | undefined {
    return value === '' ? undefined : this.facts.constant(value);
  }

  /** The node of the model that makes a value; undefined for inputs and constants. */
  maker(value: ValueName): Node | undefined {
    return this.facts.maker(value);
  }

  /** The same step with another gradient of its first output, or seen as another node: for rules made of other rules. */
  with(changes: { readonly gradient: ValueName; readonly node?: Node }): RuleStep {
    const gradients = [changes.gradient, ...this.outputGradients.slice(1)];
    return new RuleStep(changes.node ?? this.node, this.facts, gradients, this.wanted);
  }

  /** The numbers of a constant integer input (axes, pads, shape); undefined when the input is left out. @throws GRADIENT_REFUSED when not constant */
  constantInts(index: number): number[] | undefined {
    if (!this.has(index)) return undefined;
    const tensor = this.constant(this.x(index));
    if (!tensor) throw this.refuse(`its input '${this.x(index)}' is computed at run time`);
    return tensor.numbers();
  }

  /** A scalar of the element type of `like` (default: the first input). */
  scalar(value: number, like: ValueName = this.x()): ValueName {
    return this.b.scalar(value, this.type(like));
  }

  /** Sums a gradient of shape `from` over the axes along which a value of shape `to` was broadcast to it. */
  unbroadcast(gradient: ValueName, from: Shape, to: Shape): ValueName {
    const axes = broadcastAxes(to, from);
    if (axes.length === 0) return gradient;
    const extra = from.length - to.length;
    // Leading axes vanish, stretched axes stay as 1: two kinds of axes in one node only when all are of one kind.
    if (axes.every((axis) => axis < extra)) return this.b.reduceSum(gradient, axes, false);
    const summed = this.b.reduceSum(gradient, axes, true);
    return extra === 0
      ? summed
      : this.b.squeeze(
          summed,
          axes.filter((axis) => axis < extra),
        );
  }

  /** `unbroadcast` from the output's shape to that of input `index`. */
  unbroadcastTo(gradient: ValueName, index: number): ValueName {
    return this.unbroadcast(gradient, this.shape(this.y()), this.shape(this.x(index)));
  }

  /** Reshapes to the shape of `like`: a constant where at most one dimension depends on the batch, else Shape(like). */
  reshapeLike(gradient: ValueName, like: ValueName): ValueName {
    return this.reshape(gradient, this.shape(like), like);
  }

  /** Reshapes to `shape`, in which at most one dimension may depend on the batch (or `like` has that shape at run time). */
  reshape(gradient: ValueName, shape: Shape, like?: ValueName): ValueName {
    const batched = shape.filter((dim) => typeof dim !== 'number').length;
    if (batched <= 1)
      return this.b.reshape(
        gradient,
        shape.map((dim) => (typeof dim === 'number' ? dim : -1)),
      );
    if (like === undefined) throw this.refuse('more than one dimension depends on the batch');
    return this.b.reshape(gradient, this.b.shape(like));
  }

  /** Stretches a gradient to the shape of `like`. */
  expandLike(gradient: ValueName, like: ValueName): ValueName {
    const shape = this.shape(like);
    return this.b.expand(gradient, isStatic(shape) ? shape : this.b.shape(like));
  }

  refuse(why: string): Error {
    return errors.refused(this.node, why);
  }
}

/** A negative axis counted from the end. */
export function positiveAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
