import { errors } from '../errors.ts';
import { labPlanes, type Pixels } from './lab.ts';
import { type Segmentation, segmentationOf } from './segmentation.ts';

export interface QuickshiftOptions {
  /** σ in pixels of the Gaussian by which density is estimated, at least 1; larger makes fewer regions. Default 5. */
  readonly kernelSize?: number;
  /** Longest link within a region, in pixels (and, times `ratio`, units of Lab colour); larger makes fewer regions. Default 10. */
  readonly maxDistance?: number;
  /** Weight of colour against place, above 0 and up to 1. Default 1. */
  readonly ratio?: number;
}

/**
 * Quick shift: a pixel is linked to the nearest one of higher density in the space of place and colour; links longer than `maxDistance`
 * are cut, and what hangs together is a region. Regions need not be connected, and their number follows from the picture.
 *
 * Distance² = Δrow² + Δcolumn² + ratio² · ΔE²; density = Σ exp(−distance² / 2σ²) over a window of ±⌈3σ⌉ pixels. Of pixels of equal
 * density the one that comes first counts as denser, so the result is always the same (scikit-image draws noise for it).
 *
 * A. Vedaldi, S. Soatto, "Quick shift and kernel methods for mode seeking", ECCV 2008. Cost: (2⌈3σ⌉ + 1)² distances a pixel.
 * @throws SeewhyError `NUMBER_INVALID`, `SIZE_INVALID`, `LENGTH_INVALID`
 */
export function quickshift(pixels: Pixels, options: QuickshiftOptions = {}): Segmentation {
  const { kernelSize = 5, maxDistance = 10, ratio = 1 } = options;
  if (!(Number.isFinite(kernelSize) && kernelSize >= 1))
    throw errors.numberInvalid('kernelSize', kernelSize, 'a number of at least 1');
  if (!(maxDistance >= 0)) throw errors.numberInvalid('maxDistance', maxDistance, 'a number of at least 0');
  if (!(ratio > 0 && ratio <= 1)) throw errors.numberInvalid('ratio', ratio, 'a number above 0, up to 1');
  const { width, height } = pixels;
  const planes = labPlanes(pixels, false);
  for (const plane of planes) for (let i = 0; i < plane.length; i++) plane[i]! *= ratio;
  const reach = Math.min(Math.ceil(3 * kernelSize), Math.max(width, height));
  const density = densities(planes, height, width, reach, kernelSize);
  const parent = parents(planes, height, width, reach, density, maxDistance);
  // Parents are denser, so the links have no cycle: follow them, and let the next ones find a shorter way.
  for (let i = 0; i < parent.length; i++) {
    let root = i;
    while (parent[root] !== root) root = parent[root]!;
    for (let at = i; parent[at] !== root; ) {
      const next = parent[at]!;
      parent[at] = root;
      at = next;
    }
  }
  return segmentationOf(height, width, parent);
}

type Planes = ReturnType<typeof labPlanes>;

/** Σ exp(−distance² / 2σ²) over the window of each pixel; each pair is computed once. */
function densities([l, a, b]: Planes, height: number, width: number, reach: number, sigma: number): Float64Array {
  const density = new Float64Array(height * width);
  const factor = -0.5 / (sigma * sigma);
  for (let y = 0; y < height; y++) {
    const lastRow = Math.min(height - 1, y + reach);
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const l0 = l[i]!;
      const a0 = a[i]!;
      const b0 = b[i]!;
      const lastColumn = Math.min(width - 1, x + reach);
      let sum = density[i]! + 1;
      for (let v = y; v <= lastRow; v++) {
        // The half of the window that comes after the pixel.
        const first = v * width + (v === y ? x + 1 : Math.max(0, x - reach));
        const last = v * width + lastColumn;
        const rows = (v - y) * (v - y);
        for (let j = first, dx = first - v * width - x; j <= last; j++, dx++) {
          const dl = l[j]! - l0;
          const da = a[j]! - a0;
          const db = b[j]! - b0;
          const part = Math.exp((dl * dl + da * da + db * db + rows + dx * dx) * factor);
          sum += part;
          density[j]! += part;
        }
      }
      density[i] = sum;
    }
  }
  return density;
}

/** The nearest denser pixel within the window and `maxDistance`, or the pixel itself. */
function parents(
  [l, a, b]: Planes,
  height: number,
  width: number,
  reach: number,
  density: Float64Array,
  maxDistance: number,
): Int32Array {
  const parent = new Int32Array(height * width);
  const limit = maxDistance * maxDistance;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const own = density[i]!;
      let nearest = Number.POSITIVE_INFINITY;
      let found = i;
      const lastRow = Math.min(height - 1, y + reach);
      const lastColumn = Math.min(width - 1, x + reach);
      for (let v = Math.max(0, y - reach); v <= lastRow; v++) {
        const rows = (v - y) * (v - y);
        if (rows >= nearest) continue;
        for (let u = Math.max(0, x - reach), j = v * width + u; u <= lastColumn; u++, j++) {
          if (density[j]! < own || (density[j] === own && j >= i)) continue;
          const dl = l[j]! - l[i]!;
          const da = a[j]! - a[i]!;
          const db = b[j]! - b[i]!;
          const distance = dl * dl + da * da + db * db + rows + (u - x) * (u - x);
          if (distance < nearest) {
            nearest = distance;
            found = j;
          }
        }
      }
      parent[i] = nearest <= limit ? found : i;
    }
  }
  return parent;
}
