import { Tensor, type ValueName } from '@seewhy/onnx';
import type { RuleStep } from '../rule.ts';
import type { Dim, Shape } from '../shape.ts';

// Building blocks of the movement and indexing rules: what happens to one axis, or several, of a gradient.

/** A regular selection along one axis of `size`: start, start + step, …, `count` times; a negative step reverses. */
export interface Run {
  readonly axis: number;
  readonly size: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * The adjoint of selecting `runs` from a value of shape `to`: each element of g goes back to its place among zeros. Steps other than 1
 * are laid out in blocks of `step` (Reshape, one Pad, Reshape), so that any number of axes costs three nodes.
 */
export function scatterRuns(s: RuleStep, g: ValueName, runs: readonly Run[], to: Shape): ValueName {
  const { b } = s;
  const reversed = runs.filter((run) => run.step < 0 && run.count > 1);
  let value = g;
  if (reversed.length > 0) {
    const axes = reversed.map((run) => run.axis);
    value = b.slice(
      value,
      axes.map(() => -1),
      reversed.map((run) => -run.count - 1),
      axes,
      axes.map(() => -1),
    );
  }
  const forward = new Map(runs.map((run) => [run.axis, ascending(run)]));
  const spaced = [...forward.values()].some((run) => run.step > 1);
  if (!spaced)
    return b.pad(
      value,
      pads(to, (_, axis) => edges(forward.get(axis))),
    );

  const split: Dim[] = [];
  const merged: Dim[] = [];
  const begins: number[] = [];
  const ends: number[] = [];
  const overhang: Run[] = [];
  to.forEach((dim, axis) => {
    const run = forward.get(axis);
    if (!run || run.step === 1) {
      const [begin, end] = edges(run);
      split.push(run ? run.count : dim);
      merged.push(dim);
      begins.push(begin);
      ends.push(end);
      return;
    }
    // start + i · step = (block + i) · step + offset.
    const blocks = Math.ceil(run.size / run.step);
    const block = Math.floor(run.start / run.step);
    const offset = run.start % run.step;
    split.push(run.count, 1);
    begins.push(block, offset);
    ends.push(blocks - block - run.count, run.step - 1 - offset);
    merged.push(blocks * run.step);
    if (blocks * run.step > run.size) overhang.push(run);
  });
  value = s.reshape(value, split);
  value = s.reshape(b.pad(value, [...begins, ...ends]), merged);
  if (overhang.length === 0) return value;
  return b.slice(
    value,
    overhang.map(() => 0),
    overhang.map((run) => run.size),
    overhang.map((run) => run.axis),
  );
}

function ascending(run: Run): Run {
  if (run.count === 1) return { ...run, step: 1 };
  return run.step > 0 ? run : { ...run, start: run.start + (run.count - 1) * run.step, step: -run.step };
}

/** Zeros before and after a run of step 1. */
function edges(run: Run | undefined): [number, number] {
  return run ? [run.start, run.size - run.start - run.count] : [0, 0];
}

/** ONNX pads: all begins, then all ends. */
export function pads(shape: Shape, of: (dim: Dim, axis: number) => readonly [number, number]): number[] {
  const all = shape.map(of);
  return [...all.map(([begin]) => begin), ...all.map(([, end]) => end)];
}

/**
 * The adjoint of multiplying an axis by a matrix: `matrix(true)` is [size, count], `matrix(false)` its transpose; g has `count` along
 * `axis`, the result, of shape `to`, has `size`.
 */
export function multiplyAxis(
  s: RuleStep,
  g: ValueName,
  axis: number,
  to: Shape,
  count: Dim,
  matrix: (rows: boolean) => ValueName,
): ValueName {
  const { b } = s;
  const behind = to.length - 1 - axis;
  if (behind === 0) return b.matmul(g, matrix(false));
  if (behind === 1) return b.matmul(matrix(true), g);
  // What lies behind the axis is one column each.
  const inner = to.slice(axis + 1);
  if (inner.some((dim) => typeof dim !== 'number')) {
    const order = to.map((_, index) => index).filter((index) => index !== axis);
    const last = b.matmul(b.transpose(g, [...order, axis]), matrix(false));
    return b.transpose(last, inverse([...order, axis]));
  }
  const columns = inner.reduce<number>((product, dim) => product * (dim as number), 1);
  const flat = s.reshape(g, [...to.slice(0, axis), count, columns]);
  return s.reshape(b.matmul(matrix(true), flat), to);
}

/** The order that undoes a transposition. */
export function inverse(perm: readonly number[]): number[] {
  const order: number[] = [];
  perm.forEach((from, to) => {
    order[from] = to;
  });
  return order;
}

/** Selections met at most this often are made by one Gather each rather than by a matrix. */
const MAX_ROUNDS = 4;

/** The adjoint of picking `indices` (not negative) along an axis of `size`: a matrix-free form where few are picked twice. */
export function scatterIndices(
  s: RuleStep,
  g: ValueName,
  axis: number,
  indices: readonly number[],
  to: Shape,
): ValueName {
  const { b } = s;
  const size = s.staticSize(to, axis);
  const [start, count] = [indices[0] ?? 0, indices.length];
  if (indices.every((index, position) => index === start + position))
    return scatterRuns(s, g, [{ axis, size, start, step: 1, count }], to);
  const positions: number[][] = Array.from({ length: size }, () => []);
  indices.forEach((index, position) => {
    positions[index]!.push(position);
  });
  const rounds = Math.max(...positions.map((list) => list.length));
  if (rounds > MAX_ROUNDS && size * indices.length <= 1 << 22) {
    const matrix = new Float32Array(size * indices.length);
    indices.forEach((index, position) => {
      matrix[index * indices.length + position] = 1;
    });
    return multiplyAxis(s, g, axis, to, indices.length, (rows) =>
      constantMatrix(s, matrix, size, indices.length, rows),
    );
  }
  // Where nothing was picked, a zero appended behind the last.
  const spare = indices.length;
  const full = positions.every((list) => list.length === rounds);
  const source = full
    ? g
    : b.pad(
        g,
        pads(to, (_, other) => [0, other === axis ? 1 : 0]),
      );
  const picks = Array.from({ length: rounds }, (_, round) =>
    b.gather(source, b.ints(positions.map((list) => list[round] ?? spare)), axis),
  );
  return b.sum(picks);
}

/** A [rows, columns] constant of the gradient's type, or its transpose. */
export function constantMatrix(
  s: RuleStep,
  values: Float32Array,
  rows: number,
  columns: number,
  asRows: boolean,
): ValueName {
  const type = s.type(s.x());
  if (asRows) return s.b.constant(Tensor.floats(values, [rows, columns], type), 'matrix');
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) turned[column * rows + row] = values[row * columns + column]!;
  return s.b.constant(Tensor.floats(turned, [columns, rows], type), 'matrix');
}
