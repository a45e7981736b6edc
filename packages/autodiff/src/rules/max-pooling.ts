import { DATA_TYPES, isFloat, Tensor, type ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep } from '../rule.ts';
import { poolWindow, reach, type Window } from './window.ts';

/**
 * y = max of the window: g goes to the first element (row by row) that has the maximum, as in torch.
 *
 * No Indices output: asking for it makes the forward pass 5 to 10 times slower, and some runtimes have none. Instead one axis at a
 * time: the maximum of a window is the maximum down its columns of the maxima of its rows, so k + k comparisons do for k · k. The
 * first axis is undone first: the first row that has the maximum, then the first element in that row.
 */
export const maxPool: Rule = (s) => {
  const w = poolWindow(s);
  const float = (value: ValueName) => (isFloat(s.type(value)) ? value : s.b.cast(value, DATA_TYPES.float32.code));
  // stages[a]: maxima over the axes a, a + 1, … only; stages[0] is y.
  const stages: ValueName[] = [];
  stages[w.rank] = float(s.x());
  for (let axis = w.rank - 1; axis > 0; axis--) stages[axis] = poolAlong(s, stages[axis + 1]!, w, axis);
  stages[0] = float(s.y());
  let g = s.g;
  for (let axis = 0; axis < w.rank; axis++) g = spreadAlong(s, stages[axis + 1]!, stages[axis]!, g, w, axis);
  return [g];
};

/** Nothing happens along an axis whose windows are single elements. */
const idle = (w: Window, axis: number) => w.kernel[axis] === 1 && w.strides[axis] === 1 && w.begin[axis] === 0;

const lowest = (s: RuleStep) =>
  s.b.constant(Tensor.floats([-Infinity], [], isFloat(s.type(s.x())) ? s.type(s.x()) : 'float32'), 'lowest');

/** `[…]` with `begin` and `end` at one spatial axis, for Pad. */
function padsAt(w: Window, axis: number, begin: number, end: number): number[] {
  const pads = Array.from({ length: 2 * (w.rank + 2) }, () => 0);
  pads[axis + 2] = begin;
  pads[axis + w.rank + 4] = end;
  return pads;
}

/** Maxima along one axis. */
function poolAlong(s: RuleStep, x: ValueName, w: Window, axis: number): ValueName {
  if (idle(w, axis)) return x;
  const only = (value: number, other: number) => w.kernel.map((_, index) => (index === axis ? value : other));
  const [kernel, begin, dilation] = [w.kernel[axis]!, w.begin[axis]!, w.dilations[axis]!];
  const end = Math.max(0, (w.output[axis]! - 1) * w.strides[axis]! + reach(w)[axis]! + 1 - w.input[axis]! - begin);
  // Pools refuse pads of a whole kernel, which dilated windows may have.
  const inside = Math.max(begin, end) < kernel;
  return s.b.op('MaxPool', [inside ? x : s.b.pad(x, padsAt(w, axis, begin, end), lowest(s))], {
    kernel_shape: only(kernel, 1),
    strides: only(w.strides[axis]!, 1),
    dilations: dilation === 1 ? undefined : only(dilation, 1),
    pads: inside && begin + end > 0 ? [...only(begin, 0), ...only(end, 0)] : undefined,
  });
}

/** Sends g back along one axis: from each maximum in `y` to the first element of its window in `x` that has it. */
function spreadAlong(s: RuleStep, x: ValueName, y: ValueName, g: ValueName, w: Window, axis: number): ValueName {
  if (idle(w, axis)) return g;
  const { b } = s;
  const type = isFloat(s.type(s.x())) ? s.type(s.x()) : 'float32';
  const [stride, size, count] = [w.strides[axis]!, w.input[axis]!, w.output[axis]!];
  // Element t of window i lies at i · stride + start; some windows have it, from `low` to `high`.
  const elements = Array.from({ length: w.kernel[axis]! }, (_, t) => {
    const start = t * w.dilations[axis]! - w.begin[axis]!;
    const low = Math.max(0, Math.ceil(-start / stride));
    const high = Math.min(count, Math.ceil((size - start) / stride));
    return { start, low, high };
  }).filter(({ low, high }) => low < high);
  const zeros = (like: ValueName) => b.expand(b.scalar(0, type), b.shape(like));
  // Nothing but padding in any window.
  if (elements.length === 0) return zeros(x);
  // Phase p: the elements p, p + stride, … of the gradient; each t lies in one phase, shifted.
  const length = Math.ceil(size / stride);
  const phases = Array.from({ length: stride }, (): ValueName[] => []);
  let left = g;
  elements.forEach(({ start, low, high }, index) => {
    let part = left;
    if (index < elements.length - 1) {
      const element =
        stride === 1
          ? b.pad(x, padsAt(w, axis, -start, start + count - size), lowest(s))
          : b.pad(
              b.slice(x, [low * stride + start], [(high - 1) * stride + start + 1], [axis + 2], [stride]),
              padsAt(w, axis, low, count - high),
              lowest(s),
            );
      part = s.profile.maskEqual(b, left, element, y, type);
      left = b.sub(left, part);
    }
    const shift = Math.floor(start / stride);
    phases[start - shift * stride]!.push(b.pad(part, padsAt(w, axis, shift, length - shift - count)));
  });
  if (stride === 1) return b.sum(phases[0]!);
  const some = phases.find((parts) => parts.length > 0)![0]!;
  const last = axis === w.rank - 1;
  const rows = phases.map((parts) => {
    const sum = parts.length > 0 ? b.sum(parts) : zeros(some);
    return last ? b.unsqueeze(sum, [axis + 3]) : sum;
  });
  // [.., length, rest] side by side along the rest is [.., length, stride, rest], which is [.., length · stride, rest].
  const after = w.output.slice(axis + 1);
  const channels = s.sizes(s.x(), [1])[0]!;
  const shape = [0, channels, ...w.input.slice(0, axis), length * stride, ...after];
  const merged = b.reshape(b.concat(rows, axis + 3), shape);
  return length * stride === size ? merged : b.slice(merged, [0], [size], [axis + 2]);
}
