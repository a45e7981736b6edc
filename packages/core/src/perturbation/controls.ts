import type { RandomStream } from '../random/random-stream.ts';
import { type ImageLayout, type ImageTensor, imageWalk } from './image-tensor.ts';

/**
 * Edges of each picture, `[N, H, W]`: a map that knows nothing of the model, to compare explanations with. The root of the sum of squares
 * of both Sobel derivatives of the mean over channels, in units of the picture per pixel; the edge pixels are repeated beyond the edge.
 *
 * I. Sobel, G. Feldman, 1968; as a control: J. Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018.
 */
export function sobelEdges(image: ImageTensor, layout: ImageLayout): Float32Array {
  const { items, channels, height, width, itemStep, channelStep, pixelStep } = imageWalk(image, layout);
  const maps = new Float32Array(items * height * width);
  const grey = new Float64Array(height * width);
  for (let n = 0; n < items; n++) {
    grey.fill(0);
    for (let c = 0; c < channels; c++) {
      let at = n * itemStep + c * channelStep;
      for (let i = 0; i < grey.length; i++, at += pixelStep) grey[i]! += image.data[at]! / channels;
    }
    for (let y = 0; y < height; y++) {
      const above = Math.max(0, y - 1) * width;
      const here = y * width;
      const below = Math.min(height - 1, y + 1) * width;
      for (let x = 0; x < width; x++) {
        const left = Math.max(0, x - 1);
        const right = Math.min(width - 1, x + 1);
        // (1 2 1) across the direction of the difference (−1 0 1), over 8: the slope of a ramp is 1.
        const across =
          (grey[above + right]! -
            grey[above + left]! +
            2 * (grey[here + right]! - grey[here + left]!) +
            grey[below + right]! -
            grey[below + left]!) /
          8;
        const down =
          (grey[below + left]! -
            grey[above + left]! +
            2 * (grey[below + x]! - grey[above + x]!) +
            grey[below + right]! -
            grey[above + right]!) /
          8;
        maps[n * height * width + here + x] = Math.sqrt(across * across + down * down);
      }
    }
  }
  return maps;
}

/** A map `[H, W]` of numbers uniform in [0, 1): what no explanation looks like. */
export function randomMap(stream: RandomStream, height: number, width: number): Float32Array {
  return stream.fillUniform(new Float32Array(height * width));
}
