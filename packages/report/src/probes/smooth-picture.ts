import type { Picture } from '@seewhy/core';

/** Binomial weights of five neighbours: a standard deviation of one pixel. */
const WEIGHTS = [1, 4, 6, 4, 1].map((weight) => weight / 16);

/**
 * The picture without its finest drawing: each pixel the mean of 5 × 5 neighbours with binomial weights (standard deviation one pixel; at an edge
 * the edge pixel is repeated). Noise of single pixels falls to 0.27 of what it was; forms, colours and light stay.
 */
export function smoothPicture(picture: Picture): Picture {
  const { width, height, data } = picture;
  const across = along(data, width, height, 3, width * 3);
  const down = along(across, height, width, width * 3, 3);
  return { ...picture, data: Uint8Array.from(down, (value) => Math.round(value)) };
}

/** One direction: `lines` lines of `count` pixels, `step` values from one pixel to the next and `stride` from one line to the next. */
function along(values: ArrayLike<number>, count: number, lines: number, step: number, stride: number): Float32Array {
  const smooth = new Float32Array(count * lines * 3);
  for (let line = 0; line < lines; line++)
    for (let i = 0; i < count; i++)
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = -2; k <= 2; k++)
          sum += WEIGHTS[k + 2]! * values[line * stride + Math.max(0, Math.min(count - 1, i + k)) * step + c]!;
        smooth[line * stride + i * step + c] = sum;
      }
  return smooth;
}
