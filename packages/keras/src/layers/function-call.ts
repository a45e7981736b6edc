import type { Tensor } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { isLayerValue, type LayerContext, LayerOptions } from '../layer.ts';
import { numbersIn } from '../model/constants.ts';
import type { LayerValue } from '../model/layer-value.ts';
import { hasSizes, sizesIn } from './function-sizes.ts';

/** A call of a function in the middle of a Functional model: Keras 3's `keras.ops`, Keras 2's `tf.*`. */
export class FunctionCall {
  readonly layer: LayerContext;
  private readonly named: Readonly<Record<string, unknown>>;

  constructor(layer: LayerContext) {
    this.layer = layer;
    // Keras 3 keeps in the config what was given when the operation was made.
    this.named = { ...layer.options.config, ...layer.kwargs };
  }

  /** An argument by position (-1: by name only) or by one of its names; undefined where it is left out. */
  arg(position: number, ...names: string[]): unknown {
    if (position >= 0 && position < this.layer.args.length) return this.layer.args[position] ?? undefined;
    for (const name of names) if (Object.hasOwn(this.named, name) && this.named[name] !== null) return this.named[name];
    return undefined;
  }

  /** The named arguments as options, for what is shared with layers. */
  get options(): LayerOptions {
    return new LayerOptions(this.named, this.layer.label, this.layer.options.dialect);
  }

  value(position: number, ...names: string[]): LayerValue {
    const found = this.arg(position, ...names);
    if (!isLayerValue(found)) throw this.layer.misfit(`Its argument '${names[0]}' is no value of the model`);
    return found;
  }

  /** A value, or numbers as a constant one. */
  numbersOrValue(position: number, ...names: string[]): LayerValue {
    return this.asValue(this.arg(position, ...names), names[0]!);
  }

  asValue(item: unknown, name: string): LayerValue {
    if (isLayerValue(item)) return item;
    const tensor = numbersIn(item);
    if (!tensor) throw this.layer.misfit(`Its argument '${name}' is neither a value of the model nor numbers`);
    return { value: this.layer.b.constant(tensor, name), shape: tensor.dims, layout: 'keras', type: 'float32' };
  }

  /** Numbers of the file as a tensor. */
  tensor(position: number, ...names: string[]): Tensor {
    const tensor = numbersIn(this.arg(position, ...names));
    if (!tensor) throw this.layer.refuse(`a computed '${names[0]}'`);
    return tensor;
  }

  flag(position: number, ...names: string[]): boolean {
    return this.arg(position, ...names) === true;
  }

  int(position: number, ...names: string[]): number {
    const given = this.arg(position, ...names);
    const found = hasSizes(given) ? sizesIn(given)![0] : given;
    if (!Number.isSafeInteger(found) || Math.abs(found as number) > 2 ** 31)
      throw errors.badOption(this.layer.label, names[0]!, found, 'a whole number');
    return found as number;
  }

  ints(position: number, ...names: string[]): number[] {
    const found = this.arg(position, ...names);
    // An open size is -1, as in the target of a reshape.
    const list = hasSizes(found) ? sizesIn(found)?.map((size) => size ?? -1) : Array.isArray(found) ? found : [found];
    if (!list) throw this.layer.refuse(`a computed '${names[0]}'`);
    if (!list.every((item) => Number.isSafeInteger(item) && Math.abs(item) < 2 ** 31))
      throw errors.badOption(this.layer.label, names[0]!, found, 'whole numbers');
    return list as number[];
  }

  /** Axes from the front; all of them where none is given. */
  axes(rank: number, position: number, ...names: string[]): number[] {
    if (this.arg(position, ...names) === undefined) return Array.from({ length: rank }, (_, axis) => axis);
    return this.ints(position, ...names).map((axis) => {
      if (axis < -rank || axis >= rank)
        throw errors.badOption(this.layer.label, names[0]!, axis, `an axis of ${rank} dimensions`);
      return axis < 0 ? axis + rank : axis;
    });
  }
}

export type FunctionImporter = (call: FunctionCall) => LayerValue | readonly LayerValue[];

/** Functions by Keras 3's name, in snake case. */
export type FunctionTable = Readonly<Record<string, FunctionImporter>>;
