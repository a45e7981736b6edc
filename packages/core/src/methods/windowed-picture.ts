import { Value } from '@seewhy/onnx';
import { type ImageInput, imageDims } from '../image-input.ts';
import type { Box } from '../picture/picture.ts';
import type { RunTensor } from '../runtime/runtime.ts';

const PICTURES = 'seewhy.pictures';

/**
 * A picture many times over, each time with one window filled. Made on the host: only the windows are written, and written back, which
 * costs nothing beside a run, while a mask in the graph goes over all pixels of all samples (a fifth of a run of a small network).
 */
export class WindowedPicture {
  private readonly image: ImageInput;
  private readonly picture: Float32Array;
  private readonly fill: Float32Array | undefined;
  /** Copies of the picture one after the other, and the window that is filled in each now. */
  private copies = new Float32Array();
  private filled: readonly Box[] = [];

  /**
   * @param picture in the model's layout and units, as `fill`
   * @param fill what stands in a window; undefined: 0
   */
  constructor(image: ImageInput, picture: Float32Array, fill: Float32Array | undefined) {
    this.image = image;
    this.picture = picture;
    this.fill = fill;
  }

  /** The samples with these windows filled; good until the next call. */
  feeds(windows: readonly Box[]): Record<string, RunTensor> {
    const { length } = this.picture;
    if (this.copies.length < windows.length * length) {
      this.copies = new Float32Array(windows.length * length);
      for (let i = 0; i < windows.length; i++) this.copies.set(this.picture, i * length);
      this.filled = [];
    }
    this.filled.forEach((box, i) => {
      this.write(i, box, this.picture);
    });
    windows.forEach((box, i) => {
      this.write(i, box, this.fill);
    });
    this.filled = windows;
    const dims = [windows.length, ...imageDims(this.image).slice(1)];
    return { [PICTURES]: { type: 'float32', dims, data: this.copies.subarray(0, windows.length * length) } };
  }

  /** Writes the part of `from` that lies in the window, or 0, into a copy. */
  private write(copy: number, { x0, y0, x1, y1 }: Box, from: Float32Array | undefined): void {
    const { layout, channels, height, width } = this.image;
    // Runs of neighbouring values: in NHWC all channels of a row of the window, in NCHW those of one channel.
    const [planes, step] = layout === 'NCHW' ? [channels, 1] : [1, channels];
    for (let plane = 0; plane < planes; plane++) {
      for (let y = y0; y < y1; y++) {
        const row = (plane * height + y) * width;
        const [start, end] = [(row + x0) * step, (row + x1) * step];
        const at = copy * this.picture.length + start;
        if (from) this.copies.set(from.subarray(start, end), at);
        else this.copies.fill(0, at, at + end - start);
      }
    }
  }
}

/** What the samples of a {@link WindowedPicture} are fed as, `[B, …]`. */
export const windowedInput = (image: ImageInput): Value =>
  new Value(PICTURES, 'float32', ['B', ...imageDims(image).slice(1)]);
