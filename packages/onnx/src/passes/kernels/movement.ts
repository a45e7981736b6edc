import type { Node } from '../../node.ts';
import { axisOf, Constant, type Element, emptyArray, isReadable, MAX_PARTIAL, strided, stridesOf } from './constant.ts';
import type { Kernel, KernelContext } from './kernel.ts';

/** Kernels that only move elements: their results hold input elements under another order or other dimensions. */
export const MOVEMENT_KERNELS: Readonly<Record<string, Kernel>> = {
  Identity: (_, [x]) => x && [x],

  Reshape: (node, [x, shape]) => {
    const target = shape?.numbers();
    if (!x || !target || target.includes(null)) return undefined;
    const dims = resolveShape(x.dims, target as number[], node.attribute.int('allowzero', 0) === 1);
    return dims && [x.withDims(dims)];
  },

  Flatten: (node, [x]) => {
    if (!x) return undefined;
    const axis = node.attribute.int('axis', 1);
    const at = axis < 0 ? axis + x.dims.length : axis;
    if (at < 0 || at > x.dims.length) return undefined;
    return [x.withDims([product(x.dims.slice(0, at)), product(x.dims.slice(at))])];
  },

  Squeeze: (node, [x, list]) => {
    if (!x) return undefined;
    const axes = axesOf(node, list);
    if (axes === 'unknown') return undefined;
    const gone = axes?.map((axis) => axisOf(axis, x.dims.length)) ?? onesOf(x.dims);
    if (gone.some((axis) => axis === undefined || x.dims[axis] !== 1)) return undefined;
    return [x.withDims(x.dims.filter((_, axis) => !gone.includes(axis)))];
  },

  Unsqueeze: (node, [x, list]) => {
    const axes = axesOf(node, list);
    if (!x || !axes || axes === 'unknown') return undefined;
    const rank = x.dims.length + axes.length;
    const places = new Set(axes.map((axis) => axisOf(axis, rank)));
    if (places.has(undefined) || places.size !== axes.length) return undefined;
    const rest = [...x.dims];
    return [x.withDims(Array.from({ length: rank }, (_, axis) => (places.has(axis) ? 1 : rest.shift()!)))];
  },

  Transpose: (node, [x], context) => {
    if (!x || !isReadable(x.type)) return undefined;
    const perm = node.attribute.ints('perm') ?? x.dims.map((_, axis) => x.dims.length - 1 - axis);
    if (!isPermutation(perm, x.dims.length)) return undefined;
    if (!context.allows(x.bytes)) return undefined;
    const strides = stridesOf(x.dims);
    return [
      strided(
        x,
        perm.map((axis) => x.dims[axis]!),
        perm.map((axis) => strides[axis]!),
      ),
    ];
  },

  Expand: (_, [x, shape], context) => {
    const target = shape?.numbers();
    if (!x || !target || target.includes(null)) return undefined;
    const dims = broadcastDims(x.dims, target as number[]);
    return dims && expandTo(x, dims, context);
  },

  Tile: (_, [x, repeats], context) => {
    const times = repeats?.numbers();
    if (!x || !times || times.includes(null) || times.length !== x.dims.length || !isReadable(x.type)) return undefined;
    if (times.some((count) => count! < 0)) return undefined;
    const dims = x.dims.map((dim, axis) => dim * times[axis]!);
    if (!fits(x, dims, context)) return undefined;
    // [r0, d0, r1, d1 …] with stride 0 along each r, then merged.
    const strides = stridesOf(x.dims);
    const split = x.dims.flatMap((dim, axis) => [times[axis]!, dim]);
    return [
      strided(
        x,
        split,
        x.dims.flatMap((_, axis) => [0, strides[axis]!]),
      ).withDims(dims),
    ];
  },

  Slice: (node, [x, ...lists], context) => {
    if (!x || !isReadable(x.type)) return undefined;
    const part = slicePart(node, x.dims, lists);
    if (!part || !fits(x, part.dims, context)) return undefined;
    const strides = stridesOf(x.dims);
    const offset = part.starts.reduce((sum, start, axis) => sum + start * strides[axis]!, 0);
    return [
      strided(
        x,
        part.dims,
        strides.map((stride, axis) => stride * part.steps[axis]!),
        offset,
      ),
    ];
  },

  Gather: (node, [x, indices], context) => {
    const list = indices?.numbers();
    if (!x || !indices || !list || list.includes(null) || !isReadable(x.type)) return undefined;
    const axis = axisOf(node.attribute.int('axis', 0), x.dims.length);
    if (axis === undefined) return undefined;
    const length = x.dims[axis]!;
    const places = list.map((index) => (index! < 0 ? index! + length : index!));
    if (places.some((place) => place < 0 || place >= length)) return undefined;
    const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
    if (!fits(x, dims, context)) return undefined;
    const inner = product(x.dims.slice(axis + 1));
    const out = room(x, product(dims));
    const data = x.data;
    let at = 0;
    for (let outer = 0; outer < product(x.dims.slice(0, axis)); outer++) {
      for (const place of places) {
        const from = (outer * length + place) * inner;
        for (let i = 0; i < inner; i++) out.set(at++, data[from + i]!);
      }
    }
    return [out.done(dims)];
  },

  Concat: (node, parts, context) => {
    const known = parts.filter((part) => part !== undefined);
    const first = known[0];
    if (!first || known.length !== parts.length || !isReadable(first.type)) return undefined;
    const axis = axisOf(node.attribute.int('axis', 0), first.dims.length);
    if (axis === undefined) return undefined;
    const same = (part: Constant) =>
      part.type === first.type &&
      part.dims.length === first.dims.length &&
      part.dims.every((dim, at) => at === axis || dim === first.dims[at]);
    if (!known.every(same)) return undefined;
    const dims = first.dims.map((dim, at) =>
      at === axis ? known.reduce((sum, part) => sum + part.dims[at]!, 0) : dim,
    );
    const partial = known.some((part) => !part.tensor);
    const bytes = known.reduce((sum, part) => sum + part.bytes, 0);
    if (partial ? product(dims) > MAX_PARTIAL : !context.allows(bytes)) return undefined;
    const out = room(partial ? known.find((part) => !part.tensor)! : first, product(dims));
    const inner = product(dims.slice(axis + 1));
    let at = 0;
    for (let outer = 0; outer < product(dims.slice(0, axis)); outer++) {
      for (const part of known) {
        const run = part.dims[axis]! * inner;
        const data = part.data;
        for (let i = 0; i < run; i++) out.set(at++, data[outer * run + i]!);
      }
    }
    return [out.done(dims)];
  },

  Split: (node, [x, list], context) => {
    if (!x || !isReadable(x.type)) return undefined;
    const axis = axisOf(node.attribute.int('axis', 0), x.dims.length);
    if (axis === undefined) return undefined;
    const sizes = splitSizes(node, list, x.dims[axis]!);
    if (!sizes || !context.allows(x.bytes)) return undefined;
    const strides = stridesOf(x.dims);
    let start = 0;
    return sizes.map((size) => {
      const dims = x.dims.map((dim, at) => (at === axis ? size : dim));
      const part = strided(x, dims, strides, start * strides[axis]!);
      start += size;
      return part;
    });
  },
};

