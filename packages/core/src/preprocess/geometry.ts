import type { HeatMap } from '../heatmap/heatmap.ts';
import { applyWeights } from '../heatmap/resize.ts';
import { type Box, checkSize } from '../picture/picture.ts';
import { kernelWeights } from '../picture/weights.ts';
import type { Preprocess } from './preprocess.ts';

/** Where the model's input lies on the picture it was made of. All in pixels. */
export interface Geometry {
  picture: { width: number; height: number };
  /** Size of the whole picture after resizing, before cropping or padding. */
  resized: { width: number; height: number };
  /** Position of the input's upper left corner on the resized picture; negative where the input is padded. */
  offset: { x: number; y: number };
  input: { width: number; height: number };
}

/** Works out, without touching a pixel, what a preprocessing does to a picture of that size. */
export function geometryOf(picture: { width: number; height: number }, spec: Preprocess): Geometry {
  const { width, height } = picture;
  checkSize(width, height);
  const { resize, crop } = spec;
  let resized = { width, height };
  let input = resized;
  let offset = { x: 0, y: 0 };
  if (resize.mode === 'shortest') {
    const [short, long] = width <= height ? [width, height] : [height, width];
    let size = resize.size;
    if (resize.longest && Math.trunc((size * long) / short) > resize.longest)
      size = Math.max(1, Math.round((resize.longest * short) / long));
    const longer = Math.max(1, Math.trunc((size * long) / short));
    resized = width <= height ? { width: size, height: longer } : { width: longer, height: size };
    input = resized;
  } else if (resize.mode === 'exact') {
    resized = { width: resize.width, height: resize.height };
    input = resized;
  } else if (resize.mode === 'pad') {
    const ratio = Math.min(resize.width / width, resize.height / height);
    resized = {
      width: Math.max(1, Math.min(resize.width, Math.round(width * ratio))),
      height: Math.max(1, Math.min(resize.height, Math.round(height * ratio))),
    };
    input = { width: resize.width, height: resize.height };
    offset = {
      x: -Math.floor((resize.width - resized.width) / 2),
      y: -Math.floor((resize.height - resized.height) / 2),
    };
  }
  if (crop) {
    offset = {
      x: offset.x + margin(input.width, crop.width, crop.rounding),
      y: offset.y + margin(input.height, crop.height, crop.rounding),
    };
    input = { width: crop.width, height: crop.height };
  }
  return { picture: { width, height }, resized, offset, input };
}

/** Pixels cut off on the left (or, negative, added). */
function margin(size: number, crop: number, rounding: 'half-even' | 'floor' = 'half-even'): number {
  if (rounding === 'floor') {
    // Hugging Face: a crop that is too large is padded with ceil(missing / 2) in front.
    return size >= crop ? Math.floor((size - crop) / 2) : -Math.ceil((crop - size) / 2);
  }
  // torchvision: padded with floor(missing / 2) in front; cut at round((size - crop) / 2), half to even.
  if (size < crop) return -Math.floor((crop - size) / 2);
  const half = (size - crop) / 2;
  const down = Math.floor(half);
  if (half === down) return down;
  return down % 2 === 0 ? down : down + 1;
}

/** The pixels of the original picture that the model saw (those whose centre lies in its input). */
export function seenBox(geometry: Geometry): Box {
  const along = (size: number, resized: number, offset: number, input: number): [number, number] => {
    const pixels = size / resized;
    const from = Math.max(0, Math.ceil(offset * pixels - 0.5 - 1e-9));
    const to = Math.min(size, Math.ceil((offset + input) * pixels - 0.5 - 1e-9));
    return [Math.min(from, size - 1), Math.max(to, Math.min(from, size - 1) + 1)];
  };
  const { picture, resized, offset, input } = geometry;
  const [x0, x1] = along(picture.width, resized.width, offset.x, input.width);
  const [y0, y1] = along(picture.height, resized.height, offset.y, input.height);
  return { x0, y0, x1, y1 };
}

/**
 * Lays a map over the model's input back onto the original picture: crop, padding and resizing undone.
 *
 * The map may have any resolution: its edges are the edges of the input. Values between its samples are bilinear
 * (half-pixel centres), averaged where the picture is coarser than the map. Pixels the model did not see are 0 and lie
 * outside `seen`.
 * @returns a map of the picture's size
 */
export function placeMap(map: HeatMap, geometry: Geometry): HeatMap {
  const { picture, resized, offset, input } = geometry;
  const seen = seenBox(geometry);
  const axis = (
    size: number,
    length: number,
    whole: number,
    offset: number,
    input: number,
    from: number,
    to: number,
  ) => {
    const scale = ((whole / size) * length) / input;
    return kernelWeights(
      { input: length, count: to - from, scale, origin: (-offset / input) * length + from * scale },
      'bilinear',
    );
  };
  const columns = axis(picture.width, map.width, resized.width, offset.x, input.width, seen.x0, seen.x1);
  const rows = axis(picture.height, map.height, resized.height, offset.y, input.height, seen.y0, seen.y1);
  const inner = applyWeights(map.data, map.width, columns, rows);
  const whole = seen.x1 - seen.x0 === picture.width && seen.y1 - seen.y0 === picture.height;
  if (whole) return { ...picture, data: inner };
  const data = new Float32Array(picture.width * picture.height);
  for (let y = seen.y0; y < seen.y1; y++) {
    const from = (y - seen.y0) * columns.size;
    data.set(inner.subarray(from, from + columns.size), y * picture.width + seen.x0);
  }
  return { ...picture, data, seen };
}
