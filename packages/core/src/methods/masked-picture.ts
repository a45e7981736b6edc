import { type GraphBuilder, Value, type ValueName } from '@seewhy/onnx';
import { type ImageInput, imageDims } from '../image-input.ts';
import type { RunTensor } from '../runtime/runtime.ts';

const PICTURE = 'seewhy.picture';
const FILL = 'seewhy.fill';

/**
 * The plane on which masks are made in the graph: channels that lie beside one another (NHWC) are part of its width, so that a mask is
 * multiplied in long rows whatever the layout.
 */
export interface MaskPlane {
  readonly height: number;
  /** width × repeat. */
  readonly across: number;
  /** Neighbours in a row that belong to one pixel. */
  readonly repeat: number;
}

export function maskPlane({ layout, channels, height, width }: ImageInput): MaskPlane {
  const repeat = layout === 'NHWC' ? channels : 1;
  return { height, across: width * repeat, repeat };
}

/** A picture of which a mask takes parts away: x · m + f · (1 − m), made in the graph from the picture, fed once a run, and the mask. */
export class MaskedPicture {
  readonly inputs: readonly Value[];
  private readonly image: ImageInput;
  private readonly filled: boolean;

  /** @param filled false: the fill is 0 everywhere, and nothing is added */
  constructor(image: ImageInput, filled: boolean) {
    this.image = image;
    this.filled = filled;
    const dims = this.dims;
    this.inputs = [new Value(PICTURE, 'float32', dims), ...(filled ? [new Value(FILL, 'float32', dims)] : [])];
  }

  /** In NHWC the channels are part of the width. */
  private get dims(): readonly number[] {
    const { height, across } = maskPlane(this.image);
    return this.image.layout === 'NCHW' ? imageDims(this.image) : [1, height, across];
  }

  /** @param kept `[B, height, across]`, 1 where the picture stays */
  source(b: GraphBuilder, kept: ValueName): ValueName {
    const nchw = this.dims.length === 4;
    const part = b.mul(PICTURE, nchw ? b.unsqueeze(kept, [1]) : kept);
    const whole = this.filled ? b.add(FILL, part) : part;
    return nchw ? whole : b.reshape(whole, [-1, ...imageDims(this.image).slice(1)]);
  }

  feeds(picture: Float32Array, fill: Float32Array | undefined): Record<string, RunTensor> {
    const { dims } = this;
    if (!fill) return { [PICTURE]: { type: 'float32', dims, data: picture } };
    // f + (x − f) · m: one product less.
    const apart = new Float32Array(picture.length);
    for (let i = 0; i < apart.length; i++) apart[i] = picture[i]! - fill[i]!;
    return { [PICTURE]: { type: 'float32', dims, data: apart }, [FILL]: { type: 'float32', dims, data: fill } };
  }
}
