import type { ValueName } from '@seewhy/onnx';
import type { Emitter } from '../model/emitter.ts';

/** What Pads put around a value's axes, one behind the other: begins and ends, and the value that the first of them reads. */
export interface PadsBefore {
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly origin: ValueName;
}

/**
 * The Pads of constant sizes that make a value of `rank` spatial axes, of these axes; undefined where none does. ONNX Runtime takes them all
 * into a pool that reads it, also through Transposes, which it moves away.
 */
export function padsBefore(b: Emitter, value: ValueName, rank: number): PadsBefore | undefined {
  const all = padsOfAllAxes(b, value, rank + 2);
  return all && { ...all, begin: all.begin.slice(2), end: all.end.slice(2) };
}

function padsOfAllAxes(b: Emitter, value: ValueName, axes: number): PadsBefore | undefined {
  const maker = b.maker(value);
  if (maker?.op === 'Transpose') {
    const inner = padsOfAllAxes(b, maker.inputs[0]!, axes);
    const perm = maker.attribute.ints('perm');
    const moved = (pads: readonly number[]) => pads.map((_, axis) => pads[perm?.[axis] ?? axes - 1 - axis]!);
    return inner && { ...inner, begin: moved(inner.begin), end: moved(inner.end) };
  }
  const pads = maker?.op === 'Pad' ? b.tensor(maker.inputs[1]!)?.numbers() : undefined;
  if (!maker || pads?.length !== 2 * axes) return undefined;
  const from = maker.inputs[0]!;
  const inner = padsOfAllAxes(b, from, axes);
  const sum = (own: readonly number[], before: readonly number[] | undefined) =>
    own.map((pad, axis) => pad + (before?.[axis] ?? 0));
  return {
    begin: sum(pads.slice(0, axes), inner?.begin),
    end: sum(pads.slice(axes), inner?.end),
    origin: inner?.origin ?? from,
  };
}
