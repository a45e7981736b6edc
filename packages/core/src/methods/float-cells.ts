import type { ValueName } from '@seewhy/onnx';
import { asFloat32 } from '../program.ts';
import type { MethodContext } from './method.ts';

/**
 * A layer's activation or gradient (default: the activation) as cells in float32: squares, cubes and products of several values leave the
 * range of float16.
 */
export function floatCells({ b, types, wrt, view }: MethodContext, value: ValueName = wrt): ValueName {
  return view!.cells(asFloat32(b, value, types.get(wrt)));
}
