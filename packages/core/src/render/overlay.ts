import { type ColormapName, colormap, defaultColormap } from '../heatmap/colormaps.ts';
import { type HeatMap, rangeOf } from '../heatmap/heatmap.ts';
import { resizeMap } from '../heatmap/resize.ts';
import type { Box, Picture } from '../picture/picture.ts';
import type { Raster } from './raster.ts';

/** How a heatmap is laid on a picture. */
export const OVERLAY_STYLES = {
  blend: 'ours: the stronger the map, the more it covers; where it is 0 the picture is untouched',
  uniform: 'the colour of the map everywhere with the same opacity',
  'pytorch-grad-cam': 'show_cam_on_image: (1 - w)·heat + w·picture, divided by its maximum; w = 0.5',
  'tf-explain': 'heatmap_display 0.3.1: cv2.addWeighted(picture, w, heat, 1); w = 0.7',
} as const;

/** Name of a way to lay a heatmap on a picture; see {@link OVERLAY_STYLES}. */
export type OverlayStyle = keyof typeof OVERLAY_STYLES;

/** How a heatmap is laid on a picture. */
export interface OverlayOptions {
  /** Default `viridis` (`diverging` for signed maps), `jet` (pytorch-grad-cam), `viridis` (tf-explain). */
  colormap?: ColormapName;
  /** Share of the heatmap where it is strongest, 0..1: default 0.7; with a peer's style 1 - w (default 0.5 and 0.3). */
  opacity?: number;
  /** Default `blend`; see {@link OVERLAY_STYLES}. */
  style?: OverlayStyle;
  /** The map runs from -1 to 1 (default false: 0 to 1). */
  signed?: boolean;
}

/**
 * Lays a finished map on a picture. A map of another size is resized (bilinear). What the model did not see
 * (`map.seen`) is dimmed and never coloured, in our own styles; the peers' styles are bit-compatible with the peers and
 * know no such thing.
 * @returns RGB of the picture's size
 */
export function overlay(picture: Picture, map: HeatMap, options: OverlayOptions = {}): Raster & { channels: 3 } {
  const { style = 'blend', signed = false } = options;
  const fitted = resizeMap(map, picture.width, picture.height);
  const seen = map.seen && fitted === map ? map.seen : undefined;
  const data =
    style === 'pytorch-grad-cam'
      ? likePytorchGradCam(picture, fitted.data, colormap(options.colormap ?? 'jet'), 1 - (options.opacity ?? 0.5))
      : style === 'tf-explain'
        ? likeTfExplain(picture, fitted.data, colormap(options.colormap ?? 'viridis'), 1 - (options.opacity ?? 0.3))
        : blend(picture, fitted.data, seen, options, signed);
  return { width: picture.width, height: picture.height, channels: 3, data };
}

function blend(
  picture: Picture,
  values: Float32Array,
  seen: Box | undefined,
  options: OverlayOptions,
  signed: boolean,
): Uint8Array {
  const table = colormap(options.colormap ?? defaultColormap(signed));
  const alphas = opacities(options.opacity ?? 0.7, signed, options.style === 'uniform');
  // Fixed point, 16 bits behind the point: whole numbers all the way are several times faster than rounding each byte from a double.
  const keep = new Int32Array(256);
  const add = new Int32Array(768);
  for (let index = 0; index < 256; index++) {
    const alpha = Math.round(alphas[index]! * 65536);
    keep[index] = 65536 - alpha;
    for (let c = 0; c < 3; c++) add[index * 3 + c] = table[index * 3 + c]! * alpha + 32768;
  }
  const { data } = picture;
  const out = data.slice();
  const [scale, shift] = signed ? [127.5, 128] : [255, 0.5];
  const { x0, y0, x1, y1 } = seen ?? { x0: 0, y0: 0, x1: picture.width, y1: picture.height };
  for (let y = y0; y < y1; y++) {
    const row = y * picture.width;
    for (let i = row + x0, at = i * 3; i < row + x1; i++, at += 3) {
      const value = values[i]!;
      // As `colourIndex`: rounded, held to 0..255, NaN left out.
      let index = value * scale + shift;
      if (!(index >= 0)) {
        if (Number.isNaN(index)) continue;
        index = 0;
      }
      const colour = index >= 255 ? 255 : index | 0;
      const share = keep[colour]!;
      if (share === 65536) continue;
      const from = colour * 3;
      out[at] = (data[at]! * share + add[from]!) >> 16;
      out[at + 1] = (data[at + 1]! * share + add[from + 1]!) >> 16;
      out[at + 2] = (data[at + 2]! * share + add[from + 2]!) >> 16;
    }
  }
  if (seen) dimOutside(picture, out, seen);
  return out;
}

