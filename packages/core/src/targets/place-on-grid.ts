import type { HeatMap } from '../heatmap/heatmap.ts';
import type { Geometry } from '../preprocess/geometry.ts';

/** Rows and columns that lie over the model's input: the output's grid of a segmentation. */
interface GridSize {
  readonly height: number;
  readonly width: number;
}

/** The cell `[y, x]` over a pixel of the original picture; undefined where the model does not see that pixel. */
export function cellOfPixel(geometry: Geometry, grid: GridSize, x: number, y: number): [number, number] | undefined {
  const { picture, resized, offset, input } = geometry;
  const along = (at: number, size: number, whole: number, begin: number, seen: number, cells: number) => {
    // The pixel's centre, from the picture to the resized picture to the input, in parts of the input.
    const share = (((at + 0.5) * whole) / size - begin) / seen;
    return at < size && share >= 0 && share < 1 ? Math.floor(share * cells) : undefined;
  };
  const column = along(x, picture.width, resized.width, offset.x, input.width, grid.width);
  const row = along(y, picture.height, resized.height, offset.y, input.height, grid.height);
  return row === undefined || column === undefined ? undefined : [row, column];
}

/** A mask of the picture's size on the output's grid: each cell the mean over what it covers of the picture, 0 beside the picture. */
export function maskOnGrid(mask: HeatMap, geometry: Geometry, grid: GridSize): HeatMap {
  const { picture, resized, offset, input } = geometry;
  const columns = shares(grid.width, input.width, offset.x, resized.width, picture.width);
  const rows = shares(grid.height, input.height, offset.y, resized.height, picture.height);
  const data = new Float32Array(grid.height * grid.width);
  // Row by row of the picture that a cell covers, first along x, then along y.
  rows.forEach(({ from, weights }, cellY) => {
    weights.forEach((weight, i) => {
      const line = (from + i) * picture.width;
      columns.forEach((column, cellX) => {
        let sum = 0;
        for (let j = 0; j < column.weights.length; j++) sum += column.weights[j]! * mask.data[line + column.from + j]!;
        data[cellY * grid.width + cellX]! += weight * sum;
      });
    });
  });
  return { ...grid, data };
}

/** Pixels that a cell covers along one axis: the first, and the part of the cell that each fills. */
interface Share {
  readonly from: number;
  readonly weights: readonly number[];
}

function shares(cells: number, input: number, offset: number, resized: number, size: number): Share[] {
  const scale = size / resized;
  return Array.from({ length: cells }, (_, cell) => {
    const low = ((cell * input) / cells + offset) * scale;
    const high = (((cell + 1) * input) / cells + offset) * scale;
    const from = Math.max(0, Math.floor(low));
    const to = Math.min(size, Math.ceil(high));
    const weights = Array.from(
      { length: Math.max(0, to - from) },
      (_, i) => Math.max(0, Math.min(high, from + i + 1) - Math.max(low, from + i)) / (high - low),
    );
    return { from, weights };
  });
}
