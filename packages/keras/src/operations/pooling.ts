import { float } from '@seewhy/onnx';
import { maxOfWindows } from '../layers/max-of-windows.ts';
import { meanOfWindows } from '../layers/mean-of-windows.ts';
import { planes } from '../layers/planes.ts';
import { landed, normalised, spatial } from './convolution.ts';
import { bare } from './operand.ts';
import type { OperationImporter, OperationTable } from './operation.ts';

/** The largest, or the mean without the padding, of each window. */
function windowed(pool: typeof maxOfWindows, rank: number): OperationImporter {
  return (op) => {
    const x = planes(op, bare(op.x), rank, op.options.channelsFirst);
    const kernel = spatial(op, 'ksize', rank);
    const strides = spatial(op, 'strides', rank);
    const dilations = new Array<number>(rank).fill(1);
    const { attributes, spatial: sizes } = landed(op, x.spatial, { kernel, strides, dilations });
    const value = pool(op.b, x, { kernel, strides, ...attributes });
    return x.wrap(value, x.channels, sizes);
  };
}

/** Statistics kept from the training. Further results are those statistics again. */
const batchNormalization: OperationImporter = (op) => {
  if (op.attributes.flag('is_training', true))
    throw op.refuse(
      'it computes its statistics from the batch',
      'Convert the model in inference mode (training=False).',
    );
  const [scale, offset, mean, variance] = [op.input(1), op.input(2), op.input(3), op.input(4)];
  const epsilon = op.attributes.float('epsilon', 1e-4);
  return [normalised(op, op.x, { scale, offset, mean, variance }, epsilon), mean, variance, mean, variance, mean];
};

export const POOLING_OPERATIONS: OperationTable = {
  MaxPool: windowed(maxOfWindows, 2),
  MaxPool3D: windowed(maxOfWindows, 3),
  AvgPool: windowed(meanOfWindows, 2),
  AvgPool3D: windowed(meanOfWindows, 3),
  FusedBatchNorm: batchNormalization,
  FusedBatchNormV2: batchNormalization,
  FusedBatchNormV3: batchNormalization,
  /** x / (bias + α Σ x²)^β over 2r + 1 channels; ONNX divides α by their number. */
  LRN: (op) => {
    const x = planes(op, bare(op.x), 2, false);
    const size = 2 * op.attributes.int('depth_radius', 5) + 1;
    if (size < 1) throw op.misfit('Its depth_radius is negative');
    const value = op.b.op('LRN', [x.value], {
      size,
      alpha: float(op.attributes.float('alpha', 1) * size),
      beta: float(op.attributes.float('beta', 0.5)),
      bias: float(op.attributes.float('bias', 1)),
    });
    return x.wrap(value, x.channels, x.spatial);
  },
};
