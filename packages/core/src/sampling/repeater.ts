import type { RunTensor } from '../runtime/runtime.ts';
import { stack } from '../tensors.ts';

/** A tensor of batch 1 any number of times, copied only when that number changes. */
export function repeater(one: RunTensor): (count: number) => RunTensor {
  let last = one;
  return (count) => {
    if (last.dims[0] !== count) last = stack(Array.from({ length: count }, () => one));
    return last;
  };
}
