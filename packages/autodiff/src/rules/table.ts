import type { RuleTable } from '../rule.ts';
import { activation } from './activation.ts';
import { attention } from './attention.ts';
import { convolution } from './convolution.ts';
import { deformable } from './deformable.ts';
import { elementwise } from './elementwise.ts';
import { fourier } from './fourier.ts';
import { sampling } from './grid-sample.ts';
import { indexing } from './indexing.ts';
import { linear } from './linear.ts';
import { movement } from './movement.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import { quantization } from './quantization.ts';
import { recurrence } from './recurrent.ts';
import { reduction } from './reduction.ts';
import { resize } from './resize.ts';

/** Every gradient rule, by op type. */
export const GRADIENT_RULES: RuleTable = {
  ...elementwise,
  ...activation,
  ...convolution,
  ...pooling,
  ...linear,
  ...normalization,
  ...reduction,
  ...movement,
  ...indexing,
  ...resize,
  ...sampling,
  ...deformable,
  ...fourier,
  ...attention,
  ...recurrence,
  ...quantization,
};
