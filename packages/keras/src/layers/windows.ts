/** How a pool moves, in ONNX's attributes. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly pads?: readonly number[] | undefined;
  readonly auto_pad?: string | undefined;
}
