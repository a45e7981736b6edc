import type { AttributeInput } from '@seewhy/onnx';
import fc from 'fast-check';
import { opset, profile } from '../arbitrary.ts';

export const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
export const int = (min: number, max: number) => fc.integer({ min, max });

/** One spatial axis of a pool whose windows fit; pads stay below the kernel, as runtimes demand. */
const axis = fc
  .record({
    kernel: int(1, 5),
    stride: int(1, 4),
    dilation: int(1, 3),
    begin: int(0, 4),
    end: int(0, 4),
    more: int(0, 6),
  })
  .map((a) => {
    const [begin, end] = [Math.min(a.begin, a.kernel - 1), Math.min(a.end, a.kernel - 1)];
    return { ...a, begin, end };
  });

export interface Pool {
  axes: { kernel: number; stride: number; dilation: number; begin: number; end: number; more: number }[];
  auto: string;
  ceil: boolean;
  batch: number;
  opset: number;
  profile: 'native' | 'wasm' | 'webgpu';
}
export const pool: fc.Arbitrary<Pool> = fc.record({
  axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
  auto: fc.constantFrom('NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
  ceil: fc.boolean(),
  batch: int(1, 2),
  opset: opset(13),
  profile,
});

/** The attributes, and the shape of an input, of a pool; `dilated` from the opset that has dilations. */
export function poolOf(s: Pool, dilated: number): { attributes: Record<string, AttributeInput>; dims: number[] } {
  const same = s.auto.startsWith('SAME');
  const axes = s.axes.map((a) => {
    const dilation = s.opset >= dilated && !same ? a.dilation : 1;
    const span = dilation * (a.kernel - 1) + 1;
    const pads = s.auto === 'NOTSET' ? a.begin + a.end : 0;
    // The runtime itself refuses SAME where windows leave gaps.
    const stride = same ? Math.min(a.stride, a.kernel) : a.stride;
    return { ...a, dilation, stride, size: Math.max(1, span - pads) + a.more };
  });
  // Where a last window would begin in the padding behind the input, the runtime's shape inference contradicts its kernel.
  const behind = axes.some((a) => {
    const rest = a.size + a.begin + a.end - a.dilation * (a.kernel - 1) - 1;
    return Math.ceil(rest / a.stride) * a.stride >= a.size + a.begin;
  });
  return {
    attributes: {
      kernel_shape: axes.map((a) => a.kernel),
      strides: axes.map((a) => a.stride),
      ...(s.opset >= dilated ? { dilations: axes.map((a) => a.dilation) } : {}),
      ...(s.auto === 'NOTSET'
        ? { pads: [...axes.map((a) => a.begin), ...axes.map((a) => a.end)], ceil_mode: s.ceil && !behind ? 1 : 0 }
        : { auto_pad: s.auto }),
    },
    dims: [s.batch, 2, ...axes.map((a) => a.size)],
  };
}
