import { Tensor, type ValueName } from '@seewhy/onnx';
import type { LayerContext, LayerOptions } from '../layer.ts';
import type { LayerValue } from '../model/layer-value.ts';
import { maskOf } from '../model/masks.ts';

/** Recurrent layers are written out step by step, so that they have a gradient. */
const MOST_STEPS = 1024;

/** What runs over the steps of a sequence: a cell, a stack of cells, or a convolution with states. */
export interface Stepper {
  /** New output and states from what lies at a step and the states. */
  step(
    piece: ValueName,
    states: readonly ValueName[],
  ): { readonly output: ValueName; readonly states: readonly ValueName[] };
}

/** Which results a recurrent layer gives, and in which order it runs. */
export interface Wanted {
  readonly sequences: boolean;
  readonly states: boolean;
  readonly backwards: boolean;
  /** Outputs of masked steps are 0 instead of those before. */
  readonly zeroMasked: boolean;
}

export function wanted(options: LayerOptions): Wanted {
  return {
    sequences: options.flag('return_sequences', false),
    states: options.flag('return_state', false),
    backwards: options.flag('go_backwards', false),
    zeroMasked: options.flag('zero_output_for_mask', false),
  };
}

export function stepsOf(layer: LayerContext, x: LayerValue): number {
  const steps = layer.known(x.shape[1], 'the number of steps');
  if (steps < 1 || steps > MOST_STEPS)
    throw layer.refuse(`a sequence of ${steps} steps; up to ${MOST_STEPS} are written out`);
  return steps;
}

/** `[N, T, …]` as T values `[N, …]`. */
export function eachStep({ b }: LayerContext, value: ValueName, steps: number): ValueName[] {
  const pieces = steps === 1 ? [value] : b.split(value, new Array<number>(steps).fill(1), 1);
  return pieces.map((piece) => b.squeeze(piece, [1]));
}

/** Zeros `[N, …sizes]` for the batch at hand. */
export function zeroState({ b }: LayerContext, x: LayerValue, sizes: readonly number[]): ValueName {
  const batch = b.slice(b.shape(x.value), [0], [1], [0]);
  const zero = Tensor.floats([0]);
  return b.op('ConstantOfShape', [b.concat([batch, b.ints([...sizes])], 0)], { value: zero });
}

/**
 * Runs over the steps. A masked step leaves the states as they are and repeats the output before it (zero at the begin), or gives 0.
 * @param pieces what lies at each step, in time
 * @param x the layer's input, whose mask counts
 * @param rank dimensions of an output, with the batch
 * @returns the output of each step in the order in which they were run, and the last states
 */
export function overSteps(
  layer: LayerContext,
  stepper: Stepper,
  {
    pieces,
    states: initial,
    x,
    rank,
  }: {
    readonly pieces: readonly ValueName[];
    readonly states: readonly ValueName[];
    readonly x: LayerValue;
    readonly rank: number;
  },
  { backwards, zeroMasked }: Wanted,
): { readonly outputs: readonly ValueName[]; readonly states: readonly ValueName[] } {
  const { b } = layer;
  const mask = maskOf(layer, x);
  const order = pieces.map((_, at) => (backwards ? pieces.length - 1 - at : at));
  let states = initial;
  const outputs: ValueName[] = [];
  for (const at of order) {
    const next = stepper.step(pieces[at]!, states);
    if (mask === undefined) {
      ({ states } = next);
      outputs.push(next.output);
      continue;
    }
    const column = b.slice(mask, [at], [at + 1], [1]);
    // [N, 1] beside [N, units], [N, 1, 1, 1] beside [N, filters, height, width].
    const axes = Array.from({ length: rank - 2 }, (_, axis) => axis + 2);
    const kept = axes.length === 0 ? column : b.unsqueeze(column, axes);
    const before = zeroMasked ? undefined : outputs.at(-1);
    outputs.push(b.where(kept, next.output, before ?? b.scalar(0)));
    const old = states;
    states = next.states.map((state, i) => b.where(kept, state, old[i]!));
  }
  return { outputs, states };
}