/**
 * Opacity of each of the 256 colours: nothing where the map is 0, all of `opacity` from 0.6 on, smooth between
 * (3t² - 2t³). `uniform`: the same everywhere.
 */
export function opacities(opacity: number, signed: boolean, uniform = false): Float64Array {
  return Float64Array.from({ length: 256 }, (_, index) => {
    if (uniform) return opacity;
    // 127 and 128 are the two colours next to zero.
    const size = signed ? (Math.abs(index - 127.5) - 0.5) / 127 : index / 255;
    const t = Math.min(1, size / 0.6);
    return opacity * t * t * (3 - 2 * t);
  });
}

/** Outside the box the picture loses half of its colour and a quarter of its contrast. */
function dimOutside(picture: Picture, out: Uint8Array, seen: Box): void {
  const { width, height } = picture;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const inside = y >= seen.y0 && y < seen.y1;
    dim(picture.data, out, row, row + (inside ? seen.x0 : width));
    if (inside) dim(picture.data, out, row + seen.x1, row + width);
  }
}

/** Pixels `from … to - 1`. */
function dim(data: Uint8Array, out: Uint8Array, from: number, to: number): void {
  for (let at = from * 3; at < to * 3; at += 3) {
    const red = data[at]!;
    const green = data[at + 1]!;
    const blue = data[at + 2]!;
    const grey = 0.55 * (0.299 * red + 0.587 * green + 0.114 * blue);
    // All are positive: a half more, cut off, rounds.
    out[at] = (0.45 * red + grey) * 0.72 + 34.5;
    out[at + 1] = (0.45 * green + grey) * 0.72 + 34.5;
    out[at + 2] = (0.45 * blue + grey) * 0.72 + 34.5;
  }
}

/** pytorch-grad-cam 1.5.7, utils/image.py, in float32: `cam = (1 - w)·heat + w·img; uint8(255 · cam / max(cam))`. */
function likePytorchGradCam(picture: Picture, values: Float32Array, table: Uint8Array, weight: number): Uint8Array {
  const heatWeight = Math.fround(1 - weight);
  const pictureWeight = Math.fround(weight);
  const cam = new Float32Array(picture.data.length);
  let largest = 0;
  for (let i = 0, at = 0; i < values.length; i++) {
    const index = (Math.trunc(Math.fround(255 * values[i]!)) & 255) * 3;
    for (let c = 0; c < 3; c++, at++) {
      const heat = Math.fround(heatWeight * Math.fround(table[index + c]! / 255));
      const value = Math.fround(heat + Math.fround(pictureWeight * Math.fround(picture.data[at]! / 255)));
      cam[at] = value;
      if (value > largest) largest = value;
    }
  }
  const out = new Uint8Array(cam.length);
  if (largest > 0)
    for (let i = 0; i < cam.length; i++) out[i] = Math.trunc(Math.fround(255 * Math.fround(cam[i]! / largest)));
  return out;
}

/** tf-explain 0.3.1, utils/display.py: min-max once more, 255 steps, `cv2.addWeighted(picture, w, heat, 1, 0)`. */
function likeTfExplain(picture: Picture, values: Float32Array, table: Uint8Array, weight: number): Uint8Array {
  const [low, high] = rangeOf(values);
  const span = Math.fround(high - low);
  const pictureWeight = Math.fround(weight);
  const out = new Uint8ClampedArray(picture.data.length);
  for (let i = 0, at = 0; i < values.length; i++) {
    const unit = span > 0 ? Math.fround(Math.fround(values[i]! - low) / span) : 0;
    const index = Math.trunc(Math.fround(unit * 255)) * 3;
    // A clamped array rounds half to even and saturates, as OpenCV does.
    for (let c = 0; c < 3; c++, at++)
      out[at] = Math.fround(Math.fround(picture.data[at]! * pictureWeight) + table[index + c]!);
  }
  return new Uint8Array(out.buffer);
}
