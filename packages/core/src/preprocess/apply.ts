import { float32ToFloat16 } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { luma, type Picture } from '../picture/picture.ts';
import { resamplePicture } from '../picture/resample.ts';
import { type Geometry, geometryOf } from './geometry.ts';
import type { Preprocess } from './preprocess.ts';

/** A dense tensor in C order. float16 is held as its 16-bit patterns. */
export type PictureTensor =
  | { type: 'float32'; dims: number[]; data: Float32Array }
  | { type: 'float16'; dims: number[]; data: Uint16Array }
  | { type: 'uint8'; dims: number[]; data: Uint8Array };

/** A picture made ready for the model, and where its tensor lies on it. */
export interface Preprocessed {
  /** `[1, C, H, W]` or `[1, H, W, C]`. */
  tensor: PictureTensor;
  /** The picture as the model sees it: resized and cropped, before channels and scaling. */
  input: Picture;
  geometry: Geometry;
}

/**
 * Makes the model's input tensor of a picture.
 *
 * Resizing and cropping happen on bytes as in Pillow; values are `(byte * scale - mean) / std` in float32.
 * @param expected pixels the model takes; when given, another result is an error rather than a surprise at run time
 * @throws SeewhyError `PREPROCESS_SIZE_MISMATCH`, `PREPROCESS_CHANNELS_MISMATCH`
 */
export function preprocessPicture(
  picture: Picture,
  spec: Preprocess,
  expected?: { width: number; height: number },
): Preprocessed {
  const geometry = geometryOf(picture, spec);
  const { width, height } = geometry.input;
  if (expected && (expected.width !== width || expected.height !== height))
    throw errors.preprocessSize(`${width}x${height}`, `${expected.width}x${expected.height}`);
  const input = cutInput(picture, spec, geometry);
  const channels = spec.channelOrder === 'grey' ? 1 : 3;
  const dims = spec.layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels];
  const table = valueTable(spec, channels);
  const data = new Float32Array(width * height * channels);
  const pixels = width * height;
  const [step, plane] = spec.layout === 'NCHW' ? [1, pixels] : [channels, 1];
  if (channels === 1) {
    const grey = luma(input);
    const values = table[0]!;
    for (let i = 0; i < pixels; i++) data[i] = values[grey[i]!]!;
  } else {
    const [first, second, third] = table as [Float32Array, Float32Array, Float32Array];
    const { data: bytes } = input;
    const [red, blue] = spec.channelOrder === 'bgr' ? [2, 0] : [0, 2];
    for (let i = 0, from = 0, to = 0; i < pixels; i++, from += 3, to += step) {
      data[to] = first[bytes[from + red]!]!;
      data[to + plane] = second[bytes[from + 1]!]!;
      data[to + 2 * plane] = third[bytes[from + blue]!]!;
    }
  }
  return { tensor: asType(data, dims, spec.dtype), input, geometry };
}

/** The resized picture's window that the model sees; where it reaches beyond the picture, padding. */
function cutInput(picture: Picture, spec: Preprocess, geometry: Geometry): Picture {
  const { resized, offset, input } = geometry;
  const interpolation = spec.resize.mode === 'none' ? 'nearest' : spec.resize.interpolation;
  const window = {
    x0: Math.max(0, offset.x),
    y0: Math.max(0, offset.y),
    x1: Math.min(resized.width, offset.x + input.width),
    y1: Math.min(resized.height, offset.y + input.height),
  };
  const inner = resamplePicture(picture, resized.width, resized.height, interpolation, window);
  if (inner.width === input.width && inner.height === input.height) return inner;
  const data = new Uint8Array(input.width * input.height * 3).fill(spec.resize.mode === 'pad' ? spec.resize.fill : 0);
  for (let y = 0; y < inner.height; y++) {
    const to = ((y + window.y0 - offset.y) * input.width + window.x0 - offset.x) * 3;
    data.set(inner.data.subarray(y * inner.width * 3, (y + 1) * inner.width * 3), to);
  }
  return { ...inner, ...input, data };
}

/** The input value of each of the 256 bytes, a table a channel, each step rounded to float32 as in NumPy and torch. */
function valueTable(spec: Preprocess, channels: number): Float32Array[] {
  const { mean, std, scale } = spec;
  for (const values of [mean, std]) {
    if (values.length !== channels && values.length !== 1) throw errors.preprocessChannels(values.length, channels);
  }
  // Division where the scale is 1 / n: byte / 255 and byte * (1 / 255) differ in the last bit.
  const whole = Math.round(1 / scale);
  const divides = whole > 1 && Math.abs(1 / scale - whole) < 1e-6;
  return Array.from({ length: channels }, (_, c) => {
    const m = Math.fround(mean[c] ?? mean[0]!);
    const s = Math.fround(std[c] ?? std[0]!);
    return Float32Array.from({ length: 256 }, (_, byte) => {
      const scaled = Math.fround(divides ? byte / whole : byte * scale);
      return Math.fround(Math.fround(scaled - m) / s);
    });
  });
}

function asType(data: Float32Array, dims: number[], type: Preprocess['dtype']): PictureTensor {
  if (type === 'float16') return { type, dims, data: Uint16Array.from(data, float32ToFloat16) };
  if (type === 'uint8')
    return { type, dims, data: Uint8Array.from(data, (x) => Math.min(255, Math.max(0, Math.round(x)))) };
  return { type, dims, data };
}
