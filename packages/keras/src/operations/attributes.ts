import type { DataType } from '@seewhy/onnx';
import { isObject, type Json } from '../archive/json.ts';
import { errors } from '../errors.ts';

/** Far above any stride, window or block of a real model. */
const MOST = 2 ** 24;

/**
 * TensorFlow's element types and what holds them in the graph: floats as float32, whole numbers as int64 (they are shapes, axes and
 * indices there). Old files have the number of the enumeration.
 */
const TYPES: Readonly<Record<string, DataType>> = {
  DT_FLOAT: 'float32',
  1: 'float32',
  DT_DOUBLE: 'float32',
  2: 'float32',
  DT_HALF: 'float32',
  19: 'float32',
  DT_BFLOAT16: 'float32',
  14: 'float32',
  DT_INT32: 'int64',
  3: 'int64',
  DT_INT64: 'int64',
  9: 'int64',
  DT_UINT8: 'int64',
  4: 'int64',
  DT_INT8: 'int64',
  6: 'int64',
  DT_INT16: 'int64',
  5: 'int64',
  DT_UINT16: 'int64',
  17: 'int64',
  DT_BOOL: 'bool',
  10: 'bool',
};

/** Reads the attributes of a GraphDef node, with one clear error for what is not as TensorFlow writes it. */
export class Attributes {
  private readonly json: Json;
  private readonly label: string;

  constructor(json: Json, label: string) {
    this.json = json;
    this.label = label;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.json, name);
  }

  private raw(name: string, wanted: string): Json | undefined {
    if (!this.has(name)) return undefined;
    const value = this.json[name];
    if (!isObject(value)) throw errors.badAttribute(this.label, name, value, wanted);
    return value;
  }

  /** `{ i: "3" }`; protobuf's JSON writes 64-bit numbers as text. */
  int(name: string, fallback: number): number {
    const value = this.raw(name, 'a whole number');
    if (!value) return fallback;
    // Protobuf leaves out what is 0.
    return this.whole(name, value.i ?? 0, 'a whole number', -MOST);
  }

  /** A list of whole numbers, each at least `least`. */
  ints(name: string, least: number): number[] {
    const wanted = `a list of whole numbers of at least ${least}`;
    const list = this.list(name, wanted)?.i ?? [];
    if (!Array.isArray(list)) throw errors.badAttribute(this.label, name, list, wanted);
    return list.map((item) => this.whole(name, item, wanted, least));
  }

  float(name: string, fallback: number): number {
    const value = this.raw(name, 'a number');
    if (!value) return fallback;
    const number = value.f ?? 0;
    if (typeof number !== 'number' || Number.isNaN(number))
      throw errors.badAttribute(this.label, name, number, 'a number');
    return number;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.raw(name, 'true or false');
    if (!value) return fallback;
    const flag = value.b ?? false;
    if (typeof flag !== 'boolean') throw errors.badAttribute(this.label, name, flag, 'true or false');
    return flag;
  }

  text(name: string, fallback: string): string {
    const value = this.raw(name, 'a text');
    return value ? this.decoded(name, value.s ?? '') : fallback;
  }

  texts(name: string): string[] {
    const list = this.list(name, 'a list of texts')?.s ?? [];
    if (!Array.isArray(list)) throw errors.badAttribute(this.label, name, list, 'a list of texts');
    return list.map((item) => this.decoded(name, item));
  }

  /** One of some words. */
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.text(name, fallback);
    if (!choices.includes(value as T))
      throw errors.badAttribute(this.label, name, value, `one of ${choices.join(', ')}`);
    return value as T;
  }

  /** An element type as the graph holds it; undefined where it has none for it (texts, complex numbers). */
  type(name: string, fallback: DataType): DataType | undefined {
    const value = this.raw(name, 'an element type');
    if (!value) return fallback;
    const type = String(value.type ?? '');
    return Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  }

  /** Dimensions, null where one is open; undefined where there are none or their number is open. */
  shape(name: string): (number | null)[] | undefined {
    const value = this.raw(name, 'a shape');
    return value
      ? readShape(value.shape, (detail) => errors.badAttribute(this.label, name, detail, 'a shape'))
      : undefined;
  }

  /** The inline tensor of a Const node, as JSON. */
  tensor(name: string): Json | undefined {
    const value = this.raw(name, 'a tensor')?.tensor;
    return isObject(value) ? value : undefined;
  }

  private list(name: string, wanted: string): Json | undefined {
    const value = this.raw(name, wanted);
    if (!value) return undefined;
    const list = value.list ?? {};
    if (!isObject(list)) throw errors.badAttribute(this.label, name, list, wanted);
    return list;
  }

  private whole(name: string, value: unknown, wanted: string, least: number): number {
    const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < least || number > MOST)
      throw errors.badAttribute(this.label, name, value, wanted);
    return number;
  }

  /** Texts are bytes in protobuf: base64 in its JSON; TensorFlow.js has also written lists of codes. */
  private decoded(name: string, value: unknown): string {
    if (typeof value === 'string' && value.length < 2 ** 20) {
      if (/^[A-Za-z0-9+/_-]*={0,2}$/.test(value))
        return atob(value.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, ''));
    } else if (Array.isArray(value) && value.every((code) => Number.isInteger(code) && code >= 0 && code < 256))
      return String.fromCharCode(...(value as number[]).slice(0, 4096));
    throw errors.badAttribute(this.label, name, value, 'a text in base64');
  }
}

/** `{ dim: [{ size: "-1" }, …] }`. */
export function readShape(value: unknown, fail: (detail: unknown) => Error): (number | null)[] | undefined {
  if (!isObject(value) || value.unknownRank === true || value.unknown_rank === true) return undefined;
  const list = value.dim ?? [];
  if (!Array.isArray(list) || list.length > 8) throw fail(list);
  return list.map((dim) => {
    const size = isObject(dim) ? (dim.size ?? 0) : undefined;
    const number = typeof size === 'string' && /^-?\d{1,16}$/.test(size) ? Number(size) : size;
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number > 2 ** 31) throw fail(dim);
    return number < 0 ? null : number;
  });
}
