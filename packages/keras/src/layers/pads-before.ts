import type { ValueName } from '@seewhy/onnx';
import type { Emitter } from '../model/emitter.ts';

/** What Pads put around a value's spatial axes, one behind the other: begins and ends, and the value that the first of them reads. */
export interface PadsBefore {
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly origin: ValueName;
}

/** The Pads of constant sizes that make a value; undefined where none does. ONNX Runtime takes them all into a pool that reads it. */
export function padsBefore(b: Emitter, value: ValueName, rank: number): PadsBefore | undefined {
  const maker = b.maker(value);
  const pads = maker?.op === 'Pad' ? b.tensor(maker.inputs[1]!)?.numbers() : undefined;
  if (!maker || pads?.length !== 2 * (rank + 2)) return undefined;
  const from = maker.inputs[0]!;
  const inner = padsBefore(b, from, rank);
  const sum = (own: number, axis: number, before: readonly number[] | undefined) => own + (before?.[axis] ?? 0);
  return {
    begin: [...pads.slice(2, rank + 2)].map((pad, axis) => sum(pad, axis, inner?.begin)),
    end: [...pads.slice(rank + 4)].map((pad, axis) => sum(pad, axis, inner?.end)),
    origin: inner?.origin ?? from,
  };
}
