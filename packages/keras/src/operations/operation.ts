import { Tensor, type ValueName } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { permuted } from '../layers/permuted.ts';
import type { Emitter } from '../model/emitter.ts';
import { heldShape, type KerasShape, type LayerValue, toChannelsFirst } from '../model/layer-value.ts';
import type { Attributes } from './attributes.ts';
import type { NodeDef } from './graph-def.ts';
import { bare, isKnown, type Known, type Operand, productOf } from './operand.ts';

/** How one TensorFlow operation becomes nodes: its results in the order of its ports. */
export type OperationImporter = (op: Operation) => Operand | readonly Operand[];

export type OperationTable = Readonly<Record<string, OperationImporter>>;

/** What stands around the operation that is being written. */
export interface Surroundings {
  readonly b: Emitter;
  /** The batch was declared as 1 and is taken as free. */
  readonly freed: boolean;
  /** The graph of a node by name, and who reads it. */
  readonly node: (name: string) => NodeDef | undefined;
  readonly readers: (name: string) => readonly NodeDef[];
  /** Content of a Const node by name, also through Identity. */
  readonly content: (name: string) => Known | undefined;
  readonly notice: (text: string) => void;
  /** Facts that one operation leaves for a later one, by node name. */
  readonly dilations: Map<string, readonly number[]>;
  readonly crops: Map<string, readonly (readonly [number, number])[]>;
}

/** Thrown where a graph whose batch was declared as 1 does what only holds for one item: it is then read with a batch of 1. */
export class PinnedBatch extends Error {}

/** What the importer of one operation works with. */
export class Operation {
  readonly b: Emitter;
  readonly node: NodeDef;
  readonly inputs: readonly Operand[];
  readonly around: Surroundings;

  constructor(node: NodeDef, inputs: readonly Operand[], around: Surroundings) {
    this.b = around.b;
    this.node = node;
    this.inputs = inputs;
    this.around = around;
  }

  get label(): string {
    return this.node.label;
  }

  get attributes(): Attributes {
    return this.node.attributes;
  }

  /** `data_format` of the operation; what the planes of a layer are found by. */
  get options(): { readonly channelsFirst: boolean } {
    return { channelsFirst: this.attributes.text('data_format', 'NHWC').startsWith('NC') };
  }

  input(index: number): Operand {
    const operand = this.inputs[index];
    if (!operand) throw this.misfit(`It has ${this.inputs.length} inputs; number ${index + 1} is missing`);
    return operand;
  }

  get x(): Operand {
    return this.input(0);
  }

  /** Whole numbers that must be known: axes, paddings, permutations. */
  ints(index: number, what: string): number[] {
    const { known } = this.input(index);
    if (!isKnown(known)) throw this.refuse(`${what} depends on the input`);
    if (!known.every((value) => Number.isSafeInteger(value)))
      throw this.misfit(`${what} is [${known.slice(0, 8).join(', ')}], which are no whole numbers`);
    return [...known];
  }

  int(index: number, what: string): number {
    const [value, ...rest] = this.ints(index, what);
    if (value === undefined || rest.length > 0) throw this.misfit(`${what} is not one number`);
    return value;
  }

  /** An axis counted from the front. */
  axis(value: number, rank: number): number {
    const axis = value < 0 ? value + rank : value;
    if (!Number.isInteger(axis) || axis < 0 || axis >= rank)
      throw this.misfit(`Its axis ${value} is not one of ${rank} dimensions`);
    return axis;
  }

  // ---- layouts ---------------------------------------------------------------------------------------------------------

  /** The same in TensorFlow's own layout. */
  plain(x: Operand): Operand {
    return x.layout === 'keras' ? x : { ...bare(x), ...this.b.inKerasLayout(bare(x)) };
  }

  /** The same with TensorFlow's last axis at axis 1. */
  channelsFirst(x: Operand): Operand {
    if (x.layout === 'channels-first' || x.shape.length < 3) return x;
    const perm = toChannelsFirst(x.shape.length);
    if (x.constant?.type === 'float32') {
      const { shape, type } = x;
      return { value: this.b.constant(permuted(x.constant, perm), 'moved'), shape, type, layout: 'channels-first' };
    }
    return this.b.channelsFirst(bare(x));
  }

  /** A result of the same kind as `x`. */
  like(x: Operand, value: ValueName, shape: KerasShape = x.shape): Operand {
    return { value, shape, layout: x.layout, type: x.type };
  }

  /** A result in TensorFlow's own layout. */
  result(value: ValueName, shape: KerasShape, type: Operand['type'] = 'float32', known?: Known): Operand {
    return { value, shape, layout: 'keras', type, ...(known ? { known } : {}) };
  }