/** Dimensions a Reshape leads to; undefined when the target does not fit. */
export function resolveShape(
  dims: readonly number[],
  target: readonly number[],
  allowZero: boolean,
): number[] | undefined {
  const size = product(dims);
  const copied = target.map((dim, axis) => (dim === 0 && !allowZero ? (dims[axis] ?? Number.NaN) : dim));
  const hole = copied.indexOf(-1);
  if (hole >= 0) {
    const rest = product(copied.filter((_, axis) => axis !== hole));
    copied[hole] = rest === 0 ? Number.NaN : size / rest;
  }
  return copied.every((dim) => Number.isInteger(dim) && dim >= 0) && product(copied) === size ? copied : undefined;
}

/** Dimensions of two shapes broadcast against each other; undefined when they do not fit. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const dims: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    dims.push(left === 1 ? right : left);
  }
  return dims;
}

/** A constant repeated along its dimensions of 1 (and new ones in front) until it has `dims`. */
export function expandTo(x: Constant, dims: readonly number[], context: KernelContext): Constant[] | undefined {
  if (dims.length === x.dims.length && dims.every((dim, axis) => dim === x.dims[axis])) return [x];
  if (!isReadable(x.type) || !fits(x, dims, context)) return undefined;
  const own = stridesOf(x.dims);
  const lead = dims.length - x.dims.length;
  return [
    strided(
      x,
      dims,
      dims.map((_, axis) => (axis < lead || x.dims[axis - lead] === 1 ? 0 : own[axis - lead]!)),
    ),
  ];
}

