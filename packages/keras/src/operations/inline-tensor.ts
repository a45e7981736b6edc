import type { DataType } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import type { RawWeight } from '../weights/source.ts';
import { readShape } from './attributes.ts';
import type { NodeDef } from './graph-def.ts';
import { productOf } from './operand.ts';

/** Where TensorProto keeps the elements of each type, and how. */
const FIELDS: Readonly<Record<string, { field: string; type: DataType; bytes: number }>> = {
  DT_FLOAT: { field: 'floatVal', type: 'float32', bytes: 4 },
  DT_DOUBLE: { field: 'doubleVal', type: 'float64', bytes: 8 },
  DT_INT32: { field: 'intVal', type: 'int32', bytes: 4 },
  DT_INT64: { field: 'int64Val', type: 'int64', bytes: 8 },
  DT_BOOL: { field: 'boolVal', type: 'bool', bytes: 1 },
};

/** Elements written into a node: the content of a shape, never of weights. */
const MOST = 2 ** 24;

/**
 * The content that a Const node carries itself, as protobuf's JSON writes a TensorProto: bytes in base64, or a list of which the last
 * element fills the rest. TensorFlow.js moves it into the weights and leaves an empty one.
 */
export function inlineTensor(node: NodeDef): RawWeight | undefined {
  const json = node.attributes.tensor('value');
  const form = json && Object.hasOwn(FIELDS, String(json.dtype)) ? FIELDS[String(json.dtype)] : undefined;
  if (!json || !form) return undefined;
  const dims = inlineTensor.shape(node)!;
  const size = productOf(dims)!;
  if (!(size <= MOST)) throw errors.badGraph(node.label, `it carries ${size} elements itself`);
  const fail = (value: unknown) => errors.badAttribute(node.label, 'value', value, 'a tensor');
  if (typeof json.tensorContent === 'string' && json.tensorContent !== '') {
    let text: string;
    try {
      text = atob(json.tensorContent);
    } catch {
      throw fail('its content is not in base64');
    }
    if (text.length !== size * form.bytes) throw fail(`${text.length} bytes for ${size} elements`);
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    return { type: form.type, dims, read: () => bytes };
  }
  const list = json[form.field];
  if (!Array.isArray(list) || list.length === 0) return undefined;
  if (list.length > size) throw fail(`${list.length} values for ${size} elements`);
  const numbers = list.map((value: unknown) => Number(value));
  if (numbers.some(Number.isNaN)) throw fail('a value that is no number');
  const all = Float64Array.from({ length: size }, (_, at) => numbers[Math.min(at, numbers.length - 1)]!);
  return { type: 'float64', dims, read: () => new Uint8Array(all.buffer) };
}

/** Dimensions by the node itself; undefined without a tensor. */
inlineTensor.shape = (node: NodeDef): number[] | undefined => {
  const json = node.attributes.tensor('value');
  if (!json) return undefined;
  const fail = (value: unknown) => errors.badAttribute(node.label, 'value', value, 'a tensor with a shape');
  const shape = readShape(json.tensorShape ?? {}, fail) ?? [];
  if (shape.some((dim) => dim === null)) throw fail(shape);
  return shape as number[];
};
