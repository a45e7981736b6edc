import { errors } from '../errors.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { toFloat32 } from '../tensors.ts';

/** The bits of coalitions that were given, row by row. @throws COALITIONS_INVALID */
export function givenCoalitions(tensor: RunTensor, regions: number): Uint8Array {
  const { dims } = tensor;
  if (dims.length !== 2 || dims[1] !== regions || !(dims[0]! > 0))
    throw errors.coalitionsInvalid(`their shape is [${dims.join(', ')}]`, regions);
  const values = toFloat32(tensor);
  for (const value of values)
    if (value !== 0 && value !== 1) throw errors.coalitionsInvalid(`one of their values is ${value}`, regions);
  return Uint8Array.from(values);
}