/** Where a Slice begins, its step and its length along every axis; undefined when a bound is not known. */
export function slicePart(node: Node, dims: readonly number[], lists: readonly (Constant | undefined)[]) {
  if (lists.some((list, index) => !list && node.inputs[index + 1])) return undefined;
  const [starts, ends, axes, steps] = lists.map((list) => boundsOf(list));
  if (!starts || !ends || starts.length !== ends.length) return undefined;
  const part = { starts: dims.map(() => 0), steps: dims.map(() => 1), dims: [...dims] };
  for (let index = 0; index < starts.length; index++) {
    const axis = axisOf(axes?.[index] ?? index, dims.length);
    const step = steps?.[index] ?? 1;
    if (axis === undefined || step === 0 || starts[index] === null || ends[index] === null) return undefined;
    const size = dims[axis]!;
    const clamp = (bound: number, low: number, high: number) =>
      Math.min(Math.max(bound < 0 ? bound + size : bound, low), high);
    const start = step > 0 ? clamp(starts[index]!, 0, size) : clamp(starts[index]!, 0, size - 1);
    const end = step > 0 ? clamp(ends[index]!, 0, size) : clamp(ends[index]!, -1, size - 1);
    part.starts[axis] = start;
    part.steps[axis] = step;
    part.dims[axis] = Math.max(0, Math.ceil((end - start) / step));
  }
  return part;
}

/** Slice bounds as numbers: INT64_MAX and the like lose digits, which clamping makes harmless. */
export function boundsOf(list: Constant | undefined): (number | null)[] | undefined {
  if (!list || list.size > MAX_PARTIAL) return undefined;
  return Array.from(list.data, (value) => (value === null ? null : Number(value)));
}

/** Sizes of the parts of a Split; undefined when they are not known. */
export function splitSizes(node: Node, list: Constant | undefined, length: number): number[] | undefined {
  const given = node.inputs[1] ? list?.numbers() : (node.attribute.ints('split') as (number | null)[] | undefined);
  if (node.inputs[1] && !given) return undefined;
  if (given) {
    const sizes = given as number[];
    const valid = sizes.every((size) => size !== null && size >= 0) && sum(sizes) === length;
    return valid && sizes.length === node.outputs.length ? sizes : undefined;
  }
  const count = node.attribute.int('num_outputs', node.outputs.length);
  const each = Math.ceil(length / count);
  const sizes = Array.from({ length: count }, (_, part) => Math.min(each, length - part * each));
  return sizes.every((size) => size >= 0) && sizes.length === node.outputs.length ? sizes : undefined;
}

/** Axes from the input (opset 13 on) or the attribute; undefined when none are given, 'unknown' when they are but not constant. */
export function axesOf(node: Node, list: Constant | undefined): number[] | undefined | 'unknown' {
  if (node.inputs[1]) {
    const axes = list?.numbers();
    return axes && !axes.includes(null) ? (axes as number[]) : 'unknown';
  }
  return node.attribute.ints('axes');
}

/** Room for a result of a constant's kind: a typed array, or a list when elements are unknown. */
function room(like: Constant, size: number) {
  const typed = like.tensor ? emptyArray(like.type, size) : undefined;
  const list: Element[] = typed ? [] : new Array(size);
  return {
    set(at: number, element: Element) {
      if (typed) typed[at] = element as never;
      else list[at] = element;
    },
    done: (dims: readonly number[]) =>
      typed ? Constant.typed(like.type, dims, typed) : Constant.list(like.type, dims, list),
  };
}

function fits(x: Constant, dims: readonly number[], context: KernelContext): boolean {
  const size = product(dims);
  if (!x.tensor) return size <= MAX_PARTIAL;
  return context.allows(x.size === 0 ? 0 : (x.bytes / x.size) * size);
}

function isPermutation(perm: readonly number[], rank: number): boolean {
  return perm.length === rank && new Set(perm).size === rank && perm.every((axis) => axis >= 0 && axis < rank);
}

function onesOf(dims: readonly number[]): number[] {
  return dims.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
}

function product(dims: readonly number[]): number {
  return dims.reduce((total, dim) => total * dim, 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
