import { unknownName } from '../errors.ts';
import { checkSize } from '../picture/picture.ts';
import {
  clampedCubicWeights,
  cornerWeights,
  kernelWeights,
  mirrorWeights,
  nearestWeights,
  tensorflowCubicWeights,
  type Weights,
} from '../picture/weights.ts';
import type { HeatMap } from './heatmap.ts';

/** How a map is brought to another size. No antialiasing: what the peers do, and maps are mostly enlarged. */
export const MAP_RESIZES = {
  nearest: "floor(i·in/out): F.interpolate 'nearest', OpenCV INTER_NEAREST",
  bilinear: 'half-pixel centres, edge repeated: OpenCV INTER_LINEAR, F.interpolate align_corners=False',
  'bilinear-mirror': 'half-pixel centres, mirrored at the edge: skimage.transform.resize order 1, mode reflect',
  'align-corners': 'bilinear, corner samples coincide: scipy.ndimage.zoom order 1, F.interpolate align_corners=True',
  bicubic: 'Keys a=-0.5, half-pixel, taps beyond the edge dropped: Pillow BICUBIC when enlarging',
  'bicubic-tensorflow': 'the same with positions rounded to 1/1024: tf.image.resize bicubic',
  'bicubic-opencv': 'Keys a=-0.75, half-pixel, edge repeated: OpenCV INTER_CUBIC, F.interpolate bicubic',
} as const;

/** How a map is brought to the size of the picture; see {@link MAP_RESIZES}. */
export type MapResize = keyof typeof MAP_RESIZES;

const AXIS: Record<MapResize, (input: number, output: number) => Weights> = {
  nearest: (input, output) => {
    const scale = input / output;
    return nearestWeights({ input, count: output, scale, origin: -0.5 * scale });
  },
  bilinear: (input, output) => {
    return kernelWeights({ input, count: output, scale: input / output, origin: 0 }, 'bilinear', false);
  },
  'bilinear-mirror': mirrorWeights,
  'align-corners': cornerWeights,
  bicubic: (input, output) => {
    return kernelWeights({ input, count: output, scale: input / output, origin: 0 }, 'bicubic', false);
  },
  'bicubic-tensorflow': tensorflowCubicWeights,
  'bicubic-opencv': clampedCubicWeights,
};

/** The weights by which an axis of `input` samples becomes one of `output`. */
export function axisWeights(mode: MapResize, input: number, output: number): Weights {
  const axis = AXIS[mode];
  if (!axis) throw unknownName('map resize', mode, Object.keys(AXIS));
  return axis(input, output);
}

/**
 * A map of `[h, w]` values resized to `[height, width]`; see {@link MAP_RESIZES} for the modes.
 * A map of that size already is returned as it is.
 */
export function resizeMap(map: HeatMap, width: number, height: number, mode: MapResize = 'bilinear'): HeatMap {
  checkSize(width, height);
  if (map.width === width && map.height === height) return map;
  const columns = axisWeights(mode, map.width, width);
  const data = applyWeights(map.data, map.width, columns, axisWeights(mode, map.height, height));
  return { width, height, data };
}

/** Applies the weights of both axes to `data` (rows of `stride` values). Sums are float64, the result float32. */
export function applyWeights(data: Float32Array, stride: number, columns: Weights, rows: Weights): Float32Array {
  const width = columns.size;
  const first = rows.size > 0 ? rows.start[0]! : 0;
  const end = rows.size > 0 ? rows.start[rows.size - 1]! + rows.count[rows.size - 1]! : 0;
  const narrow = new Float64Array((end - first) * width);
  for (let y = first; y < end; y++) {
    for (let x = 0; x < width; x++) {
      const from = y * stride + columns.start[x]!;
      const count = columns.count[x]!;
      let sum = 0;
      for (let t = 0; t < count; t++) sum += columns.values[x * columns.taps + t]! * data[from + t]!;
      narrow[(y - first) * width + x] = sum;
    }
  }
  const out = new Float32Array(rows.size * width);
  const sums = new Float64Array(width);
  for (let y = 0; y < rows.size; y++) {
    const count = rows.count[y]!;
    const weights = y * rows.taps;
    const from = (rows.start[y]! - first) * width;
    const to = y * width;
    if (count === 2) {
      // Enlarged bilinearly: nearly always.
      const upper = rows.values[weights]!;
      const lower = rows.values[weights + 1]!;
      for (let x = 0; x < width; x++) out[to + x] = upper * narrow[from + x]! + lower * narrow[from + width + x]!;
      continue;
    }
    sums.fill(0);
    for (let t = 0; t < count; t++) {
      const weight = rows.values[weights + t]!;
      const at = from + t * width;
      for (let x = 0; x < width; x++) sums[x]! += weight * narrow[at + x]!;
    }
    out.set(sums, to);
  }
  return out;
}
