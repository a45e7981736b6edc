import type { Interpolation } from '../picture/resample.ts';

/** How a picture is brought to size, before any crop. All sizes in pixels. */
export type Resize =
  /** The shorter side becomes `size`, the longer one `trunc(size * long / short)` (at most `longest`). */
  | { mode: 'shortest'; size: number; longest?: number; interpolation: Interpolation }
  /** Both sides become exactly that, whatever the picture's proportions. */
  | { mode: 'exact'; width: number; height: number; interpolation: Interpolation }
  /** Fitted inside and padded evenly on both sides with `fill` (0..255; 114 is what YOLO models know). */
  | { mode: 'pad'; width: number; height: number; interpolation: Interpolation; fill: number }
  | { mode: 'none' };

/** Centre crop; a picture that is smaller is padded with zeros (black), as torchvision and Hugging Face do. */
export interface Crop {
  width: number;
  height: number;
  /** How half a pixel is settled: torchvision rounds half to even (default), Hugging Face rounds down. */
  rounding?: 'half-even' | 'floor';
}

export type ChannelOrder = 'rgb' | 'bgr' | 'grey';
export type InputType = 'float32' | 'float16' | 'uint8';

/**
 * Everything between a decoded picture and the model's input tensor, in this order: resize, crop, channels,
 * `(byte * scale - mean) / std`, layout, type.
 */
export interface Preprocess {
  /** Preset or file it came from, for records. */
  name: string;
  resize: Resize;
  /** Null: no crop. */
  crop: Crop | null;
  channelOrder: ChannelOrder;
  /** A byte is multiplied with it before mean and std (1/255 for 0..1). */
  scale: number;
  /** One value for each channel of the input (in the order of `channelOrder`). */
  mean: readonly number[];
  std: readonly number[];
  layout: 'NCHW' | 'NHWC';
  dtype: InputType;
}

/** What a preset or a file has to know about the model's input. */
export interface InputShape {
  /** Pixels the model takes. */
  width: number;
  height: number;
  /** 1 or 3 (default 3). */
  channels?: number;
  /** Default NCHW. */
  layout?: 'NCHW' | 'NHWC';
  /** Default float32. */
  dtype?: InputType;
}

/** One line a person can check: "shorter side 256 (bicubic), crop 224x224, rgb, (x/255 - 0.485 …) / …". */
export function describePreprocess(spec: Preprocess): string {
  const { resize, crop } = spec;
  const parts: string[] = [];
  if (resize.mode === 'shortest') parts.push(`shorter side ${resize.size} (${resize.interpolation})`);
  if (resize.mode === 'exact') parts.push(`${resize.width}x${resize.height} (${resize.interpolation})`);
  if (resize.mode === 'pad') {
    parts.push(`inside ${resize.width}x${resize.height} (${resize.interpolation}), padded with ${resize.fill}`);
  }
  if (crop) parts.push(`centre crop ${crop.width}x${crop.height}`);
  const round = (x: number) => String(Number(x.toPrecision(4)));
  const all = (values: readonly number[]) => (new Set(values).size === 1 ? [values[0]!] : values).map(round).join(' ');
  const scaled =
    spec.scale === 1
      ? 'x'
      : Math.abs(1 / spec.scale - Math.round(1 / spec.scale)) < 1e-6
        ? `x/${Math.round(1 / spec.scale)}`
        : `${round(spec.scale)}x`;
  const hasMean = spec.mean.some((value) => value !== 0);
  const hasStd = spec.std.some((value) => value !== 1);
  const minus = hasMean ? `${scaled} - ${all(spec.mean)}` : scaled;
  const values = hasStd ? `(${minus}) / ${all(spec.std)}` : minus;
  parts.push(spec.channelOrder, values === 'x' ? '0 to 255' : values, spec.layout);
  if (spec.dtype !== 'float32') parts.push(spec.dtype);
  return parts.join(', ');
}
