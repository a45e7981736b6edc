/**
 * One item with its channels moved: from `[C, H, W]` to `[H, W, C]`, or back.
 * @param dims height, width, channels
 */
export function nhwc(
  item: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  way: 'from NCHW' | 'to NCHW' = 'from NCHW',
): Float32Array {
  const moved = new Float32Array(item.length);
  const pixels = height * width;
  for (let i = 0; i < pixels; i++)
    for (let c = 0; c < channels; c++) {
      const [first, last] = [c * pixels + i, i * channels + c];
      if (way === 'to NCHW') moved[first] = item[last]!;
      else moved[last] = item[first]!;
    }
  return moved;
}