  /**
   * Brings operands to one rank, one layout and one element type, so that they broadcast as TensorFlow lets them: leading dimensions
   * of 1 are added, vectors along the channels become `[C, 1, 1]` where the others are held channels first.
   */
  aligned(operands: readonly Operand[]): { values: ValueName[]; shape: KerasShape; layout: Operand['layout'] } {
    const rank = Math.max(...operands.map(({ shape }) => shape.length));
    const first = operands.some(({ shape, layout }) => shape.length === rank && layout === 'channels-first');
    const float = operands.some(({ type }) => type === 'float32');
    const values = operands.map((operand) => {
      let x = float && operand.type !== 'float32' ? this.cast(operand, 'float32') : operand;
      if (x.shape.length === 0) return x.value;
      if (x.shape.length < rank && !(x.constant && !first)) x = this.widened(this.plain(x), rank);
      return first ? this.channelsFirst(x).value : this.plain(x).value;
    });
    const layout = first ? 'channels-first' : 'keras';
    return { values, layout, shape: this.broadcast(operands.map(({ shape }) => shape)) };
  }

  private widened(x: Operand, rank: number): Operand {
    const more = new Array<number>(rank - x.shape.length).fill(1);
    const shape = [...more, ...x.shape];
    if (x.constant) {
      const constant = x.constant.reshape([...more, ...x.constant.dims]);
      return { ...bare(x), constant, shape, value: this.b.constant(constant, 'wide') };
    }
    return this.result(
      this.b.unsqueeze(
        x.value,
        more.map((_, axis) => axis),
      ),
      shape,
      x.type,
    );
  }

  broadcast(shapes: readonly KerasShape[]): KerasShape {
    const rank = Math.max(...shapes.map(({ length }) => length));
    return Array.from({ length: rank }, (_, axis) => {
      let size: number | null = 1;
      for (const shape of shapes) {
        const dim = shape[shape.length - rank + axis];
        if (dim === undefined || dim === 1) continue;
        if (size === 1) size = dim;
        else if (dim !== null && size !== null && dim !== size)
          throw this.misfit(`Its inputs ${shapes.map(printed).join(' and ')} do not broadcast`);
        else size ??= dim;
      }
      return size;
    });
  }

  cast(x: Operand, type: Operand['type']): Operand {
    if (x.type === type) return x;
    const codes: Partial<Record<Operand['type'], number>> = { float32: 1, int64: 7, bool: 9 };
    const result: Operand = { ...bare(x), type, value: this.b.cast(x.value, codes[type]!) };
    if (!x.known) return result;
    const known = x.known.map((value) =>
      value === null ? null : type === 'int64' ? Math.trunc(value) : type === 'bool' ? Number(value !== 0) : value,
    );
    return { ...result, known };
  }

  // ---- parts ---------------------------------------------------------------------------------------------------------

  ints64(values: readonly number[]): ValueName {
    return this.b.ints(values);
  }

  numbers(values: ArrayLike<number>, dims: readonly number[] = [values.length], hint = 'constant'): ValueName {
    return this.b.constant(Tensor.floats(values, dims), hint);
  }

  /** The content of a float weight with its axes moved; a Transpose where it is computed. */
  moved(x: Operand, perm: readonly number[], hint: string): ValueName {
    return x.constant?.type === 'float32'
      ? this.b.constant(permuted(x.constant, perm), hint)
      : this.b.transpose(this.plain(x).value, perm);
  }

  /** Reshape in TensorFlow's own layout, as the emitter does it. At most one dimension of it may be open, or besides the batch one. */
  reshape(x: Operand, shape: KerasShape): Operand {
    const plain = this.plain(x);
    return this.result(this.b.reshaped(plain.value, heldShape(plain), shape), shape, x.type, x.known);
  }

  /** A dimension that must be known. */
  known(dim: number | null | undefined, what: string): number {
    if (dim === null || dim === undefined) throw this.open(`the operation needs ${what}`);
    return dim;
  }

  wantRank(x: LayerValue, rank: number): void {
    if (x.shape.length !== rank)
      throw this.misfit(`It takes values of ${rank} dimensions and gets ${printed(x.shape)}`);
  }

  /** For what only holds while the batch is 1. */
  pin(): void {
    if (this.around.freed) throw new PinnedBatch(this.label);
  }

  /** The elements of a value are `count`, if that is known. */
  wantSize(x: Operand, count: number, what: string): void {
    const size = productOf(x.shape);
    if (size !== null && size !== count) throw this.misfit(`${what} has ${size} elements, not ${count}`);
  }

  refuse(detail: string, cure?: string): Error {
    return errors.unsupportedOperation(this.label, detail, cure);
  }

  misfit(detail: string): Error {
    return errors.badOperands(this.label, detail);
  }

  open(detail: string): Error {
    return errors.shapeNeeded(this.label, detail);
  }

  notice(text: string): void {
    this.around.notice(text);
  }
}

export function printed(shape: KerasShape): string {
  return `[${shape.map((dim) => dim ?? 'None').join(', ')}]`;
}
