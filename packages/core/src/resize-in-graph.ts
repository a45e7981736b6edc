import { type GraphBuilder, Tensor, type ValueName } from '@seewhy/onnx';
import { axisWeights, type MapResize } from './heatmap/resize.ts';
import type { Weights } from './picture/weights.ts';

/** Maps in the graph: `[N, height, width]`, float32. */
export interface GraphMap {
  readonly value: ValueName;
  readonly height: number;
  readonly width: number;
}

/**
 * Both axes resized by products with constant matrices: every mode is one, the weights are the host's, and matrix products are several
 * times as fast as the runtime's Resize, which takes one pixel after the other.
 */
export function resizeInGraph(
  b: GraphBuilder,
  map: GraphMap,
  { width, height }: { readonly width: number; readonly height: number },
  how: MapResize,
): GraphMap {
  if (map.width === width && map.height === height) return map;
  const columns = axisWeights(how, map.width, width);
  const rows = axisWeights(how, map.height, height);
  const wide = b.matmul(map.value, b.constant(matrix(columns, map.width, true), 'columns'));
  return { value: b.matmul(b.constant(matrix(rows, map.height, false), 'rows'), wide), height, width };
}

/** Weights as a dense matrix: output by input, or the other way round. */
function matrix(weights: Weights, input: number, turned: boolean): Tensor {
  const { size, taps, start, count, values } = weights;
  const dense = new Float64Array(size * input);
  for (let i = 0; i < size; i++)
    for (let t = 0; t < count[i]!; t++) {
      const from = start[i]! + t;
      dense[turned ? from * size + i : i * input + from]! += values[i * taps + t]!;
    }
  return Tensor.floats(dense, turned ? [input, size] : [size, input]);
}
