import { Tensor, type ValueName } from '@seewhy/onnx';
import { isObject, type Json } from './archive/json.ts';
import { errors } from './errors.ts';
import { type LayerConfig, readInnerLayer } from './model/config.ts';
import { type Emitter, MOST_NODES } from './model/emitter.ts';
import { heldShape, type KerasShape, type LayerValue } from './model/layer-value.ts';
import type { WeightSpec } from './weights/source.ts';

/** How one layer class becomes nodes. */
export interface LayerImporter {
  /** The weights it wants, in the order in which Keras makes them (its own before those of inner layers). */
  weights?(options: LayerOptions, inputs: readonly KerasShape[]): readonly WeightSpec[];
  /** Appends the layer's nodes and returns its result or results. */
  build(layer: LayerContext): LayerValue | readonly LayerValue[];
  /** `own`: the results have the masks that are theirs. Default: the class decides, as in Keras. */
  readonly masks?: 'own';
}

/** Importers by class name of the layer. */
export type LayerTable = Readonly<Record<string, LayerImporter>>;

/** Reads options out of a layer's config, with one clear error for what is not as Keras writes it. */
export class LayerOptions {
  readonly config: Json;
  readonly label: string;
  /** Keras 2 and 3 mean different things by a few names. */
  readonly dialect: 2 | 3;

  constructor(config: Json, label: string, dialect: 2 | 3) {
    this.config = config;
    this.label = label;
    this.dialect = dialect;
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.config, name) ? this.config[name] : undefined;
  }

  number(name: string, fallback?: number): number {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'number' || Number.isNaN(value)) throw errors.badOption(this.label, name, value, 'a number');
    return value;
  }

  /** A whole number, zero or more. */
  int(name: string, fallback?: number): number {
    const value = this.raw(name) ?? fallback;
    if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > 2 ** 31)
      throw errors.badOption(this.label, name, value, 'a whole number');
    return value as number;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'boolean') throw errors.badOption(this.label, name, value, 'true or false');
    return value;
  }

  /** One of some words. */
  choice<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    const value = this.raw(name) ?? fallback;
    if (!choices.includes(value as T)) throw errors.badOption(this.label, name, value, `one of ${choices.join(', ')}`);
    return value as T;
  }

  /** `rank` whole numbers, each at least `least`; one number stands for all of them. */
  ints(name: string, rank: number, least: number, fallback?: number): number[] {
    const value = this.raw(name) ?? fallback;
    const list = Array.isArray(value) ? value : Array.from({ length: rank }, () => value);
    if (list.length !== rank || !list.every((item) => Number.isSafeInteger(item) && item >= least && item < 2 ** 24))
      throw errors.badOption(this.label, name, value, `${rank} whole numbers of at least ${least}`);
    return list as number[];
  }

  /** One axis or several, counted from the front. */
  axes(name: string, rank: number, fallback: number): number[] {
    const value = this.raw(name) ?? fallback;
    const list = Array.isArray(value) ? value : [value];
    if (!list.every((axis) => Number.isSafeInteger(axis) && axis >= -rank && axis < rank))
      throw errors.badOption(this.label, name, value, `an axis of ${rank} dimensions`);
    return list.map((axis: number) => (axis < 0 ? axis + rank : axis));
  }

  get channelsFirst(): boolean {
    return this.choice('data_format', ['channels_last', 'channels_first'], 'channels_last') === 'channels_first';
  }
}

/** What the importer of one layer class works with. */
export interface ContextFields {
  readonly b: Emitter;
  readonly options: LayerOptions;
  readonly layer: LayerConfig;
  /** Path of names: `outer/inner`. */
  readonly path: string;
  /** Arguments of the call, with values in place of references. */
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Constants of this layer that were made before: a layer that is called twice keeps one copy. */
  readonly constants: Map<string, ValueName>;
  /** Calls an inner layer, whose weights lie under `owner`. */
  readonly call: (layer: LayerConfig, owner: string, inputs: readonly LayerValue[]) => readonly LayerValue[];
  readonly activate: (layer: LayerContext, x: LayerValue, spec: unknown) => LayerValue;
  readonly notice: (text: string) => void;
  /** The batch that the model was made for, where it is fixed in Keras; the graph's own is free. */
  readonly batch: number | undefined;
}

/** What a layer is built with: its configuration, its weights, its inputs, and the graph it writes to. */
export class LayerContext {
  readonly b: Emitter;
  readonly options: LayerOptions;
  readonly layer: LayerConfig;
  readonly path: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  private readonly fields: ContextFields;

  constructor(fields: ContextFields) {
    this.fields = fields;
    this.b = fields.b;
    this.options = fields.options;
    this.layer = fields.layer;
    this.path = fields.path;
    this.args = fields.args;
    this.kwargs = fields.kwargs;
  }

  get label(): string {
    return this.options.label;
  }

  /** The batch that the model was made for; undefined where that is open. */
  get batch(): number | undefined {
    return this.fields.batch;
  }

  /** All values among the arguments, in order; masks are none. */
  get inputs(): readonly LayerValue[] {
    return inputsOf(this.args, this.kwargs);
  }

  /** The first input. */
  get x(): LayerValue {
    const [first] = this.inputs;
    if (!first) throw this.misfit('it is called without an input');
    return first;
  }

