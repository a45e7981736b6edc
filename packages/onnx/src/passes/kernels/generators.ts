import type { DataType } from '../../data-type.ts';
import type { Node } from '../../node.ts';
import { Tensor } from '../../tensor.ts';
import { axisOf, Constant, type Element, emptyArray, isReadable } from './constant.ts';
import type { Kernel } from './kernel.ts';
import { axesOf } from './movement.ts';

/** Kernels that make a value of attributes, of shapes, or of few inputs. */
export const GENERATOR_KERNELS: Readonly<Record<string, Kernel>> = {
  Constant: (node) => {
    const tensor = constantTensor(node);
    return tensor && [Constant.of(tensor)];
  },

  Shape: (node, [x], context) => {
    const dims = x?.dims ?? context.shape(node.inputs[0]!);
    if (!dims) return undefined;
    const clamp = (bound: number) => Math.min(Math.max(bound < 0 ? bound + dims.length : bound, 0), dims.length);
    const start = clamp(node.attribute.int('start', 0));
    const end = clamp(node.attribute.int('end', dims.length));
    return [Constant.ints(dims.slice(start, Math.max(start, end)))];
  },

  Size: (node, [x], context) => {
    const dims = x?.dims ?? context.shape(node.inputs[0]!);
    if (!dims || dims.includes(null)) return undefined;
    const size = (dims as number[]).reduce((product, dim) => product * dim, 1);
    return Number.isSafeInteger(size) ? [Constant.ints([size], [])] : undefined;
  },

  ConstantOfShape: (node, [shape], context) => {
    const dims = shape?.numbers();
    if (!dims || dims.some((dim) => dim === null || dim < 0)) return undefined;
    const value = node.attribute.tensor('value') ?? Tensor.floats([0]);
    if (value.size !== 1 || !isReadable(value.type)) return undefined;
    const size = (dims as number[]).reduce((product, dim) => product * dim, 1);
    if (!context.allows(size * value.bytes.length)) return undefined;
    const data = emptyArray(value.type, size);
    data.fill(value.data()[0] as never);
    return [Constant.typed(value.type, dims as number[], data)];
  },

  Range: (_, [from, to, step], context) => {
    const type = from?.type;
    if (type !== 'int64' && type !== 'int32') return undefined;
    const [start, limit, delta] = [from, to, step].map((input) => input?.numbers()?.[0] ?? undefined);
    if (start === undefined || limit === undefined || !delta) return undefined;
    const size = Math.max(0, Math.ceil((limit - start) / delta));
    if (!context.allows(size * (type === 'int64' ? 8 : 4))) return undefined;
    const data = emptyArray(type, size);
    for (let at = 0; at < size; at++) {
      const value = start + at * delta;
      data[at] = (type === 'int64' ? BigInt(value) : value) as never;
    }
    return [Constant.typed(type, [size], data)];
  },

  ReduceProd: reduction((a, b) => a * b, 1n),
  ReduceSum: reduction((a, b) => a + b, 0n),
  // biome-ignore lint/complexity/useMathMinMax: Math.max takes no bigint
  ReduceMax: reduction((a, b) => (a > b ? a : b)),
  // biome-ignore lint/complexity/useMathMinMax: Math.min takes no bigint
  ReduceMin: reduction((a, b) => (a < b ? a : b)),
};

/** The value of a Constant node; undefined for the sparse form. */
export function constantTensor(node: Node): Tensor | undefined {
  const read = node.attribute;
  const ints = read.ints('value_ints');
  const int = node.attributes.get('value_int');
  const float = read.float('value_float');
  const floats = read.floats('value_floats');
  const text = node.attributes.get('value_string');
  const texts = node.attributes.get('value_strings');
  if (int) return Tensor.int64([int.i], []);
  if (ints) return Tensor.int64(node.attributes.get('value_ints')!.ints);
  if (float !== undefined) return Tensor.floats([float], []);
  if (floats) return Tensor.floats(floats);
  if (text) return new Tensor('string', [], new Uint8Array(0), { strings: [text.s] });
  if (texts) return new Tensor('string', [texts.strings.length], new Uint8Array(0), { strings: texts.strings });
  return read.tensor('value');
}

/** Reductions of integers (shapes): all of a list, or along axes. Sums of floats depend on their order: left to the runtime. */
function reduction(combine: (a: bigint, b: bigint) => bigint, neutral?: bigint): Kernel {
  return (node, [x, list]) => {
    if (!x || (x.type !== 'int64' && x.type !== 'int32') || x.size > 4096) return undefined;
    const given = axesOf(node, list);
    if (given === 'unknown') return undefined;
    const none = !given || given.length === 0;
    if (none && node.attribute.int('noop_with_empty_axes', 0) === 1) return [x];
    const rank = x.dims.length;
    const axes = none ? x.dims.map((_, axis) => axis) : given.map((axis) => axisOf(axis, rank));
    if (axes.includes(undefined)) return undefined;
    const keep = node.attribute.int('keepdims', 1) === 1;
    const kept = x.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    const results = new Map<number, bigint | null>();
    const index = x.dims.map(() => 0);
    for (let at = 0; at < x.size; at++) {
      const place = kept.reduce((sum, dim, axis) => sum * dim + (axes.includes(axis) ? 0 : index[axis]!), 0);
      const element = x.data[at]!;
      const before = results.has(place) ? results.get(place)! : undefined;
      const value = element === null ? null : BigInt(element);
      if (before === null || value === null) results.set(place, null);
      else results.set(place, before === undefined ? value : combine(before, value));
      for (let axis = rank - 1; axis >= 0; axis--) {
        if (++index[axis]! < x.dims[axis]!) break;
        index[axis] = 0;
      }
    }
    const size = kept.reduce((product, dim) => product * dim, 1);
    const elements = Array.from({ length: size }, (_, place): Element | undefined =>
      results.has(place)
        ? wrapped(results.get(place)!, x.type)
        : neutral === undefined
          ? undefined
          : wrapped(neutral, x.type),
    );
    if (elements.includes(undefined)) return undefined;
    const dims = keep ? kept : x.dims.filter((_, axis) => !axes.includes(axis));
    return [Constant.list(x.type, dims, elements as Element[])];
  };
}

function wrapped(value: bigint | null, type: DataType): Element {
  if (value === null) return null;
  return type === 'int32' ? Number(BigInt.asIntN(32, value)) : BigInt.asIntN(64, value);
}
