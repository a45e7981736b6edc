import type { RuleStep } from '../rule.ts';

/**
 * How a sliding window meets the spatial axes of `[N, C, …]`: output i reads inputs i·stride + t·dilation − begin, t < kernel.
 * Pads are the ones really used: auto_pad resolved; `end` may include the overhang of ceil_mode.
 */
export interface Window {
  readonly rank: number;
  /** Sizes of the larger side (input of Conv and pools, output of ConvTranspose). */
  readonly input: readonly number[];
  /** Sizes of the side with one element a window. */
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

/** Axes 2, 3, … of a value of `rank` spatial axes. */
export function spatialAxes(rank: number): number[] {
  return Array.from({ length: rank }, (_, index) => index + 2);
}

/** The window of a node whose input `x` slides to `y`, from its attributes. */
export function windowOf(
  s: RuleStep,
  x: string,
  y: string,
  kernel: readonly number[],
  dilated: readonly number[] | undefined = s.node.attribute.ints('dilations'),
): Window {
  const rank = kernel.length;
  const input = s.sizes(x, spatialAxes(rank));
  const output = s.sizes(y, spatialAxes(rank));
  const ones = kernel.map(() => 1);
  const strides = s.node.attribute.ints('strides') ?? ones;
  const dilations = dilated ?? ones;
  const pads = s.node.attribute.ints('pads') ?? Array.from({ length: 2 * rank }, () => 0);
  const mode = s.node.attribute.string('auto_pad', 'NOTSET');
  const begin: number[] = [];
  const end: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    if (mode === 'NOTSET' || mode === '') {
      begin.push(pads[axis]!);
      end.push(pads[axis + rank]!);
      continue;
    }
    const reach = (output[axis]! - 1) * strides[axis]! + dilations[axis]! * (kernel[axis]! - 1) + 1;
    const total = mode === 'VALID' ? 0 : Math.max(0, reach - input[axis]!);
    begin.push(mode === 'SAME_LOWER' ? Math.ceil(total / 2) : Math.floor(total / 2));
    end.push(total - begin[axis]!);
  }
  return { rank, input, output, kernel, strides, dilations, begin, end };
}

/** Extent of the dilated kernel, less one. */
export function reach(w: Window): number[] {
  return w.kernel.map((size, axis) => w.dilations[axis]! * (size - 1));
}

/** Elements at the end of the input that the last window does not reach: what a transposed window must add there. */
export function remainder(w: Window): number[] {
  const span = reach(w);
  return w.input.map(
    (size, axis) => size + w.begin[axis]! + w.end[axis]! - span[axis]! - 1 - (w.output[axis]! - 1) * w.strides[axis]!,
  );
}

/** The window of a pool: `end` reaches to the last element that the last window reads (ceil_mode hangs over). */
export function poolWindow(s: RuleStep): Window {
  const kernel = s.node.attribute.ints('kernel_shape');
  if (!kernel) throw s.refuse('it has no kernel_shape');
  const w = windowOf(s, s.x(), s.y(), kernel);
  const over = remainder(w);
  return { ...w, end: w.end.map((pad, axis) => (over[axis]! < 0 ? pad - over[axis]! : pad)) };
}
