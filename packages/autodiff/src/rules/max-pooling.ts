import { DATA_TYPES, isFloat, Tensor, type ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep } from '../rule.ts';
import { poolWindow } from './pooling.ts';
import { reach, type Window } from './window.ts';

/**
 * y = max of the window: g goes to the first element (row by row) that has the maximum, as in torch.
 *
 * No Indices output: asking for it makes the forward pass 5 to 10 times slower, and some runtimes have none. Instead one axis at a
 * time: the maximum of a window is the maximum down its columns of the maxima of its rows, so k + k comparisons do for k · k. The
 * first axis is undone first: the first row that has the maximum, then the first element in that row.
 */
export const maxPool: Rule = (s) => {
  const w = poolWindow(s);
  const integer = !isFloat(s.type(s.x()));
  const type = integer ? 'float32' : s.type(s.x());
  const float = (value: ValueName) => (integer ? s.b.cast(value, DATA_TYPES.float32.code) : value);
  const span = reach(w);
  // Frame: the input with just the padding that windows read.
  const frame = w.output.map((n, axis) => (n - 1) * w.strides[axis]! + span[axis]! + 1);
  const after = frame.map((n, axis) => n - w.begin[axis]! - w.input[axis]!);
  const lowest = s.b.constant(Tensor.floats([-Infinity], [], type), 'lowest');
  const framed = s.b.pad(float(s.x()), [0, 0, ...w.begin, 0, 0, ...after], lowest);
  // Maxima over the last axes: stages[a] is pooled over axes a, a+1, …
  const stages: ValueName[] = [];
  for (let axis = w.rank - 1; axis > 0; axis--) {
    const later = stages[axis + 1] ?? framed;
    const only = (values: readonly number[]) => values.map((value, index) => (index === axis ? value : 1));
    stages[axis] =
      w.kernel[axis] === 1 && w.strides[axis] === 1
        ? later
        : s.b.op('MaxPool', [later], {
            kernel_shape: only(w.kernel),
            strides: only(w.strides),
            dilations: w.dilations[axis] === 1 ? undefined : only(w.dilations),
          });
  }
  let g = s.g;
  let top = float(s.y());
  for (let axis = 0; axis < w.rank; axis++) {
    const below = stages[axis + 1] ?? framed;
    g = alongAxis(s, below, top, g, w, axis, frame[axis]!);
    top = below;
  }
  return [s.b.pad(g, [0, 0, ...w.begin.map((pad) => -pad), 0, 0, ...after.map((pad) => -pad)])];
};

/** Sends g back along one axis: from the maxima `y` to the first of the k elements of `x` that has it. */
function alongAxis(s: RuleStep, x: ValueName, y: ValueName, g: ValueName, w: Window, axis: number, frame: number) {
  const { b } = s;
  const [kernel, stride, dilation, count] = [w.kernel[axis]!, w.strides[axis]!, w.dilations[axis]!, w.output[axis]!];
  if (kernel === 1 && stride === 1) return g;
  // What each of the k elements receives: g where it has the maximum and none before it had; the last one gets what is left.
  const parts: ValueName[] = [];
  let left = g;
  for (let t = 0; t < kernel - 1; t++) {
    const start = t * dilation;
    const element = b.slice(
      x,
      [start],
      [start + (count - 1) * stride + 1],
      [axis + 2],
      stride === 1 ? undefined : [stride],
    );
    const part = b.where(b.equal(element, y), left, s.scalar(0, g));
    parts.push(part);
    left = b.sub(left, part);
  }
  parts.push(left);
  // Elements t·dilation + i·stride of the frame: those of one remainder by the stride form a phase, phases interleave.
  const length = Math.ceil(frame / stride);
  const phases = Array.from({ length: stride }, (_, phase): ValueName | undefined => {
    const shifted = parts.flatMap((part, t) => {
      if ((t * dilation) % stride !== phase) return [];
      const shift = Math.floor((t * dilation) / stride);
      const pads = Array.from({ length: 2 * (w.rank + 2) }, () => 0);
      pads[axis + 2] = shift;
      pads[axis + 2 + w.rank + 2] = length - shift - count;
      return [b.pad(part, pads)];
    });
    return shifted.length === 0 ? undefined : b.sum(shifted);
  });
  if (stride === 1) return phases[0]!;
  const some = phases.find((phase) => phase !== undefined)!;
  const zero = () => b.mul(some, s.scalar(0, g));
  const columns = phases.map((phase) => b.unsqueeze(phase ?? zero(), [axis + 3]));
  const stacked = b.concat(columns, axis + 3);
  // [.., length, stride, ..] → [.., length·stride, ..], cut to the frame.
  const merged = b.op('Reshape', [stacked, b.ints(mergedShape(s, w, axis, length * stride))]);
  return length * stride === frame ? merged : b.slice(merged, [0], [frame], [axis + 2]);
}

/** `[N, C, frame…, length·stride, output…]` with 0 for the batch. */
function mergedShape(s: RuleStep, w: Window, axis: number, size: number): number[] {
  const channels = s.sizes(s.x(), [1])[0]!;
  const span = reach(w);
  const frames = w.output.map((n, index) => (n - 1) * w.strides[index]! + span[index]! + 1);
  return [0, channels, ...frames.slice(0, axis), size, ...w.output.slice(axis + 1)];
}
