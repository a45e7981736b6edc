import type { GraphBuilder, ValueName } from '@seewhy/onnx';

/**
 * Whether a value comes from a Pad, Transposes (which the runtime moves away) left out of account. ONNX Runtime takes such a Pad into an
 * AveragePool that reads it, and then refuses the pool where the padding is as wide as the window.
 */
export function comesFromPad(b: GraphBuilder, value: ValueName): boolean {
  let maker = b.maker(value);
  while (maker?.type === 'Transpose') maker = b.maker(maker.inputs[0]!);
  return maker?.type === 'Pad';
}
