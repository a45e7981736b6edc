import { CONVOLUTION_OPERATIONS } from './convolution.ts';
import { ELEMENTWISE_OPERATIONS } from './elementwise.ts';
import { IMAGE_OPERATIONS } from './image.ts';
import { LINEAR_OPERATIONS } from './linear.ts';
import type { OperationTable } from './operation.ts';
import { POOLING_OPERATIONS } from './pooling.ts';
import { REDUCTION_OPERATIONS } from './reduction.ts';
import { RESHAPING_OPERATIONS } from './reshaping.ts';
import { SLICING_OPERATIONS } from './slicing.ts';

/** Every TensorFlow operation that has an importer, besides Const and Placeholder. */
export const OPERATIONS: OperationTable = {
  ...CONVOLUTION_OPERATIONS,
  ...POOLING_OPERATIONS,
  ...ELEMENTWISE_OPERATIONS,
  ...LINEAR_OPERATIONS,
  ...REDUCTION_OPERATIONS,
  ...RESHAPING_OPERATIONS,
  ...SLICING_OPERATIONS,
  ...IMAGE_OPERATIONS,
};

/** Calls of functions that the file keeps apart. */
export const CALLS: ReadonlySet<string> = new Set(['PartitionedCall', 'StatefulPartitionedCall']);

/** Loops and branches. */
export const CONTROL_FLOW: ReadonlySet<string> = new Set([
  'Switch',
  'Merge',
  'Enter',
  'Exit',
  'NextIteration',
  'LoopCond',
  'If',
  'StatelessIf',
  'While',
  'StatelessWhile',
  'Case',
  'TensorListReserve',
  'TensorListFromTensor',
  'TensorListGetItem',
  'TensorListSetItem',
  'TensorListStack',
  'TensorArrayV3',
  'TensorArrayReadV3',
  'TensorArrayWriteV3',
]);