  /** An argument by position or name. */
  argument(position: number, name: string): unknown {
    return position < this.args.length ? this.args[position] : this.kwargs[name];
  }

  hasWeight(name: string): boolean {
    return this.fields.weights.has(name);
  }

  /** A weight as float32; one of an inner layer as `owner/name`. */
  weight(name: string): Tensor {
    const tensor = this.fields.weights.get(name);
    if (!tensor) throw errors.weightMissing(this.label, name, '');
    return tensor;
  }

  /** A constant of the graph, made once a layer. */
  constant(name: string, make: () => Tensor): ValueName {
    const before = this.fields.constants.get(name);
    if (before !== undefined) return before;
    const value = this.b.constant(make(), name);
    this.fields.constants.set(name, value);
    return value;
  }

  /** A stored weight as a constant, as it is. */
  weightValue(name: string): ValueName {
    return this.constant(name, () => this.weight(name));
  }

  /** Numbers as a float32 constant. */
  numbers(values: ArrayLike<number>, dims: readonly number[], hint = 'constant'): ValueName {
    return this.b.constant(Tensor.floats(values, dims), hint);
  }

  /** Numbers along Keras's last axis (or `axis`), shaped to broadcast against the held value. */
  along(x: LayerValue, name: string, tensor: () => Tensor, axis = x.shape.length - 1): ValueName {
    const rank = x.shape.length;
    const held = x.layout === 'keras' || axis === 0 ? axis : axis === rank - 1 ? 1 : axis + 1;
    // Leading dimensions of 1 are implied.
    const dims = (size: number) => [size, ...new Array<number>(rank - 1 - held).fill(1)];
    return this.constant(`${name}.${held}of${rank}`, () => {
      const values = tensor();
      return values.reshape(dims(values.size));
    });
  }

  activate(x: LayerValue, spec: unknown): LayerValue {
    return this.fields.activate(this, x, spec);
  }

  /** The layer's own `activation` option. */
  finish(x: LayerValue): LayerValue {
    return this.activate(x, this.options.raw('activation'));
  }

  call(layer: LayerConfig, owner: string, inputs: readonly LayerValue[]): readonly LayerValue[] {
    return this.fields.call(layer, owner, inputs);
  }

  /** The description of a wrapped layer. */
  inner(name = 'layer'): LayerConfig {
    return innerLayer(this.options, name);
  }

  notice(text: string): void {
    this.fields.notice(text);
  }

  /** An error: the layer cannot be written. */
  refuse(detail: string, cure?: string): Error {
    return errors.unsupported(this.label, detail, cure);
  }

  /** An error: shapes do not fit. */
  misfit(detail: string): Error {
    return errors.badShape(this.label, detail);
  }

  /** An error: a size must be known. */
  open(detail: string): Error {
    return errors.shapeNeeded(this.label, detail);
  }

  /** A dimension that must be known. */
  known(dim: number | null | undefined, what: string): number {
    if (dim === null || dim === undefined) throw this.open(`the layer needs ${what}`);
    return dim;
  }

  /** How many parts or numbers a layer makes, one by one. @throws MODEL_TOO_LARGE */
  parts(count: number): number {
    if (count > MOST_NODES) throw errors.tooLarge('parts of a layer', MOST_NODES);
    return count;
  }

  /** The number of dimensions a layer wants. */
  wantRank(x: LayerValue, rank: number): void {
    if (x.shape.length !== rank)
      throw this.misfit(
        `It takes values of ${rank} dimensions and gets [${x.shape.map((dim) => dim ?? 'None').join(', ')}]`,
      );
  }

  /** Reshape in Keras's layout: at most one open dimension besides the batch. */
  reshape(x: LayerValue, shape: KerasShape): LayerValue {
    const plain = this.b.inKerasLayout(x);
    const open = (dims: KerasShape) => dims.slice(1).filter((dim) => dim === null).length;
    if (open(shape) > 1) throw this.open('a reshape of it needs it');
    return { ...plain, shape, value: this.b.reshaped(plain.value, heldShape(plain), shape) };
  }
}

/** Every value in an argument, depth first. */
export function valuesIn(argument: unknown): LayerValue[] {
  if (isLayerValue(argument)) return [argument];
  if (Array.isArray(argument)) return argument.flatMap(valuesIn);
  return isObject(argument) ? Object.values(argument).flatMap(valuesIn) : [];
}

/** What a layer computes with: masks are no inputs. */
export function inputsOf(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): LayerValue[] {
  const named = Object.entries(kwargs).filter(([name]) => !MASK_ARGUMENTS.has(name));
  return [...valuesIn(args), ...named.flatMap(([, value]) => valuesIn(value))];
}

/** Arguments of a call that are masks. */
const MASK_ARGUMENTS = new Set(['mask', 'attention_mask', 'query_mask', 'value_mask', 'key_mask']);

export function isLayerValue(argument: unknown): argument is LayerValue {
  return isObject(argument) && 'layout' in argument && 'shape' in argument && typeof argument.value === 'string';
}

/** The description of a layer inside another one's options. */
export function innerLayer(options: LayerOptions, name: string): LayerConfig {
  const json = options.raw(name);
  if (!isObject(json) || !isObject(json.config))
    throw errors.badOption(options.label, name, json === undefined ? json : typeof json, 'a layer');
  return readInnerLayer(json, options.label);
}
